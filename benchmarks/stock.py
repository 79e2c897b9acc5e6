"""Workspaces with many finished runs, whose rows are written as fast as SQLite takes them."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, contextmanager

from localexp import Experiment, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

METRICS = ("loss", "accuracy", *(f"metric {number}" for number in range(8)))
_BEGIN = 1_750_000_000_000_000
_MINUTE = 60_000_000

_RUN = """
INSERT INTO _runs (key, id, experiment, number, status, created_at, started_at, ended_at, unfolded)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
_TAG = "INSERT INTO _tags (run, experiment, key, value, time, writer, position) VALUES (?, ?, ?, ?, ?, 0, 0)"
_PARAM = """
INSERT INTO _params (run, experiment, name, value, number, time, writer, position) VALUES (?, ?, ?, ?, ?, ?, 0, 0)
"""
_METRIC = """
INSERT INTO _metrics (run, experiment, name, last, min, max, last_time, kind, count, last_writer, last_position)
VALUES (?, ?, ?, ?, ?, ?, ?, 'scalar', 1, 1, 0)
"""


class Said:
    """What is said of the run with this number, wherever it is kept: three tags, three params and ten metrics."""

    def __init__(self, number: int) -> None:
        chance = random.Random(number)
        self.key = self.number = number
        self.id = f"run-{number:07}"
        self.status = "Failed" if number % 20 == 0 else "Completed"
        self.created = _BEGIN + number * _MINUTE
        self.started, self.ended = self.created + 1, self.created + _MINUTE
        self.tags = {"model": ("mlp", "cnn", "rnn")[number % 3], "stage": f"stage {number % 7}", "owner": "me"}
        self.params = {"epochs": 10, "lr": chance.choice((0.001, 0.01, 0.1)), "seed": number}
        self.metrics = {name: chance.random() for name in METRICS}


def stocked(folder: str, runs: int) -> Experiment:
    """A new workspace in a folder, with one experiment that has so many runs, numbered from 1."""
    experiment = Experiment(Workspace(folder), "benchmark")
    key = experiment._known().key
    path = experiment.workspace._store.layout.database
    with closing(sqlite3.connect(path, isolation_level=None)) as db, filling(db):
        for number in range(1, runs + 1):
            _add(db, key, Said(number))
        db.execute("UPDATE _experiments SET last_number = ?", (runs,))
    return experiment


@contextmanager
def filling(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction, after which the indexes are made anew: that takes less than to keep them while rows come."""
    indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    db.execute("BEGIN")
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        db.execute(definition)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add(db: sqlite3.Connection, experiment: int, said: Said) -> None:
    key, time = said.key, said.ended
    db.execute(_RUN, (key, said.id, experiment, said.number, said.status, said.created, said.started, said.ended))
    db.executemany(_TAG, [(key, experiment, name, value, time) for name, value in said.tags.items()])
    params = said.params.items()
    db.executemany(_PARAM, [(key, experiment, name, str(value), value, time) for name, value in params])
    metrics = said.metrics.items()
    db.executemany(_METRIC, [(key, experiment, name, value, value, value, time) for name, value in metrics])
