"""What somebody would write with SQLite alone to keep runs with tags and metrics: the floor of creating many."""

from __future__ import annotations

import os
import sqlite3
from time import time_ns
from uuid import uuid4

_SCHEMA = """
CREATE TABLE experiments (key INTEGER PRIMARY KEY, name TEXT UNIQUE, last_number INTEGER NOT NULL DEFAULT 0);
CREATE TABLE runs (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, number INTEGER NOT NULL,
    experiment INTEGER NOT NULL REFERENCES experiments (key), status TEXT NOT NULL, created_at INTEGER, ended_at INTEGER
);
CREATE INDEX runs_of_experiment ON runs (experiment, key);
CREATE TABLE tags (
    run INTEGER NOT NULL REFERENCES runs (key), key TEXT NOT NULL, value TEXT, PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_key ON tags (key, value, run);
CREATE TABLE metrics (
    key INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (key), name TEXT NOT NULL, last, UNIQUE (run, name)
);
CREATE TABLE points (
    metric INTEGER NOT NULL REFERENCES metrics (key), time INTEGER NOT NULL, value, PRIMARY KEY (metric, time)
) WITHOUT ROWID;
INSERT INTO experiments (name) VALUES ('benchmark');
"""


class ByHand:
    """One file. A run costs a commit when it begins, and when it ends one that is on the disk before it goes on.

    With ``commits_each`` whatever is said of it is committed when it is said, so that it survives a kill as it does in
    localexp.
    """

    def __init__(self, folder: str, *, commits_each: bool = False) -> None:
        self._commits_each = commits_each
        self._db = sqlite3.connect(os.path.join(folder, "by-hand.db"), isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(_SCHEMA)

    def run(self, tags: dict[str, str], metrics: dict[str, float]) -> None:
        """Everything about one run."""
        key = self._begin()
        if not self._commits_each:
            self._open("FULL")
        for name, value in tags.items():
            self._db.execute("INSERT INTO tags (run, key, value) VALUES (?, ?, ?)", (key, name, value))
        for name, number in metrics.items():
            self._log(key, name, number)
        if self._commits_each:
            self._open("FULL")
        self._db.execute("UPDATE runs SET status = 'Completed', ended_at = ? WHERE key = ?", (time_ns() // 1000, key))
        self._db.execute("COMMIT")

    def _open(self, synchronous: str) -> None:
        self._db.execute(f"PRAGMA synchronous = {synchronous}")
        self._db.execute("BEGIN IMMEDIATE")

    def _begin(self) -> int:
        self._open("NORMAL")
        self._db.execute("UPDATE experiments SET last_number = last_number + 1 WHERE key = 1")
        (number,) = self._db.execute("SELECT last_number FROM experiments WHERE key = 1").fetchone()
        cursor = self._db.execute(
            "INSERT INTO runs (id, number, experiment, status, created_at) VALUES (?, ?, 1, 'Running', ?)",
            (str(uuid4()), number, time_ns() // 1000),
        )
        self._db.execute("COMMIT")
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _log(self, run: int, name: str, value: float) -> None:
        if self._commits_each:
            self._db.execute("BEGIN IMMEDIATE")
        cursor = self._db.execute("INSERT INTO metrics (run, name, last) VALUES (?, ?, ?)", (run, name, value))
        self._db.execute(
            "INSERT INTO points (metric, time, value) VALUES (?, ?, ?)", (cursor.lastrowid, time_ns() // 1000, value)
        )
        if self._commits_each:
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()
