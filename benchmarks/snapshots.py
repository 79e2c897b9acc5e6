"""Taking snapshots: the first of a tree, and further ones when little of it has changed, all in the page cache.

Timed is one snapshot, durably recorded, by a process that runs already; peers are processes that start for it. That
a repository or a workspace is made is not timed.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import count

from benchmarks.beside import beside, milliseconds
from benchmarks.environment import lasting_folder
from benchmarks.keepers.copies import COPIES
from benchmarks.keepers.git import GIT, SYNCED_GIT
from benchmarks.keepers.ours import OurKeeper
from benchmarks.keepers.restic import RESTIC
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.trees import generated, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.keepers import Keeper, Peer
    from benchmarks.settings import Benchmark, Settings
    from benchmarks.trees import Kind, Tree

    Start = Callable[[str, str], Keeper]

# fmt: off
_RULES = [
    "__pycache__/", "*.py[cod]", "*$py.class", "*.so", ".Python", "build/", "develop-eggs/", "dist/",
    "downloads/", ".eggs/", "*.egg-info/", "*.egg", ".installed.cfg", "MANIFEST", "*.manifest", "*.spec",
    "pip-log.txt", "htmlcov/", ".tox/", ".nox/", ".coverage", ".coverage.*", ".cache", "nosetests.xml",
    "coverage.xml", "*.cover", ".hypothesis/", ".pytest_cache/", "*.mo", "*.pot", "*.log",
    "local_settings.py", "db.sqlite3", "/site", "docs/_build/", ".ipynb_checkpoints", ".env", ".venv",
    "/outputs/*", "!/outputs/keep.md",
]
# fmt: on


def unchanged(settings: Settings) -> list[Row]:
    """Many files of which none has changed, without rules and with many."""
    kind = generated(settings.count(50_000, 1_000), 1_000)
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    without = _unchanged_row("snapshot, none changed", kind.description, tree, folder, settings)
    tree.add(".gitignore", "\n".join(_RULES))
    described = f"{kind.description} under {len(_RULES)} ignore rules"
    return [without, _unchanged_row("snapshot, none changed, rules", described, tree, folder, settings)]


def _unchanged_row(name: str, described: str, tree: Tree, folder: str, settings: Settings) -> Row:
    keeper = OurKeeper(os.path.join(folder, f"for {name}"), tree.folder)
    _warm(keeper, tree, settings)
    found = in_turns(
        partial(milliseconds, keeper.keep),
        partial(milliseconds, partial(walk, os.fsencode(tree.folder))),
        settings.pairs(15),
    )
    keeper.close()
    floor_name = "recursive os.scandir, and the status of each file"
    return compared(name, f"snapshot of {described}, none changed", floor_name, "ms", *found, goal=2.0)


def _warm(keeper: Keeper, tree: Tree, settings: Settings) -> None:
    """Have the tree kept before, and by a keeper that can tell unchanged files by their times."""
    keeper.keep()
    tree.settle(settings)
    keeper.keep()
    keeper.keep()


def first(settings: Settings) -> list[Row]:
    """Nothing of the tree is stored yet."""
    return first_rows(generated(settings.count(5_000, 100), 10_000), settings)


def first_rows(kind: Kind, settings: Settings) -> list[Row]:
    """``first`` for a tree."""
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    numbers = count()

    def turn(start: Start) -> float:
        keeper = start(os.path.join(folder, str(next(numbers))), tree.folder)
        taken = milliseconds(keeper.keep)
        keeper.close()
        return taken

    def row(peer: Peer, pairs: int, goal: float | None = None) -> Row:
        ours, theirs = partial(turn, OurKeeper), partial(turn, peer.start)
        name, measured = f"{kind.prefix}first snapshot", f"first snapshot of {kind.description}"
        return beside(peer, name, measured, peer.keeps, ours, theirs, settings.pairs(pairs), goal=goal)

    others = [] if settings.is_quick else [SYNCED_GIT, RESTIC, COPIES]
    return [row(GIT, 7, 0.3), *(row(peer, 3) for peer in others)]


def again(settings: Settings) -> list[Row]:
    """Further snapshots of a tree."""
    return again_rows(generated(settings.count(5_000, 100), 10_000), settings)


def again_rows(kind: Kind, settings: Settings) -> list[Row]:
    """``again`` for a tree. Each keeper has one of its own, edited alike before its turn."""
    folder = lasting_folder()
    ours = _Kept(OurKeeper, kind, os.path.join(folder, "ours"), settings)
    peers = [GIT] if settings.is_quick else [GIT, RESTIC]
    rows = [row for peer in peers for row in _again_rows(peer, ours, kind, folder, settings)]
    ours.keeper.close()
    return rows


class _Kept:
    """A tree and what keeps it."""

    def __init__(self, start: Start, kind: Kind, folder: str, settings: Settings) -> None:
        self.tree = kind.make(os.path.join(folder, "tree"))
        self.keeper = start(os.path.join(folder, "kept"), self.tree.folder)
        self._settings = settings

    def warm(self) -> None:
        """Have all that was edited before settled and known."""
        _warm(self.keeper, self.tree, self._settings)

    def turn(self, edits: int) -> float:
        """Edit files, and keep the tree; what was edited for the turn before is settled by then."""
        if edits:
            self.tree.settle(self._settings)
            self.tree.edit(edits)
        return milliseconds(self.keeper.keep)


def _again_rows(peer: Peer, ours: _Kept, kind: Kind, folder: str, settings: Settings) -> list[Row]:
    # A peer that is missing is never asked for its turn.
    theirs = _Kept(peer.start, kind, os.path.join(folder, peer.name), settings) if peer.is_installed else ours
    for kept in (ours, theirs):
        kept.warm()
    percent = max(1, ours.tree.count // 100)
    changes = [("none changed", 0, 15, 1.5), ("1% changed", percent, 7, 1.0), ("one changed", 1, 7, None)]
    return [
        beside(
            peer,
            f"{kind.prefix}snapshot again, {change}",
            f"snapshot of {kind.description}, {change}",
            peer.keeps,
            partial(ours.turn, edits),
            partial(theirs.turn, edits),
            settings.pairs(pairs if peer is GIT else 3),
            goal=goal if peer is GIT else None,
        )
        for change, edits, pairs, goal in changes
    ]


BENCHMARKS: dict[str, Benchmark] = {"snapshot-unchanged": unchanged, "snapshot-first": first, "snapshot-again": again}
