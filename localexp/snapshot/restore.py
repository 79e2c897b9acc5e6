"""Write the files of a snapshot into a directory."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot import contents, tree
from localexp.store import blobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def entries_below(store: Store, snapshot: str) -> Iterator[tuple[bytes, tree.Entry]]:
    """(relative path, entry) of all that a snapshot holds, each directory before what is in it."""
    waiting = [(b"", bytes.fromhex(snapshot))]
    while waiting:
        path, name = waiting.pop()
        for entry in _entries(store, name):
            below = path + b"/" + entry.name if path else entry.name
            yield below, entry
            if entry.kind == tree.DIRECTORY:
                waiting.append((below, entry.digest))


def _entries(store: Store, name: bytes) -> list[tree.Entry]:
    with store.blobs.reading() as db:
        data = blobs.read_tree(db, name)
    if data is None or tree.digest_of(data) != name:
        raise SnapshotException(f"the tree {name.hex()} of the snapshot is {'missing' if data is None else 'damaged'}")
    return tree.decoded(data)


def write(store: Store, snapshot: str, target: str, source: str) -> list[str]:
    """Write a snapshot into the new directory ``target``, and return what a user should be warned of.

    A link that leads out of the tree is made to lead where it led in the directory ``source``.
    """
    root, warnings = os.fsencode(target), []
    os.mkdir(root)
    small = dict[bytes, list[tuple[bytes, bool]]]()
    for path, entry in entries_below(store, snapshot):
        full = os.path.join(root, path)
        if entry.kind == tree.DIRECTORY:
            os.mkdir(full)
        elif entry.kind == tree.LINK:
            led_to, leads_out = _target_from_checkout(path, entry.target, os.fsencode(source))
            if leads_out:
                warnings.append(
                    f"the link {os.fsdecode(path)} leads out of the source directory, to {os.fsdecode(led_to)}"
                )
            os.symlink(led_to, full)
        elif entry.size <= contents.SMALL:
            small.setdefault(entry.blob, []).append((full, entry.kind == tree.EXECUTABLE))
        else:
            with open(_created(full, entry.kind == tree.EXECUTABLE), "wb", buffering=0) as file:
                contents.copy_large(store, entry.blob, file.fileno())
    for name, data in contents.small_contents(store, set(small)):
        for full, is_executable in small[name]:
            _write(full, is_executable, data)
    return warnings


def _write(path: bytes, is_executable: bool, data: bytes) -> None:
    descriptor = _created(path, is_executable)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def _created(path: bytes, is_executable: bool) -> int:
    return os.open(path, _FLAGS, 0o777 if is_executable else 0o666)


def _target_from_checkout(path: bytes, target: bytes, source: bytes) -> tuple[bytes, bool]:
    """Where a link is to lead from a checkout, and whether that is out of the tree."""
    folder = os.path.dirname(path)
    if not os.path.isabs(target) and not _leads_up(os.path.normpath(os.path.join(folder, target))):
        return target, False
    lands = os.path.normpath(os.path.join(source, folder, target))
    for root in (source, os.path.realpath(source)):
        inside = os.path.relpath(lands, root)
        if not _leads_up(inside):
            return os.path.relpath(inside, folder or b"."), False
    return lands, True


def _leads_up(path: bytes) -> bool:
    return path.split(os.sep.encode())[0] == os.pardir.encode()
