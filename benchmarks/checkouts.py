"""Writing trees: a snapshot into a new folder, and a working tree for the next run, against copies of the tree."""

from __future__ import annotations

import os
from functools import partial
from itertools import count
from statistics import median

from benchmarks.beside import beside, milliseconds
from benchmarks.environment import lasting_folder
from benchmarks.keepers import ours
from benchmarks.keepers.copies import COPIES
from benchmarks.keepers.git import GIT
from benchmarks.keepers.restic import RESTIC
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.trees import generated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.beside import Turn
    from benchmarks.keepers import Keeper, Peer
    from benchmarks.settings import Benchmark, Settings
    from benchmarks.trees import Kind, Tree


def restore(settings: Settings) -> list[Row]:
    """A snapshot into a new folder."""
    return restore_rows(generated(settings.count(5_000, 100), 10_000), settings)


def restore_rows(kind: Kind, settings: Settings) -> list[Row]:
    """``restore`` for a tree."""
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    our_turn = _writing(ours.OurKeeper(os.path.join(folder, "ours"), tree.folder), tree, folder, "ours")

    def row(peer: Peer, pairs: int, goal: float | None = None) -> Row:
        # A peer that is missing is never asked for its turn.
        theirs = _turn_of(peer, tree, folder) if peer.is_installed else our_turn
        name, measured = f"{kind.prefix}restore", f"a snapshot of {kind.description} into a new folder"
        return beside(peer, name, measured, peer.writes, our_turn, theirs, settings.pairs(pairs), goal=goal)

    others = [] if settings.is_quick else [GIT, RESTIC]
    return [row(COPIES, 7, 1.5), *(row(peer, 3) for peer in others)]


def _turn_of(peer: Peer, tree: Tree, folder: str) -> Turn:
    return _writing(peer.start(os.path.join(folder, peer.name), tree.folder), tree, folder, peer.name)


def _writing(keeper: Keeper, tree: Tree, folder: str, name: str) -> Turn:
    """Keep the tree, and return what writes it once more, and checks that all of it is there."""
    keeper.keep()
    numbers = count()

    def turn() -> float:
        target = os.path.join(folder, f"{name} {next(numbers)}")
        taken = milliseconds(partial(keeper.write, target))
        tree.check_copy(target)
        return taken

    return turn


def lease(settings: Settings) -> list[Row]:
    """A working tree for the next run, which is to have what changed since the run before."""
    return [lease_row(generated(settings.count(5_000, 100), 10_000), settings)]


def lease_row(kind: Kind, settings: Settings) -> Row:
    """``lease`` for a tree. Before each run some files are edited and a snapshot is taken, outside of what is timed."""
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    keeper = ours.OurKeeper(os.path.join(folder, "ours"), tree.folder)
    edits = max(1, tree.count // 100)
    returns: list[float] = []

    def our_turn() -> float:
        tree.edit(edits)
        keeper.keep()
        # As after a run that took longer than the moments in which an edit shows in no time of a file.
        tree.settle(settings)
        taken, returned = _leased_once(keeper, tree)
        returns.append(returned)
        return taken

    copies = COPIES.start(os.path.join(folder, "copies"), tree.folder)
    our_turn()
    found = in_turns(our_turn, partial(milliseconds, copies.keep), settings.pairs(7))
    keeper.close()
    return compared(
        f"{kind.prefix}lease",
        f"a working tree of {kind.description} for the next run, 1% changed since the last",
        COPIES.keeps,
        "ms",
        *found,
        goal=0.35,
        note=f"to give it back after the run: {median(returns):.0f} ms",
    )


def _leased_once(keeper: ours.OurKeeper, tree: Tree) -> tuple[float, float]:
    """The milliseconds of a lease, and of giving the tree back."""
    store = keeper.store
    run = ours.new_run(store, keeper.snapshot)
    held = []
    taken = milliseconds(lambda: held.append(ours.lease(store, run, keeper.snapshot, tree.folder)))
    tree.check_copy(ours.folder_of(store, held[0]))
    return taken, milliseconds(partial(ours.give_back, store, held[0]))


BENCHMARKS: dict[str, Benchmark] = {"restore": restore, "lease": lease}
