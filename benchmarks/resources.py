"""What it costs to sample the processes of a script: the supervisor's time of a core, with and without."""

from __future__ import annotations

import os
import time
from functools import partial

from benchmarks.environment import temporary_folder
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from localexp import Experiment, ScriptRunConfig, Workspace
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_GOAL_PERCENT = 1.0
_SCRIPT = """
import subprocess, sys, time
sleeping = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
children = [subprocess.Popen(sleeping) for _ in range(int(sys.argv[1]) - 1)]
time.sleep(float(sys.argv[2]))
for child in children:
    child.kill()
    child.wait()
"""


def resources(settings: Settings) -> list[Row]:
    """Of one process and of many."""
    return [_row(1, settings), _row(settings.count(50, 5), settings)]


def _row(processes: int, settings: Settings) -> Row:
    seconds = settings.count(30, 4)
    with temporary_folder() as folder:
        os.mkdir(os.path.join(folder, "tree"))
        with open(os.path.join(folder, "tree", "train.py"), "w", encoding="utf-8") as file:
            file.write(_SCRIPT)
        measure = partial(_percent_of_a_core, folder, processes, seconds)
        period = settings.count(5, 1)
        ours, floor = in_turns(partial(measure, period), partial(measure, 0), settings.pairs(1))
    more = [with_samples - without for with_samples, without in zip(ours, floor, strict=True)]
    return compared(
        f"resources, {processes} processes",
        f"the supervisor over {seconds} s of a script of {processes} processes, sampled every {period} s",
        "the same, not sampled",
        "% of a core",
        ours,
        floor,
        goal_of_ours=_GOAL_PERCENT,
        note=f"more than without: {max(more):.3f} % of a core",
    )


def _percent_of_a_core(folder: str, processes: int, seconds: float, period: int) -> float:
    workspace = Workspace(folder)
    workspace.set_setting("resources.sample_seconds", period)
    config = ScriptRunConfig(os.path.join(folder, "tree"), "train.py", [processes, seconds + 1])
    run = Experiment(workspace, "resources").submit(config)
    # From when it waits on.
    time.sleep(0.5)
    owner = Owner.parse(str(run._current().owner))
    before, began = _nanoseconds_of_a_core(owner.pid), time.monotonic()
    time.sleep(seconds)
    spent, took = _nanoseconds_of_a_core(owner.pid) - before, time.monotonic() - began
    run.wait_for_completion()
    return spent / 1e7 / took


def _nanoseconds_of_a_core(pid: int) -> int:
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


BENCHMARKS: dict[str, Benchmark] = {"resources": resources}
