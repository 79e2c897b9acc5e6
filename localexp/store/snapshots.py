"""Snapshots that are whole, and those that a process is making."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def exists(db: sqlite3.Connection, identifier: str) -> bool:
    return db.execute("SELECT 1 FROM snapshots WHERE id = ?", (identifier,)).fetchone() is not None


def every_id(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT id FROM snapshots ORDER BY id")]


def runs_by_id(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The ids of the runs of each snapshot that has any, the oldest first."""
    found: dict[str, list[str]] = {}
    for snapshot, run in db.execute("SELECT snapshot, id FROM runs WHERE snapshot IS NOT NULL ORDER BY key"):
        found.setdefault(snapshot, []).append(run)
    return found


def add(db: sqlite3.Connection, identifier: str, files: int, size: int, created_at: int) -> None:
    """Record a snapshot, all of whose bytes are on the disk."""
    db.execute(
        "INSERT INTO snapshots (id, files, bytes, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (identifier, files, size, created_at),
    )


def begin(db: sqlite3.Connection, owner: str, started_at: int) -> int:
    """Announce a snapshot in the making, whose blobs garbage collection must keep; returns the key for ``end``."""
    cursor = db.execute("INSERT INTO snapshots_in_the_making (owner, started_at) VALUES (?, ?)", (owner, started_at))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def end(db: sqlite3.Connection, key: int) -> None:
    db.execute("DELETE FROM snapshots_in_the_making WHERE key = ?", (key,))


def in_the_making(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """(key, owner) of each."""
    return db.execute("SELECT key, owner FROM snapshots_in_the_making").fetchall()
