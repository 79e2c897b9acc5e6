"""What a stored snapshot holds, read in order, and checked before anybody gets it."""

from __future__ import annotations

import io
import os

from localexp.errors import SnapshotException
from localexp.snapshot import contents, tree
from localexp.store import blobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from localexp.store.store import Store

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def root_of(snapshot: str) -> bytes:
    """The name of the tree that is the root of a snapshot."""
    return bytes.fromhex(snapshot)


def entries_of(store: Store, name: bytes) -> list[tree.Entry]:
    """The entries of one tree.

    :raises SnapshotException: the tree is damaged or missing.
    """
    with store.blobs.reading() as db:
        data = blobs.read_tree(db, name)
    if data is None or tree.digest_of(data) != name:
        state = "missing" if data is None else "damaged"
        raise SnapshotException(f"the stored tree {name.hex()} is {state}; {contents.NEXT_STEP}")
    return tree.decoded(data)


def entries_in_order(store: Store, snapshot: str) -> Iterator[tuple[bytes, tree.Entry]]:
    """(relative path, entry) of all that a snapshot holds: files in the order of their paths, a directory just before.

    :raises SnapshotException: a tree is damaged or missing.
    """
    waiting = [_reversed_entries(store, b"", root_of(snapshot))]
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            continue
        path, entry = waiting[-1].pop()
        yield path, entry
        if entry.kind == tree.DIRECTORY:
            waiting.append(_reversed_entries(store, path + b"/", entry.digest))


def _reversed_entries(store: Store, prefix: bytes, name: bytes) -> list[tuple[bytes, tree.Entry]]:
    entries = sorted(entries_of(store, name), key=_place, reverse=True)
    return [(prefix + entry.name, entry) for entry in entries]


def _place(entry: tree.Entry) -> bytes:
    # Where what is in a directory stands among paths: "a/b" comes after "a-b".
    return entry.name + b"/" if entry.kind == tree.DIRECTORY else entry.name


def opened(store: Store, entry: tree.Entry) -> BinaryIO:
    """The content of a file, every byte of which has been checked.

    :raises SnapshotException: it is damaged or missing.
    """
    if entry.size <= contents.SMALL:
        [(_, data)] = contents.small_contents(store, {entry.blob})
        return io.BytesIO(data)
    path = store.layout.object_file(entry.blob.hex())
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise SnapshotException(f"the stored blob {path} is missing; {contents.NEXT_STEP}") from None
    file = open(descriptor, "rb")  # noqa: SIM115 - the caller closes it
    if contents.hashed(descriptor, entry.size) != (entry.digest, entry.size):
        file.close()
        raise SnapshotException(f"the stored blob {path} is damaged; {contents.NEXT_STEP}")
    os.lseek(descriptor, 0, os.SEEK_SET)
    return file
