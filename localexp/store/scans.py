"""What the last scan of each source directory found, packed by whoever scans."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def get(db: sqlite3.Connection, source: bytes) -> bytes | None:
    row = db.execute("SELECT packed FROM scans WHERE source = ?", (source,)).fetchone()
    return None if row is None else row[0]


def sizes(db: sqlite3.Connection) -> dict[bytes, int]:
    """The bytes of each."""
    return dict(db.execute("SELECT source, length(packed) FROM scans"))


def put(db: sqlite3.Connection, source: bytes, packed: bytes) -> None:
    db.execute("INSERT OR REPLACE INTO scans (source, packed) VALUES (?, ?)", (source, packed))


def remove(db: sqlite3.Connection, source: bytes) -> None:
    db.execute("DELETE FROM scans WHERE source = ?", (source,))


def remove_all(db: sqlite3.Connection, sources: list[bytes]) -> None:
    db.executemany("DELETE FROM scans WHERE source = ?", [(source,) for source in sources])
