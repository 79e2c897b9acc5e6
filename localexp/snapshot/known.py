"""What was found in each directory of a tree when it was last looked at: kept in the cache, packed."""

from __future__ import annotations

import os
from struct import Struct

from localexp.errors import DamagedStoreError, StoreError
from localexp.snapshot.listing import FACT_BYTES, facts_in, names_in
from localexp.snapshot.tree import digest_of
from localexp.store import scans

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from localexp.snapshot.listing import Listing
    from localexp.store.store import Store

# Followed by a checksum of all that comes after it: records that are not of one moment would make wrong snapshots.
_MAGIC = b"localexp scan 2\n"
_CHECKSUM_BYTES = 16
# Lengths of path, names, facts, links and directories; notes; the token of the ignore rules; the hash of the tree.
_HEAD = Struct("<IIIII?8s16s")
_DIGEST_BYTES = 16
NO_TOKEN = bytes(8)


class Record:
    """One directory: its files, their digests in the same order, its links and directories, the hash of its tree.

    ``token`` stands for the ignore rules by which its files were chosen; ``has_notes`` if there is something in it of
    which a user is to know.
    """

    __slots__ = ("digest", "digests", "directories", "facts", "has_notes", "links", "names", "path", "token")

    def __init__(
        self,
        path: bytes,
        listing: tuple[bytes, bytes, bytes, bytes],
        digests: bytes,
        digest: bytes,
        token: bytes = NO_TOKEN,
        has_notes: bool = False,
    ) -> None:
        self.path = path
        self.names, self.facts, self.links, self.directories = listing
        self.digests = digests
        self.digest = digest
        self.token = token
        self.has_notes = has_notes

    def holds(self, listing: Listing) -> bool:
        """Whether the files and links of a directory are the same as then."""
        return self.names == listing.names and self.facts == listing.facts and self.links == packed_links(listing.links)

    def digests_by_file(self) -> dict[bytes, tuple[bytes, bytes]]:
        """Fact and digest of each file by name."""
        return {
            name: (fact, digest)
            for name, fact, digest in zip(
                names_in(self.names), facts_in(self.facts), digests_in(self.digests), strict=True
            )
        }

    def packed(self) -> bytes:
        parts = (self.path, self.names, self.facts, self.links, self.directories)
        head = _HEAD.pack(*map(len, parts), self.has_notes, self.token, self.digest)
        return b"".join((head, *parts, self.digests))


def packed_links(links: dict[bytes, bytes]) -> bytes:
    return b"\0".join([b"%s\0%s" % link for link in sorted(links.items())]) if links else b""


def packed_directories(names: Iterable[bytes]) -> bytes:
    return b"\0".join(sorted(names))


def links_in(links: bytes) -> dict[bytes, bytes]:
    parts = iter(names_in(links))
    return dict(zip(parts, parts, strict=True))


def digests_in(digests: bytes) -> list[bytes]:
    return [digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES)]


def read(store: Store, tree: bytes) -> dict[bytes, Record]:
    """The records of a tree by path, none if it was not looked at before."""
    try:
        with store.cache.reading() as db:
            data = scans.get(db, tree)
    except DamagedStoreError:
        _discard_cache(store)
        return {}
    except StoreError:
        # Locked for long, or the disk is full: everything is looked at as if for the first time.
        return {}
    return {} if data is None else unpacked(data)


def keep(store: Store, tree: bytes, records: Iterable[Record]) -> None:
    """Keep the records of a tree for whoever looks at it next."""
    data = packed(records)
    _write(store, lambda db: scans.put(db, tree, data))


def packed(records: Iterable[Record]) -> bytes:
    """Records as one value, for ``unpacked``."""
    data = b"".join([record.packed() for record in records])
    return _MAGIC + digest_of(data) + data


def forget(store: Store, tree: bytes) -> None:
    _write(store, lambda db: scans.remove(db, tree))


def forget_gone(store: Store, is_gone: Callable[[bytes], bool], dry_run: bool) -> tuple[int, int]:
    """Forget the trees of which somebody says that they are gone; how many there were, and their bytes here."""
    if not os.path.exists(store.layout.cache_database):
        return 0, 0
    try:
        with store.cache.reading() as db:
            sizes = scans.sizes(db)
    except StoreError:
        # Whoever needs it next makes it anew.
        return 0, 0
    gone = [tree for tree in sizes if is_gone(tree)]
    if gone and not dry_run:
        _write(store, lambda db: scans.remove_all(db, gone))
    return len(gone), sum(sizes[tree] for tree in gone)


def _write(store: Store, change: Callable[[sqlite3.Connection], None]) -> None:
    try:
        with store.cache.writing() as db:
            change(db)
    except DamagedStoreError:
        _discard_cache(store)
    except StoreError:
        # It only saves time.
        return


def unpacked(data: bytes) -> dict[bytes, Record]:
    """The records in a packed value; none of one that another version wrote, or that is damaged."""
    at = len(_MAGIC) + _CHECKSUM_BYTES
    if not data.startswith(_MAGIC) or digest_of(data[at:]) != data[len(_MAGIC) : at]:
        return {}
    records = {}
    while at < len(data):
        *lengths, has_notes, token, digest = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        parts = []
        for length in (*lengths, lengths[2] // FACT_BYTES * _DIGEST_BYTES):
            parts.append(data[at : at + length])
            at += length
        path, names, facts, links, directories, digests = parts
        records[path] = Record(path, (names, facts, links, directories), digests, digest, token, has_notes)
    return records


def _discard_cache(store: Store) -> None:
    """The cache only saves time: one that cannot be used is made anew by whoever comes next."""
    store.cache.close()
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(store.layout.cache_database + ending):
            os.unlink(store.layout.cache_database + ending)
