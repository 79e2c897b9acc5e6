"""What is said once about a workspace: its name and id."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def get(db: sqlite3.Connection, key: str) -> str | None:
    row = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_once(db: sqlite3.Connection, key: str, value: str) -> None:
    """Set a value that is not set yet; one that is stays."""
    db.execute("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, readable(value)))
