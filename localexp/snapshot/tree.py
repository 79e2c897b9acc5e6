"""Trees: the bytes that say what a directory holds, from which the id of a snapshot follows.

A tree is ``MAGIC`` and then its entries in the order of the bytes of their names: the kind (``f`` file, ``x``
executable file, ``l`` symbolic link, ``d`` directory), the length of the name in 16 bits, the name, and

- for a file its 16 bytes of XXH3-128 and its length in 64 bits,
- for a directory the 16 bytes of XXH3-128 of its tree,
- for a link the length of its target in 16 bits and the target.

Numbers are little-endian. So the hash of a tree covers names, kinds, executable bits and contents, and no times.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812

from localexp.errors import SnapshotException

MAGIC = b"localexp tree 1\n"

FILE, EXECUTABLE, LINK, DIRECTORY = b"f", b"x", b"l", b"d"

_entry = Struct("<cH")
_file = Struct("<16sQ")
_length = Struct("<H")
_blob_length = Struct(">Q")
_DIGEST_BYTES = 16


class Entry:
    """One entry of a tree: ``digest`` and ``size`` of a file or directory, ``target`` of a link."""

    __slots__ = ("digest", "kind", "name", "size", "target")

    def __init__(self, kind: bytes, name: bytes, digest: bytes = b"", size: int = 0, target: bytes = b"") -> None:
        self.kind = kind
        self.name = name
        self.digest = digest
        self.size = size
        self.target = target

    @property
    def is_file(self) -> bool:
        return self.kind in (FILE, EXECUTABLE)

    @property
    def blob(self) -> bytes:
        """The name of the blob that holds a file's bytes."""
        return blob_name(self.digest, self.size)


def blob_name(digest: bytes, size: int) -> bytes:
    return digest + _blob_length.pack(size)


def blob_size(name: bytes) -> int:
    return int(_blob_length.unpack_from(name, 16)[0])


def digest_of(data: bytes) -> bytes:
    from xxhash import xxh3_128_digest

    return xxh3_128_digest(data)


def encoded(entries: list[Entry]) -> bytes:
    """The bytes of a tree with these entries."""
    return MAGIC + b"".join(_encoded_entry(entry) for entry in sorted(entries, key=lambda entry: entry.name))


def _encoded_entry(entry: Entry) -> bytes:
    head = _entry.pack(entry.kind, len(entry.name)) + entry.name
    if entry.kind == DIRECTORY:
        return head + entry.digest
    if entry.kind == LINK:
        return head + _length.pack(len(entry.target)) + entry.target
    return head + _file.pack(entry.digest, entry.size)


def decoded(data: bytes) -> list[Entry]:
    """The entries of a tree, in the order of their names.

    :raises SnapshotException: these bytes are no tree, or hold a name that could leave its directory.
    """
    if not data.startswith(MAGIC):
        raise SnapshotException(
            "a stored tree does not begin as one; blobs.db is damaged or was written by a newer localexp"
        )
    entries, at, last = list[Entry](), len(MAGIC), b""
    while at < len(data):
        try:
            entry, at = _decoded_entry(data, at)
        except StructError:
            at = len(data) + 1
        if at > len(data):
            raise SnapshotException("a stored tree is cut short; run 'localexp fsck' to see what that touches")
        if entry.name in (b"", b".", b"..") or b"/" in entry.name or b"\0" in entry.name:
            raise SnapshotException(f"a stored tree holds the name {entry.name!r}, which no file can have")
        if entry.kind == LINK and (not entry.target or b"\0" in entry.target):
            raise SnapshotException(f"a stored tree has {entry.name!r} lead to {entry.target!r}, which no link can")
        if entry.name <= last:
            raise SnapshotException(f"a stored tree holds the name {entry.name!r} twice or out of order")
        last = entry.name
        entries.append(entry)
    return entries


def _decoded_entry(data: bytes, at: int) -> tuple[Entry, int]:
    """The entry that begins at a place, and where it ends: behind the end of the data if that cuts it short."""
    kind, length = _entry.unpack_from(data, at)
    start = at + _entry.size
    at = start + length
    name = data[start:at]
    if kind == DIRECTORY:
        return Entry(kind, name, data[at : at + _DIGEST_BYTES]), at + _DIGEST_BYTES
    if kind == LINK:
        (length,) = _length.unpack_from(data, at)
        at += _length.size
        return Entry(kind, name, target=data[at : at + length]), at + length
    if kind in (FILE, EXECUTABLE):
        digest, size = _file.unpack_from(data, at)
        return Entry(kind, name, digest, size), at + _file.size
    raise SnapshotException(f"a stored tree holds an entry of the unknown kind {kind!r}; update localexp")
