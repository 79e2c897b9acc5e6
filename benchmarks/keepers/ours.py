"""localexp's snapshots and checkouts: the one place in the benchmarks that knows what lies below its public names."""

from __future__ import annotations

import os

from localexp import Workspace
from localexp.snapshot import unpack
from localexp.snapshot.checkout import lease as leased_checkout
from localexp.snapshot.take import Options, taken
from localexp.store import checkouts, clock, experiments, runs, states
from localexp.store.layout import STORE_FOLDER
from localexp.store.owners import this_process
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.checkouts import CheckoutRecord

_EXPERIMENT = "benchmark"


class OurKeeper:
    """A workspace of its own for one tree."""

    def __init__(self, folder: str, tree: str) -> None:
        self.store = opened(folder)
        self.snapshot = ""
        self._tree = tree

    def keep(self) -> None:
        self.snapshot = take(self.store, self._tree)

    def write(self, target: str) -> None:
        write(self.store, self.snapshot, target)

    def close(self) -> None:
        self.store.close()


def opened(folder: str) -> Store:
    """The store of the workspace in a folder; both are made if they are not there."""
    os.makedirs(folder, exist_ok=True)
    Workspace(folder)
    return Store(os.path.join(folder, STORE_FOLDER))


def take(store: Store, source: str, max_bytes: int | None = None) -> str:
    """Take a snapshot of a directory, record it durably, and return its id."""
    options = Options(max_bytes=max_bytes)
    with taken(store, os.path.abspath(source), options) as snapshot, store.main.writing(durable=True) as db:
        snapshot.record(db)
    return snapshot.id


def write(store: Store, snapshot: str, target: str) -> None:
    """Write a snapshot into the new folder ``target``."""
    unpack.into(store, snapshot, target)


def new_run(store: Store, snapshot: str) -> int:
    """Record a run of this snapshot, and return its key."""
    with store.main.writing() as db:
        now = clock.now()
        return runs.create(
            db,
            identifier=f"{_EXPERIMENT}_{os.urandom(8).hex()}",
            experiment=experiments.get_or_create(db, _EXPERIMENT, now).key,
            status="Running",
            owner=str(this_process()),
            created_at=now,
            snapshot=snapshot,
        )


def lease(store: Store, run: int, snapshot: str, source: str) -> CheckoutRecord:
    """Get a working tree for a run."""
    return leased_checkout(store, run, snapshot, source, str(this_process()))[0]


def folder_of(store: Store, leased: CheckoutRecord) -> str:
    """Where a leased tree lies."""
    return store.layout.checkout(leased.folder)


def give_back(store: Store, leased: CheckoutRecord) -> None:
    """End the run that a tree is leased to, and do with the tree what is done after a run."""
    assert leased.run is not None
    with store.main.writing() as db:
        states.move(db, leased.run, str(this_process()), "Completed", time=clock.now())
        checkouts.release(db, leased.key)


def stored_bytes(store: Store) -> int:
    """The sizes of all files of a closed store, those of working trees excepted."""
    total = 0
    for folder, below, names in os.walk(store.layout.root):
        below[:] = [name for name in below if os.path.join(folder, name) != store.layout.checkouts]
        total += sum(os.path.getsize(os.path.join(folder, name)) for name in names)
    return total
