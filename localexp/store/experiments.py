"""Experiments."""

from __future__ import annotations

from localexp.store import identifiers

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_SELECT = "SELECT key, id, name, created_at, archived_at FROM experiments"


class ExperimentRecord:
    """One row of ``experiments``."""

    __slots__ = ("archived_at", "created_at", "id", "key", "name")

    def __init__(self, key: int, identifier: str, name: str, created_at: int, archived_at: int | None) -> None:
        self.key = key
        self.id = identifier
        self.name = name
        self.created_at = created_at
        self.archived_at = archived_at


def active(db: sqlite3.Connection, name: str) -> ExperimentRecord | None:
    """The experiment of this name that is not archived."""
    row = db.execute(f"{_SELECT} WHERE name = ? AND archived_at IS NULL", (name,)).fetchone()
    return None if row is None else ExperimentRecord(*row)


def get_or_create(db: sqlite3.Connection, name: str, created_at: int) -> ExperimentRecord:
    """The active experiment of this name, made if there is none; within a write transaction."""
    db.execute(
        "INSERT INTO experiments (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (identifiers.uuid(), name, created_at),
    )
    record = active(db, name)
    assert record is not None
    return record


def every_active(db: sqlite3.Connection) -> list[ExperimentRecord]:
    """All experiments that are not archived, by name."""
    rows = db.execute(f"{_SELECT} WHERE archived_at IS NULL ORDER BY name").fetchall()
    return [ExperimentRecord(*row) for row in rows]


def by_key(db: sqlite3.Connection, key: int) -> ExperimentRecord:
    return ExperimentRecord(*db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone())


def next_run_number(db: sqlite3.Connection, key: int) -> int:
    """Count up and return the number of the experiment's next run; within a write transaction."""
    db.execute("UPDATE experiments SET last_number = last_number + 1 WHERE key = ?", (key,))
    return int(db.execute("SELECT last_number FROM experiments WHERE key = ?", (key,)).fetchone()[0])
