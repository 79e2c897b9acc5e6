"""Remove what is stored for snapshots and needed by none: trees, small blobs in their packs, and large ones.

Whoever takes a snapshot goes on meanwhile, and nobody waits longer than one batch takes. What holds at any moment,
whoever is killed in whatever step, is this: a stored tree vouches for all that is below it. Hence

- trees go before the blobs, and a tree before those that are in it;
- a batch is one transaction of blobs.db, while the record is locked: it keeps what trees need that were stored since
  the last one, and what snapshots need that were recorded since, or are in the making and as good as whole;
- with each batch removals are counted: a process that has looked for something before that looks again before it stores
  a tree or records a snapshot (``take``).

What is needed is found out without any lock, after which only what was not needed then may go.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from operator import itemgetter

from localexp.errors import SnapshotException
from localexp.snapshot import held, stored
from localexp.snapshot.live import Live, parents_first
from localexp.snapshot.objects import Large, large_ones
from localexp.snapshot.progress import Progress
from localexp.snapshot.take import remove_files
from localexp.snapshot.tree import blob_size
from localexp.store import blobs, checkouts, clock, packs, snapshots

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import TypeVar

    from localexp.store.store import Store

    Item = TypeVar("Item")

A_BATCH = 1000
WAIT_SECONDS = 10.0
_GLANCE_SECONDS = 0.02
# Packs are packed anew in which so much is dead: to do so for less writes more than it frees.
_DEAD_SHARE = 0.25
# The log needs as much room before anything is freed.
_MOVED_AT_ONCE, _PACKS_AT_ONCE = 2**20, 64


class Collected:
    """How much was removed, or would be: numbers, and bytes as they were stored."""

    def __init__(self) -> None:
        self.snapshots = 0
        self.trees = self.tree_bytes = 0
        self.blobs = self.blob_bytes = 0


def collect(store: Store, dry_run: bool = False) -> Collected:
    """Remove what no snapshot of a run needs; with ``dry_run`` only say how much that is.

    :raises SnapshotException: a tree that is needed is missing or damaged, so that nobody can say what else is;
        somebody holds all that is stored, or removes something too: what has gone by then is not needed.
    """
    if not os.path.exists(store.layout.blob_database):
        # Opening it would make it.
        return Collected()
    collection = Collection(store)
    if dry_run:
        return collection.of_what_would_go()
    collection.begin()
    return collection.remove_all()


def pack_anew(store: Store) -> None:
    """Free the room that dead blobs take in packs, a few packs at a time."""
    if not os.path.exists(store.layout.blob_database):
        return
    with store.blobs.reading() as db:
        # First those of which the least has to be moved.
        found = sorted(packs.wasteful(db, _DEAD_SHARE), key=itemgetter(1), reverse=True)
    with Progress("Packing", "packs", len(found)) as progress:
        while found:
            moved, keys = 0, list[int]()
            while found and moved < _MOVED_AT_ONCE and len(keys) < _PACKS_AT_ONCE:
                key, live = found.pop()
                moved += live
                keys.append(key)
            with _politely(), store.blobs.writing() as db:
                packs.pack_anew(db, keys)
            store.blobs.tidy()
            progress.advance(len(keys))


class Collection:
    """One pass over all that is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live = Live()
        self._limit = 0
        self._removals = self._last_tree = 0
        self._known: set[str] = set()
        self._total = Collected()

    def of_what_would_go(self) -> Collected:
        """What there is to be removed."""
        with self._store.main.reading() as main, self._store.blobs.reading() as db:
            self._begin(main, db, snapshots.without_runs(main))
        trees, small, large = self._dead()
        self._count(trees, [*small, *(one.name for one in large)])
        return self._total

    def begin(self) -> None:
        """Forget the snapshots that no run has, and note how things stand then."""
        # On the disk before anything else goes: a run that was deleted must not be back after a power failure.
        with self._unheld(durable=True) as main:
            gone = snapshots.without_runs(main)
            snapshots.remove(main, gone)
            with self._store.blobs.writing() as db:
                blobs.count_removal(db)
                self._begin(main, db, gone)

    def remove_all(self) -> Collected:
        """Remove what is not needed, batch by batch."""
        trees, small, large = self._dead()
        with self._store.blobs.reading() as db:
            ordered = parents_first(db, trees.keys())
        with Progress("Removing", "trees and blobs", len(trees) + len(small) + len(large)) as progress:
            for batch in _batches(ordered):
                self._remove({name: trees[name] for name in batch}, [], [])
                progress.advance(len(batch))
            for names in _batches(small):
                self._remove({}, names, [])
                progress.advance(len(names))
            for files in _batches(large):
                self._remove({}, [], files)
                progress.advance(len(files))
        return self._total

    def _begin(self, main: sqlite3.Connection, db: sqlite3.Connection, gone: list[str]) -> None:
        """Note how things stand, so that later it can be told what is new."""
        makers = held.makers(main)
        self._limit = min([clock.real(), *(maker.started_at for maker in makers)])
        self._removals, self._last_tree = blobs.removals(db), blobs.last_tree(db)
        self._total.snapshots = len(gone)
        self._known = {*snapshots.every_id(main)}.difference(gone)
        self._roots = [*self._known, *(maker.root for maker in makers if maker.root not in (None, snapshots.ALL))]
        self._leased = checkouts.leased_snapshots(main)

    def _dead(self) -> tuple[dict[bytes, int], list[bytes], list[Large]]:
        """What goes unless it is needed after all by the time: trees with their sizes, small blobs, and large ones."""
        with self._store.blobs.reading() as db:
            every = blobs.all_trees(db)
            young = [name for name, stored_at, _ in every if stored_at >= self._limit]
            self._live.add(db, map(stored.root_of, filter(None, self._roots)))
            self._live.add(db, [*map(stored.root_of, self._leased), *young], may_be_incomplete=True)
            small = [name for name in blobs.stored_before(db, self._limit) if name not in self._live.blobs]
        trees = {name: size for name, _, size in every if name not in self._live.trees}
        large = [
            one
            for one in large_ones(self._store.layout)
            if one.name not in self._live.blobs and one.is_older(self._limit)
        ]
        return trees, small, large

    def _remove(self, trees: dict[bytes, int], small: list[bytes], large: list[Large]) -> None:
        """Remove one batch, save for what is needed by now."""
        with _politely(), self._unheld() as main:
            with self._store.blobs.writing() as db:
                if blobs.removals(db) != self._removals:
                    raise SnapshotException(
                        "another process removes something from this workspace too; try again when it has ended"
                    )
                self._look_for_new(main, db)
                trees = {name: size for name, size in trees.items() if name not in self._live.trees}
                small = [name for name in small if name not in self._live.blobs]
                blobs.remove(db, small, trees)
                self._last_tree = blobs.last_tree(db)
            self._removals += 1
            # Last, and still under the lock: no tree vouches for a large blob, but whoever is to look again must know.
            large = [one for one in large if one.name not in self._live.blobs and one.is_older(self._limit)]
            remove_files([one.path for one in large])
        self._count(trees, [*small, *(one.name for one in large)])

    def _look_for_new(self, main: sqlite3.Connection, db: sqlite3.Connection) -> None:
        """Find what is needed since the last batch."""
        self._live.add(db, blobs.trees_after(db, self._last_tree), may_be_incomplete=True)
        roots = [maker.root for maker in held.makers(main) if maker.root is not None]
        if snapshots.count(main) != len(self._known):
            new = {*snapshots.every_id(main)} - self._known
            self._known |= new
            roots += new
        self._live.add(db, map(stored.root_of, roots))

    @contextmanager
    def _unheld(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """The record, locked, at a time when nobody holds all that is stored.

        :raises SnapshotException: that time does not come.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with self._store.main.writing(durable) as main:
                holder = held.holder(main)
                if holder is None:
                    yield main
                    return
            if time.monotonic() > deadline:
                owner, does = holder
                raise SnapshotException(
                    f"process {owner.pid} of {owner.host} {does}, for which all that is stored has to stay: try again "
                    "when it is done"
                )
            time.sleep(_GLANCE_SECONDS)

    def _count(self, trees: dict[bytes, int], names: list[bytes]) -> None:
        self._total.trees += len(trees)
        self._total.tree_bytes += sum(trees.values())
        self._total.blobs += len(names)
        self._total.blob_bytes += sum(map(blob_size, names))


@contextmanager
def _politely() -> Iterator[None]:
    """Have others get a turn for as long as this has taken."""
    started = time.monotonic()
    yield
    time.sleep(time.monotonic() - started)


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(items), A_BATCH):
        yield list(items[start : start + A_BATCH])
