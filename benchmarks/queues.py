"""Runs that wait in the queue for their turn: what each costs over its script."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.environment import lasting_folder, variables
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from localexp import Experiment, ScriptRunConfig, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_AT_ONCE = 2
_SECONDS = 0.1
_SCRIPT = "sleep.py"


def queue(settings: Settings) -> list[Row]:
    """All are submitted at once by one process, which then waits for them."""
    runs = settings.count(100, 6)
    folder = lasting_folder()
    source, workspace = os.path.join(folder, "source"), os.path.join(folder, "workspace")
    for place in (source, workspace):
        os.mkdir(place)
    with open(os.path.join(source, _SCRIPT), "w", encoding="ascii") as script:
        script.write(f"import time; time.sleep({_SECONDS})\n")
    ours, floor = in_turns(
        _Queue(workspace, source, runs).milliseconds_a_run, partial(_by_hand, source, runs), settings.pairs(3)
    )
    sleeping = _SECONDS * 1e3 / _AT_ONCE
    return [
        compared(
            "queue",
            f"{runs} runs that sleep {_SECONDS:g} s, {_AT_ONCE} at once, each submit to the end of the last, a run",
            f"the same scripts started by hand, {_AT_ONCE} at once",
            "ms",
            ours,
            floor,
            note=f"beyond the sleep of {sleeping:g} ms: {median(ours) - sleeping:.0f} ms a run, by hand "
            f"{median(floor) - sleeping:.0f} ms",
        )
    ]


class _Queue:
    def __init__(self, folder: str, source: str, runs: int) -> None:
        workspace = Workspace(folder)
        workspace.set_setting("max_concurrent_runs", _AT_ONCE)
        self._experiment = Experiment(workspace, "benchmark")
        self._config = ScriptRunConfig(source_directory=source, script=_SCRIPT)
        self._runs = runs

    def milliseconds_a_run(self) -> float:
        """All of them have to end well."""
        started = perf_counter()
        for run in [self._experiment.submit(self._config) for _ in range(self._runs)]:
            run.wait_for_completion()
        return (perf_counter() - started) * 1e3 / self._runs


def _by_hand(source: str, runs: int) -> float:
    started = perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_start, source), range(runs)))
    return (perf_counter() - started) * 1e3 / runs


def _start(source: str, _: int) -> None:
    subprocess.run([sys.executable, os.path.join(source, _SCRIPT)], env=variables(), check=True)


BENCHMARKS: dict[str, Benchmark] = {"queue": queue}
