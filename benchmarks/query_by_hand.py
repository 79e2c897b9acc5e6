"""What somebody would write with SQLite alone to find runs among many: the floor of the queries."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timezone

from benchmarks.stock import Said, filling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SCHEMA = """
CREATE TABLE runs (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, experiment TEXT NOT NULL, number INTEGER NOT NULL,
    status TEXT NOT NULL, display_name TEXT, type TEXT, parent TEXT, created INTEGER NOT NULL, started INTEGER,
    ended INTEGER
);
CREATE INDEX runs_by_status ON runs (status);
CREATE TABLE tags (run INTEGER NOT NULL, name TEXT NOT NULL, value TEXT, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE INDEX tags_by_name ON tags (name, value);
CREATE TABLE params (run INTEGER NOT NULL, name TEXT NOT NULL, value, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE INDEX params_by_name ON params (name, value);
CREATE TABLE metrics (
    run INTEGER NOT NULL, name TEXT NOT NULL, last, min REAL, max REAL, count INTEGER, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX metrics_by_last ON metrics (name, last);
"""
_NAMES = ("id", "experiment", "number", "display_name", "status", "type", "parent", "created", "started", "ended")
_COLUMNS = ", ".join(f"runs.{name}" for name in _NAMES)
_TIMES = _NAMES[-3:]
NEWEST = f"SELECT runs.key, {_COLUMNS} FROM runs ORDER BY key DESC LIMIT 100"
BEST = f"""
SELECT runs.key, {_COLUMNS} FROM metrics CROSS JOIN runs ON runs.key = metrics.run
WHERE metrics.name = 'loss' ORDER BY last LIMIT 100
"""
COMMON = f"""
SELECT runs.key, {_COLUMNS} FROM runs WHERE status = 'Completed'
AND EXISTS (SELECT 1 FROM tags WHERE run = runs.key AND name = 'model' AND value = 'mlp') ORDER BY key DESC LIMIT 100
"""
RARE = f"""
SELECT runs.key, {_COLUMNS} FROM metrics CROSS JOIN runs ON runs.key = metrics.run
WHERE metrics.name = 'loss' AND metrics.last < :most
AND EXISTS (SELECT 1 FROM params WHERE run = runs.key AND name = 'lr' AND value >= 0.01) ORDER BY key DESC LIMIT 100
"""


class QueryByHand:
    """One file with the same runs as ``stock.stocked``."""

    def __init__(self, folder: str, runs: int) -> None:
        self._db = sqlite3.connect(os.path.join(folder, "by-hand.db"), isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)
        with filling(self._db):
            for number in range(1, runs + 1):
                self._add(Said(number))

    def _add(self, said: Said) -> None:
        times = said.created, said.started, said.ended
        run = (said.key, said.id, "benchmark", said.number, said.status, None, None, None, *times)
        self._db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run)
        self._db.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(said.key, *one) for one in said.tags.items()])
        self._db.executemany("INSERT INTO params VALUES (?, ?, ?)", [(said.key, *one) for one in said.params.items()])
        metrics = [(said.key, name, value, value, value) for name, value in said.metrics.items()]
        self._db.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, 1)", metrics)

    def page(self, select: str, most: float = 0.0) -> list[dict[str, Any]]:
        """A hundred runs, each with its times as texts, its tags, params and last metrics."""
        bound = {"most": most} if ":most" in select else {}
        found = {key: dict(zip(_NAMES, row, strict=True)) for key, *row in self._db.execute(select, bound)}
        for run in found.values():
            for name in _TIMES:
                run[name] = datetime.fromtimestamp(run[name] / 1e6, timezone.utc).isoformat(timespec="microseconds")
        keys = ", ".join(map(str, found))
        for kind, column in (("tags", "value"), ("params", "value"), ("metrics", "last")):
            for run in found.values():
                run[kind] = {}
            for key, name, value in self._db.execute(f"SELECT run, name, {column} FROM {kind} WHERE run IN ({keys})"):
                found[key][kind][name] = value
        return list(found.values())

    def frame(self) -> Any:
        """All runs, the newest first, as a pandas frame."""
        import numpy
        import pandas

        rows = self._db.execute(f"SELECT runs.key, {_COLUMNS} FROM runs ORDER BY key DESC").fetchall()
        keys, *columns = map(list, zip(*rows, strict=True))
        places = {key: place for place, key in enumerate(keys)}
        found = dict(zip(_NAMES, columns, strict=True))
        for name in _TIMES:
            found[name] = pandas.DatetimeIndex(numpy.array(found[name], dtype="datetime64[us]")).tz_localize("UTC")
        for kind, column in (("tags", "value"), ("params", "value"), ("metrics", "last")):
            for key, name, value in self._db.execute(f"SELECT run, name, {column} FROM {kind}"):
                if (title := f"{kind}.{name}") not in found:
                    found[title] = [None] * len(keys)
                found[title][places[key]] = value
        return pandas.DataFrame(found)

    def close(self) -> None:
        self._db.close()
