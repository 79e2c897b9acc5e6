"""Points that are stored: reading a million back, and the room that each takes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from functools import partial
from importlib.util import find_spec

from benchmarks.actor import value
from benchmarks.contestants import METRIC, contestant
from benchmarks.environment import REPOSITORY, temporary_folder, variables
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from localexp import Experiment, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_POINTS = 1_000_000
_PAYLOAD = 28
# `None` in place of a module has Python find that it is not installed.
_READ = f"""
import sys
from time import perf_counter
from localexp import Run, Workspace
{{numpy}}
run = Run.get(Workspace(), "first")
run.get_metric_history("none")
started = perf_counter()
history = run.get_metric_history({METRIC!r})
print(perf_counter() - started, len(history.values))
"""
_NUMPY, _NO_NUMPY = "import numpy", "sys.modules['numpy'] = None"
_FETCHALL = """
import sqlite3
from time import perf_counter
db = sqlite3.connect(".localexp/localexp.db")
started = perf_counter()
rows = db.execute(
    "SELECT step, time, value FROM _points WHERE metric = 1 ORDER BY time, writer, position"
).fetchall()
print(perf_counter() - started, len(rows))
"""


def history(settings: Settings) -> list[Row]:
    """One metric of one run, each reading in a process of its own."""
    count = settings.count(_POINTS, 5_000)
    with temporary_folder() as folder:
        with closing(contestant("ours").start(folder, "first")) as run:
            for step in range(count):
                run.log(METRIC, value(step), step=step)
        rows = [_history_row("array", _NO_NUMPY, folder, count, settings)]
        if find_spec("numpy") is None:
            return [
                *rows,
                Row("history, numpy", "the same into numpy arrays", "fetchall", note="numpy is not installed"),
            ]
        return [*rows, _history_row("numpy", _NUMPY, folder, count, settings)]


def _history_row(kind: str, numpy: str, folder: str, count: int, settings: Settings) -> Row:
    ours, floor = in_turns(
        partial(_milliseconds, _READ.format(numpy=numpy), folder, count),
        partial(_milliseconds, _FETCHALL, folder, count),
        settings.pairs(11),
    )
    return compared(
        f"history, {kind}",
        f"get_metric_history of {count:,} points: steps, times and values as {kind} columns",
        "fetchall of the same rows",
        "ms",
        ours,
        floor,
        goal=1.5,
    )


def _milliseconds(code: str, folder: str, count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=variables(PYTHONPATH=REPOSITORY),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, found = done.stdout.split()
    if int(found) != count:
        raise ValueError(f"{found} of {count} points were read")
    return float(seconds) * 1e3


def point_size(settings: Settings) -> list[Row]:
    """One metric and ten that take turns, with and without steps."""
    count = settings.count(200_000, 20_000)
    return [_size_row(metrics, has_steps, count) for metrics in (1, 10) for has_steps in (False, True)]


def _size_row(metrics: int, has_steps: bool, count: int) -> Row:
    what = f"{'one metric' if metrics == 1 else f'{metrics} metrics in turns'}, {'with' if has_steps else 'no'} steps"
    with temporary_folder() as folder:
        workspace = Workspace(folder)
        experiment = Experiment(workspace, "benchmark")
        workspace.close()
        before = _bytes(folder)
        with experiment.start_logging(snapshot_directory=None) as run:
            for step in range(count // metrics):
                for metric in range(metrics):
                    run.log(f"{METRIC} {metric}", value(step), step=step if has_steps else None)
        workspace.close()
        size = (_bytes(folder) - before) / count
    return compared(
        f"point size, {what}",
        f"what a store grows by a point of {count:,}, when the run has ended: {what}",
        "time, step, value and what orders them",
        "bytes",
        [size],
        [float(_PAYLOAD)],
        goal=2.0,
    )


def _bytes(folder: str) -> int:
    store = os.path.join(folder, ".localexp")
    return sum(
        os.path.getsize(os.path.join(store, name)) for name in os.listdir(store) if name.startswith("localexp.db")
    )


BENCHMARKS: dict[str, Benchmark] = {"history": history, "point-size": point_size}
