"""What is said about a workspace: its name and id, and the limits that can be set."""

from __future__ import annotations

import os

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

WORKSPACE_ID = "workspace.id"
SNAPSHOT_BYTES, SNAPSHOT_FILES, CHECKOUT_BYTES = "snapshot.max_bytes", "snapshot.max_files", "checkouts.max_bytes"
CONCURRENT_RUNS, GRACE_SECONDS = "max_concurrent_runs", "cancel.grace_seconds"
SAMPLE_SECONDS = "resources.sample_seconds"


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


NUMBERS = {
    SNAPSHOT_BYTES: 2 * 2**30,
    SNAPSHOT_FILES: 100_000,
    CHECKOUT_BYTES: 2 * 2**30,
    CONCURRENT_RUNS: _usable_cores(),
    GRACE_SECONDS: 10,
    SAMPLE_SECONDS: 5,
}


def get(db: sqlite3.Connection, key: str) -> str | None:
    row = db.execute("SELECT value FROM _settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def workspace_name(db: sqlite3.Connection, folder: str) -> str:
    """The name that the workspace of a folder was created with, by default the folder's."""
    return get(db, "workspace.name") or os.path.basename(folder)


def set_once(db: sqlite3.Connection, key: str, value: str) -> None:
    """Set a value that is not set yet; one that is stays."""
    db.execute("INSERT INTO _settings (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, readable(value)))


def number(db: sqlite3.Connection, key: str) -> int:
    """One of ``NUMBERS``, as it was set or by default."""
    value = get(db, key)
    return NUMBERS[key] if value is None else int(value)


def set_number(db: sqlite3.Connection, key: str, value: int) -> None:
    db.execute("INSERT OR REPLACE INTO _settings (key, value) VALUES (?, ?)", (key, str(value)))
