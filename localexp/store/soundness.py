"""What SQLite itself can say of the files of databases."""

from __future__ import annotations

import os
import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.database import Database


SQLITE_VERSION = sqlite3.sqlite_version


def broken_references(db: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(table, table that is referred to, how many rows) where a row refers to one that is not there."""
    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in db.execute("PRAGMA foreign_key_check"):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    return [(*pair, count) for pair, count in sorted(counts.items())]


def log_bytes(database: Database) -> int:
    """How many bytes the log of what was committed has, which is moved over now and then."""
    path = f"{database.path}-wal"
    return os.stat(path).st_size if os.path.exists(path) else 0


def empty_log(db: sqlite3.Connection) -> None:
    """Move all of the log over and have its file be empty, as far as no reader is in the way."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
