"""Working trees leased to runs without a script, and to scripts that say what they find; what a tree is to hold."""

from __future__ import annotations

import os
import pickle

from xxhash import xxh3_128_hexdigest

from localexp.execution import ending
from localexp.execution.launch import SCRIPT_RUN
from localexp.snapshot import checkout
from localexp.snapshot.fitting import BYTECODE
from localexp.store import checkouts, clock, experiments, identifiers, runs, states
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from localexp import Run, Workspace
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.runs import RunRecord
    from tests.snapshot.trees import Content


# A script that says where it is and what it finds there.
LOOK = """
import os, pickle
def look(folder):
    found = {}
    for entry in os.scandir(os.fsencode(folder)):
        status = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            found[entry.name] = os.readlink(entry.path)
        elif entry.is_dir():
            found[entry.name] = look(entry.path)
        elif entry.is_file():
            found[entry.name] = (open(entry.path, "rb").read(), bool(status.st_mode & 0o100))
        else:
            found[entry.name] = None
    return found
seen = look(".")
pickle.dump((os.getcwd(), seen), open("outputs/seen", "wb"))
"""


def seen_by(run: Run) -> tuple[str, dict[bytes, Content]]:
    """Where a script that looks was, and what it found in its tree besides the folders for what it makes."""
    run.wait_for_completion()
    with open(run._layout.artifact("outputs/seen"), "rb") as file:
        folder, seen = pickle.load(file)
    assert (seen.pop(b"outputs"), seen.pop(b"logs")) == ({}, {})
    return folder, without_bytecode(seen)


class Lease:
    """A run that has not ended, and its tree."""

    def __init__(self, run: RunRecord, tree: CheckoutRecord, root: str, warnings: list[str]) -> None:
        self.run = run
        self.tree = tree
        self.root = os.fsencode(root)
        self.warnings = warnings


def leased(workspace: Workspace, snapshot: str, source: str | Path) -> Lease:
    """A tree that holds a snapshot, leased to a new run of this process."""
    store, owner = workspace._store, str(this_process())
    with store.main.writing() as db:
        experiment = experiments.get_or_create(db, "leases", clock.now())
        key = runs.create(
            db,
            identifier=identifiers.uuid(),
            experiment=experiment.key,
            status="Running",
            owner=owner,
            created_at=clock.now(),
            type=SCRIPT_RUN,
            snapshot=snapshot,
        )
        run = runs.by_key(db, key)
    tree, warnings = checkout.lease(store, key, snapshot, str(source), owner)
    return Lease(run, tree, store.layout.checkout(tree.folder), warnings)


def give_back(workspace: Workspace, lease: Lease) -> None:
    """End the run as a supervisor does: what is new in the tree is captured, and the tree is free for the next."""
    store, run = workspace._store, lease.run
    writer = ending.journal_writer(store, run)
    assert ending.end(store, run, str(this_process()), ending.completed(), writer, is_tree_clean=True)


def take_back(workspace: Workspace, lease: Lease) -> None:
    """Free the tree as it is, with all that somebody has left in it."""
    with workspace._store.main.writing() as db:
        checkouts.release(db, lease.tree.key)
        states.move(db, lease.run.key, str(this_process()), "Completed", time=clock.now())


def folders(workspace: Workspace) -> list[str]:
    """The trees that there are."""
    root = workspace._store.layout.checkouts
    return sorted(os.listdir(root)) if os.path.isdir(root) else []


def without_bytecode(content: dict[bytes, Content]) -> dict[bytes, Content]:
    return {
        name: without_bytecode(one) if isinstance(one, dict) else one
        for name, one in content.items()
        if name != BYTECODE
    }


def in_a_tree(content: dict[bytes, Content], source: bytes, folder: bytes = b"") -> dict[bytes, Content]:
    """What a tree holds of a source directory: the same, save that links which lead out of that still lead there."""
    found = dict[bytes, "Content"]()
    for name, one in content.items():
        if isinstance(one, dict):
            found[name] = in_a_tree(one, source, os.path.join(folder, name))
        elif isinstance(one, bytes):
            lands = os.path.normpath(os.path.join(source, folder, one))
            is_inside = lands == source or lands.startswith(source + b"/")
            found[name] = lands if not is_inside else os.path.relpath(lands, os.path.join(source, folder))
            if is_inside and not os.path.isabs(one):
                found[name] = one
        else:
            found[name] = one
    return found


def fingerprint(content: dict[bytes, Content]) -> str:
    """The same for the same content."""
    return xxh3_128_hexdigest(_ordered(content).encode())


def _ordered(content: dict[bytes, Content]) -> str:
    return repr([(name, _ordered(one) if isinstance(one, dict) else one) for name, one in sorted(content.items())])
