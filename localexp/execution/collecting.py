"""Garbage collection: remove from a workspace what nothing needs, and have its files be no larger than they must."""

from __future__ import annotations

import os

from localexp.errors import StoreError
from localexp.execution import emptied, orphans
from localexp.execution.environments import removal
from localexp.snapshot import checkout, collect, known
from localexp.snapshot.fingerprint import KEY as INPUT
from localexp.snapshot.take import forget_abandoned, left_objects, remove_files
from localexp.store import checkouts, facts
from localexp.store import snapshots as rows
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store


class Garbage:
    """What was removed from a workspace, or would be if it ``is_dry_run``.

    ``removed`` has a number and bytes for each of ``snapshots``, ``trees``, ``blobs``, ``checkouts``, ``environments``,
    ``texts``, ``files`` and ``scans``; ``bytes`` is their sum. These bytes are those of contents: what the disk gains
    differs, as file systems and databases count in pages. ``databases`` are the bytes of the three databases with their
    logs as they were found, and ``databases_after`` as they are now; None of a dry run.
    """

    def __init__(self, is_dry_run: bool, databases: int) -> None:
        self.is_dry_run = is_dry_run
        self.removed: dict[str, tuple[int, int]] = {}
        self.databases = databases
        self.databases_after: int | None = None

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.removed.values())

    def __repr__(self) -> str:
        return f"Garbage({self.removed!r}, bytes={self.bytes}, is_dry_run={self.is_dry_run})"


def collected(store: Store, dry_run: bool = False, with_idle: bool = False) -> Garbage:
    """Remove what nothing needs; with ``dry_run`` only say what that is.

    :param with_idle: all idle checkouts too.
    :raises SnapshotException: what snapshots need cannot be known, or somebody holds it.
    :raises StoreError: the workspace may not be written, or its record has been emptied.
    """
    if store.is_read_only and not dry_run:
        raise StoreError(f"{store.layout.root} may only be read; --dry-run says what there is to be removed")
    is_emptied = emptied.message(store)
    if is_emptied is not None:
        raise StoreError(f"{is_emptied}: nothing is removed; {emptied.ADVICE}")
    found = Garbage(dry_run, _size_of_databases(store))
    # First, for where it is not known what is needed nothing is removed.
    stored = collect.collect(store, dry_run)
    found.removed["snapshots"] = stored.snapshots, 0
    found.removed["trees"] = stored.trees, stored.tree_bytes
    found.removed["blobs"] = stored.blobs, stored.blob_bytes
    found.removed["checkouts"] = checkout.clear(store, with_idle, dry_run)
    found.removed["environments"] = removal.clear(store, dry_run)
    found.removed["texts"] = _texts(store, dry_run)
    found.removed["files"] = _sum(orphans.clear(store, dry_run), _left_objects(store, dry_run))
    found.removed["scans"] = _scans(store, dry_run)
    if not dry_run:
        _shrink(store)
        found.databases_after = _size_of_databases(store)
    return found


def _texts(store: Store, dry_run: bool) -> tuple[int, int]:
    with store.main.reading() if dry_run else store.main.writing() as db:
        unused = facts.unused(db)
        if not dry_run:
            facts.forget_unused(db)
    return unused


def _left_objects(store: Store, dry_run: bool) -> tuple[int, int]:
    """Files that somebody has not brought to an end who was to store a large blob."""
    with store.main.reading() if dry_run else store.main.writing() as db:
        makers = [key for key, owner in rows.in_the_making(db) if not Owner.parse(owner).is_known_dead()]
        paths = left_objects(store, makers)
        sizes = [os.path.getsize(path) for path in paths]
        if not dry_run:
            remove_files(paths)
            forget_abandoned(store, db)
    return len(sizes), sum(sizes)


def _scans(store: Store, dry_run: bool) -> tuple[int, int]:
    with store.main.reading() as db:
        folders = checkouts.folders(db)

    def is_gone(tree: bytes) -> bool:
        if tree.startswith(checkout.KEY):
            return os.fsdecode(tree.removeprefix(checkout.KEY)) not in folders
        return not os.path.lexists(tree.removeprefix(INPUT))

    return known.forget_gone(store, is_gone, dry_run)


def _shrink(store: Store) -> None:
    collect.pack_anew(store)
    for database in (store.main, store.blobs, store.cache):
        # Opening it would make it.
        if os.path.exists(database.path):
            database.shrink()


def _size_of_databases(store: Store) -> int:
    layout = store.layout
    paths = [
        path + ending
        for path in (layout.database, layout.blob_database, layout.cache_database)
        for ending in ("", "-wal")
    ]
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


def _sum(*amounts: tuple[int, int]) -> tuple[int, int]:
    return sum(count for count, _ in amounts), sum(size for _, size in amounts)
