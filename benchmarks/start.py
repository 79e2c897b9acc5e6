"""What a fresh process pays for localexp: the whole process is timed, the interpreter's own start included."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from benchmarks.contestants import METRIC, contestant
from benchmarks.environment import REPOSITORY, temporary_folder
from benchmarks.fresh import Cost, cost
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_SQLITE = "import sqlite3"
_SQLITE_AND_JSON = "import sqlite3, json"
_IMPORT = "import localexp"
_SUBMITTED = f"from localexp import Run; Run.get_context().log({METRIC!r}, 0.25, step=1)"
_WHOLE_RUN = f"""
from localexp import Experiment, Workspace
run = Experiment(Workspace(), "benchmark").start_logging(snapshot_directory=None)
run.log({METRIC!r}, 0.25)
run.complete()
"""


def imports(settings: Settings) -> list[Row]:
    """The bare import, and what a submitted script does until its first value is kept."""
    with temporary_folder() as folder, closing(contestant("ours").start(folder, "first")) as writer:
        # The folder of journals, which a submitted script finds ready, is made with the first value.
        writer.log(METRIC, 0.5, step=0)
        here = {"LOCALEXP_RUN_ID": "first", "LOCALEXP_EXPERIMENT": "benchmark", "LOCALEXP_WORKSPACE": folder}
        return [
            _start_row("import", _IMPORT, folder, {}, settings, goal=1.25),
            _start_row("import and log", _SUBMITTED, folder, here, settings),
        ]


def _start_row(
    name: str, code: str, folder: str, more: dict[str, str], settings: Settings, goal: float | None = None
) -> Row:
    ours, floor = in_turns(partial(_our_cost, code, folder, more), partial(cost, _SQLITE, folder), settings.pairs(61))
    return compared(
        name,
        f"a process of: {code}",
        f"a process of: {_SQLITE}",
        "ms",
        [one.milliseconds for one in ours],
        [one.milliseconds for one in floor],
        goal=goal,
    )


def _our_cost(code: str, folder: str, more: dict[str, str]) -> Cost:
    """Of this checkout's localexp, whichever is installed; the floor is spared the longer path."""
    return cost(code, folder, PYTHONPATH=REPOSITORY, **more)


def fresh(settings: Settings) -> list[Row]:
    """Open a workspace that is there, start a run without snapshot, log one value, complete it."""
    with temporary_folder() as folder:
        contestant("ours").start(folder, "first").close()
        ours, floor = in_turns(
            partial(_our_cost, _WHOLE_RUN, folder, {}), partial(cost, _SQLITE_AND_JSON, folder), settings.pairs(61)
        )
    measured = "a process that imports, opens, starts a run without snapshot, logs, completes"
    floor_name = f"a process of: {_SQLITE_AND_JSON}"
    return [
        compared(
            "fresh process",
            measured,
            floor_name,
            "ms",
            [one.milliseconds for one in ours],
            [one.milliseconds for one in floor],
            goal=2.5,
        ),
        compared(
            "fresh process, memory",
            f"{measured}: its peak",
            floor_name,
            "MB",
            [one.peak_megabytes for one in ours],
            [one.peak_megabytes for one in floor],
            goal_of_ours=20.0,
        ),
    ]


BENCHMARKS: dict[str, Benchmark] = {"import": imports, "fresh": fresh}
