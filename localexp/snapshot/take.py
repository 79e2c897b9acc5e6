"""Take a snapshot of a source directory."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from localexp.errors import SnapshotException
from localexp.snapshot import contents, scan, tree
from localexp.store import blobs, clock, snapshots
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from localexp.store.store import Store

_ROUNDS = 5


class Snapshot:
    """A snapshot all of whose bytes are stored; ``record`` it in the transaction that needs it.

    ``new_blobs`` and ``new_bytes`` say what was not in the store before, ``special`` which paths are neither file,
    link nor directory and thus left out.
    """

    def __init__(self, found: scan.Scan, root: bytes, new_blobs: int, new_bytes: int, making: int) -> None:
        self.id = root.hex()
        self.files = len(found.files)
        self.bytes = found.bytes
        self.new_blobs = new_blobs
        self.new_bytes = new_bytes
        self.special = [os.fsdecode(path) for path in found.special]
        self.paths = {os.fsdecode(path) for path in found.every_path()}
        self._making = making

    def record(self, db: sqlite3.Connection) -> None:
        snapshots.add(db, self.id, self.files, self.bytes, clock.now())
        snapshots.end(db, self._making)


@contextmanager
def taken(store: Store, source: str) -> Iterator[Snapshot]:
    """Take a snapshot; within the block no garbage collection touches what it needs.

    :param source: absolute path of the source directory.
    :raises SnapshotException: it cannot be read, will not hold still, or is too large.
    """
    with store.main.writing() as db:
        _forget_abandoned(db)
        making = snapshots.begin(db, str(this_process()), clock.now())
    try:
        yield _take(store, os.fsencode(source), making)
    finally:
        with store.main.writing() as db:
            snapshots.end(db, making)


def _forget_abandoned(db: sqlite3.Connection) -> None:
    for key, owner in snapshots.in_the_making(db):
        if Owner.parse(owner).is_known_dead():
            snapshots.end(db, key)


def _take(store: Store, source: bytes, making: int) -> Snapshot:
    for _ in range(_ROUNDS):
        try:
            return _taken_once(store, source, making)
        except FileNotFoundError:
            # A file went between the walk and the reading: what counts is what is there by now.
            continue
    raise SnapshotException(f"files in {os.fsdecode(source)} come and go; leave them out by .amlignore")


def _taken_once(store: Store, source: bytes, making: int) -> Snapshot:
    started_ns = time.time_ns()
    found = scan.walk(source)
    known = scan.read_known_digests(store, source)
    with contents.Contents(store) as reader:
        for file in found.files:
            signature, digest = known.get(file.path, (None, b""))
            if signature == file.signature:
                file.digest = digest
            else:
                reader.take(found, file)
        root = _stored_trees(store, found, reader)
    if any(known.get(file.path) != (file.signature, file.digest) for file in found.files):
        scan.keep_known_digests(store, found, started_ns)
    return Snapshot(found, root, reader.new_blobs, reader.new_bytes, making)


def _stored_trees(store: Store, found: scan.Scan, reader: contents.Contents) -> bytes:
    """Store the trees and return the root's name. A stored tree means that all below it is stored."""
    for _ in range(_ROUNDS):
        reader.flush()
        trees = dict[bytes, tuple[bytes, list[scan.File]]]()
        root = _add_trees(found, trees)
        with store.blobs.reading() as db:
            new = trees.keys() - blobs.known_trees(db, trees)
        needed = {tree.blob_name(file.digest, file.size): file for name in new for file in trees[name][1]}
        # Somebody may have removed large ones, which are files of their own.
        needed |= {tree.blob_name(file.digest, file.size): file for file in found.files if file.size > contents.SMALL}
        lacking = contents.missing(store, needed)
        if not lacking:
            if new:
                with store.blobs.writing(durable=True) as db:
                    blobs.add_trees(db, ((name, trees[name][0]) for name in new), clock.now())
            return root
        # Known by an earlier scan, yet not in the store: it was collected as garbage since.
        for name in lacking:
            reader.take(found, needed[name])
    raise SnapshotException(f"{os.fsdecode(found.source)} changes while it is read; try again when it holds still")


def _add_trees(found: scan.Scan, trees: dict[bytes, tuple[bytes, list[scan.File]]]) -> bytes:
    """Add the tree of each directory by its name, with the files that it holds, and return the name of the root's."""
    digests = dict[bytes, bytes]()
    for directory in reversed(found.directories):
        entries = [
            tree.Entry(tree.EXECUTABLE if file.is_executable else tree.FILE, file.name, file.digest, file.size)
            for file in directory.files
        ]
        entries += [tree.Entry(tree.LINK, name, target=target) for name, target in directory.links]
        entries += [tree.Entry(tree.DIRECTORY, child.name, digests[child.path]) for child in directory.directories]
        data = tree.encoded(entries)
        digests[directory.path] = tree.digest_of(data)
        trees[digests[directory.path]] = (data, directory.files)
    return digests[b""]
