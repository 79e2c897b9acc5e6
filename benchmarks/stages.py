"""Where the time between a submit and the end of its run goes, by what the workspace has recorded of it."""

from __future__ import annotations

import os
import sqlite3
import time
from itertools import pairwise
from statistics import median

from localexp.store.layout import STORE_FOLDER, Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp import Experiment, ScriptRunConfig

SCRIPT = "import time; print(time.time_ns() // 1_000)\n"

_NAMES = (
    "snapshot",
    "row and launch",
    "start of the supervisor",
    "lease",
    "start of the script",
    "script",
    "end",
    "notice",
)
_TIMES = """
SELECT created_at, leased_at, ready_at, started_at, ended_at FROM _runs
JOIN _checkouts ON _checkouts.snapshot = _runs.snapshot WHERE _runs.id = ?
"""


def of_submit(folder: str, experiment: Experiment, config: ScriptRunConfig, repeats: int) -> str:
    """The median milliseconds of each stage of submitting ``SCRIPT`` into the workspace in ``folder``."""
    layout = Layout(os.path.join(folder, STORE_FOLDER))
    found = [_moments(layout, experiment, config) for _ in range(repeats)]
    stages = zip(*(_milliseconds(moments) for moments in found), strict=True)
    return ", ".join(f"{name} {median(stage):.0f}" for name, stage in zip(_NAMES, stages, strict=True))


def _moments(layout: Layout, experiment: Experiment, config: ScriptRunConfig) -> list[int]:
    """When each stage of one run began, and when the last one ended, in microseconds since the epoch."""
    begun = _now()
    run = experiment.submit(config)
    submitted = _now()
    run.wait_for_completion()
    noticed = _now()
    with open(layout.run(experiment.name, run.id).log, encoding="ascii") as log:
        last_words = int(log.read())
    created, leased, ready, started, ended = _recorded(layout, run.id)
    return [begun, created, submitted, leased, ready, started, last_words, ended, noticed]


def _recorded(layout: Layout, run_id: str) -> tuple[int, ...]:
    db = sqlite3.connect(layout.database)
    try:
        (times,) = db.execute(_TIMES, (run_id,)).fetchall()
    finally:
        db.close()
    return tuple(times)


def _milliseconds(moments: list[int]) -> list[float]:
    return [(after - before) / 1e3 for before, after in pairwise(moments)]


def _now() -> int:
    return time.time_ns() // 1_000
