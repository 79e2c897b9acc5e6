"""Environments that were registered, by name and version."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


class EnvironmentRecord:
    """One version of an environment; ``definition`` is a text that the store does not look into."""

    __slots__ = ("created_at", "definition", "name", "version")

    def __init__(self, name: str, version: str, definition: str, created_at: int) -> None:
        self.name = name
        self.version = version
        self.definition = definition
        self.created_at = created_at


_SELECT = "SELECT name, version, definition, created_at FROM _environments"


def add(db: sqlite3.Connection, name: str, definition: str, time: int) -> EnvironmentRecord:
    """Keep the next version of an environment, unless the newest is no different; return the one that says this."""
    newest = find(db, name)
    if newest is not None and newest.definition == definition:
        return newest
    version = "1" if newest is None else str(int(newest.version) + 1)
    db.execute(
        "INSERT INTO _environments (name, version, definition, created_at) VALUES (?, ?, ?, ?)",
        (readable(name), version, definition, time),
    )
    return EnvironmentRecord(name, version, definition, time)


def find(db: sqlite3.Connection, name: str, version: str | None = None) -> EnvironmentRecord | None:
    """A version of an environment, the newest if none is named."""
    row = db.execute(
        f"{_SELECT} WHERE name = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY key DESC LIMIT 1",
        (readable(name), version),
    ).fetchone()
    return None if row is None else EnvironmentRecord(*row)


def every(db: sqlite3.Connection) -> list[EnvironmentRecord]:
    """All versions of all environments, by name, the newest of each first."""
    return [EnvironmentRecord(*row) for row in db.execute(f"{_SELECT} ORDER BY name, key DESC")]


def remove(db: sqlite3.Connection, name: str, version: str | None = None) -> int:
    """Forget a version of an environment, or all if none is named; return how many there were."""
    removed = db.execute(
        "DELETE FROM _environments WHERE name = ?1 AND (?2 IS NULL OR version = ?2)", (readable(name), version)
    )
    return removed.rowcount
