"""Small file contents and trees. A name is 16 bytes of hash, and for a blob its length as 8 bytes behind it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

_NAMES_A_QUERY = 500


def add(db: sqlite3.Connection, contents: Iterable[tuple[bytes, bytes]], time: int) -> int:
    """Add (name, data) pairs that are not there yet, and return how many were not."""
    before = db.total_changes
    db.executemany(f"INSERT INTO blobs (name, stored_at, data) VALUES (?, {time}, ?) ON CONFLICT DO NOTHING", contents)
    return db.total_changes - before


def add_trees(db: sqlite3.Connection, trees: Iterable[tuple[bytes, bytes]], time: int) -> None:
    db.executemany(f"INSERT INTO trees (name, stored_at, data) VALUES (?, {time}, ?) ON CONFLICT DO NOTHING", trees)


def known(db: sqlite3.Connection, names: Collection[bytes]) -> set[bytes]:
    """Those of the blobs that are stored."""
    return {row[0] for row in _in_batches(db, "SELECT name FROM blobs WHERE name", names)}


def known_trees(db: sqlite3.Connection, names: Collection[bytes]) -> set[bytes]:
    """Those of the trees that are stored."""
    return {row[0] for row in _in_batches(db, "SELECT name FROM trees WHERE name", names)}


def read(db: sqlite3.Connection, names: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of those of the blobs that are stored."""
    return _in_batches(db, "SELECT name, data FROM blobs WHERE name", names)


def read_tree(db: sqlite3.Connection, name: bytes) -> bytes | None:
    row = db.execute("SELECT data FROM trees WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def _in_batches(db: sqlite3.Connection, select: str, names: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    rest = list(names)
    for start in range(0, len(rest), _NAMES_A_QUERY):
        batch = rest[start : start + _NAMES_A_QUERY]
        yield from db.execute(f"{select} IN ({', '.join('?' * len(batch))})", batch)
