"""Tags, which may change, and properties, which may not."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    When = tuple[int, int, int]


def put(db: sqlite3.Connection, run: int, key: str, value: str | None, when: When, *, removed: bool = False) -> None:
    """Set or remove a tag; the word that was said last stands, in whatever order words arrive.

    ``when`` is (time, writer, position).
    """
    db.execute(
        "INSERT INTO tags (run, key, value, removed, time, writer, position) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value, removed = excluded.removed, "
        "time = excluded.time, writer = excluded.writer, position = excluded.position "
        "WHERE (excluded.time, excluded.writer, excluded.position) > (time, writer, position)",
        (run, key, value, int(removed), *when),
    )


def of_run(db: sqlite3.Connection, run: int) -> dict[str, str | None]:
    return dict(db.execute("SELECT key, value FROM tags WHERE run = ? AND removed = 0 ORDER BY key", (run,)))


def add_property(db: sqlite3.Connection, run: int, key: str, value: str | None, when: When) -> None:
    """Set a property; the word that was said first stands, in whatever order words arrive."""
    db.execute(
        "INSERT INTO properties (run, key, value, time, writer, position) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value, "
        "time = excluded.time, writer = excluded.writer, position = excluded.position "
        "WHERE (excluded.time, excluded.writer, excluded.position) < (time, writer, position)",
        (run, key, value, *when),
    )


def properties_of_run(db: sqlite3.Connection, run: int) -> dict[str, str | None]:
    return dict(db.execute("SELECT key, value FROM properties WHERE run = ? ORDER BY key", (run,)))
