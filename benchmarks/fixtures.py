"""What the pytest plugin costs: with a workspace for each test, and where nothing of localexp is used.

They are measured in turns, in an interpreter in which localexp is installed. Other plugins are left out. Each session
removes the temporary folders of the one before it, as pytest does for everybody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from importlib.metadata import entry_points
from statistics import median

from benchmarks.environment import REPOSITORY, temporary_folder, variables
from benchmarks.fresh import Cost, cost_of
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_GOAL_SECONDS, _GOAL_MILLISECONDS = 3.0, 5.0
_TRIVIAL = "def test_{number}():\n    pass\n\n"
_WITH_WORKSPACE = """
def test_{number}(localexp_workspace):
    assert not localexp_workspace.experiments
"""
_WITH_RUN = """
def test_{number}(localexp_workspace):
    run = Experiment(localexp_workspace, "benchmark").start_logging(snapshot_directory=None)
    for step in range(10):
        run.log("loss", 1 / (step + 1), step=step)
    run.complete()
"""
_WITH_FOLDER = """
def test_{number}(tmp_path):
    assert tmp_path.exists()
"""
_NEEDS_PLUGIN = "the plugin is found where localexp is installed: pip install -e '.[test]'"


def fixtures(settings: Settings) -> list[Row]:
    """Many tests with a workspace each, and a session of few that have nothing to do with localexp."""
    if "localexp" not in _plugins():
        return [Row("fixtures", "pytest with its plugin", "pytest without it", note=_NEEDS_PLUGIN)]
    with temporary_folder() as folder:
        return [
            _of_workspaces(folder, "workspace", _WITH_WORKSPACE, "a localexp_workspace", settings),
            _of_workspaces(
                folder, "run", _WITH_RUN, "a localexp_workspace, and a run in it that logs and completes", settings
            ),
            _of_nothing(folder, settings),
        ]


def _of_workspaces(folder: str, name: str, test: str, what: str, settings: Settings) -> Row:
    tests = settings.count(200, 10)
    ours = _suite(folder, name, test, tests, "from localexp import Experiment\n")
    floor = _suite(folder, f"folder-{name}", _WITH_FOLDER, tests)
    of_ours, of_floor = in_turns(partial(_session, ours), partial(_session, floor), settings.pairs(7))
    more = [one.milliseconds - other.milliseconds for one, other in zip(of_ours, of_floor, strict=True)]
    return compared(
        f"{tests} tests with a {name}",
        f"what {tests} tests that have {what}, take longer",
        f"{tests} tests that have a tmp_path, whole process",
        "s",
        [one / 1e3 for one in more],
        [one.milliseconds / 1e3 for one in of_floor],
        goal_of_ours=_GOAL_SECONDS,
        note=f"{median(more) / tests:.1f} ms a test, {_more_of_a_core(of_ours, of_floor) / tests:.1f} ms of a core",
    )


def _of_nothing(folder: str, settings: Settings) -> Row:
    # The more tests, the less can be seen of it in the noise: it does not depend on their number.
    tests = 5
    found = _sessions(_suite(folder, "trivial", _TRIVIAL, tests), settings.pairs(801))
    return compared(
        "a session without localexp",
        f"what a session of {tests} trivial tests takes longer of a core with the plugin",
        "the same with -p no:localexp, both without the import of pytest itself",
        "ms",
        [of_core - core_of_floor for of_core, _, core_of_floor, _ in found],
        [core_of_floor for _, _, core_of_floor, _ in found],
        goal_of_ours=_GOAL_MILLISECONDS,
        note=f"by the clock {median(clock - clock_of_floor for _, clock, _, clock_of_floor in found):.1f} ms longer",
    )


def _sessions(suite: str, pairs: int) -> list[tuple[float, ...]]:
    command = [sys.executable, "-m", "benchmarks.sessions", str(pairs), *_arguments()]
    paths = {"PYTHONPATH": REPOSITORY, "PYTEST_DEBUG_TEMPROOT": suite}
    done = subprocess.run(command, cwd=suite, env=variables(**paths), check=True, stdout=subprocess.PIPE, text=True)
    return [tuple(map(float, line.split())) for line in done.stdout.splitlines()]


def _suite(folder: str, name: str, test: str, tests: int, head: str = "") -> str:
    """A folder with a file of so many tests."""
    path = os.path.join(folder, name)
    os.mkdir(path)
    with open(os.path.join(path, "pytest.ini"), "w", encoding="ascii") as file:
        file.write("[pytest]\ntmp_path_retention_count = 1\n")
    with open(os.path.join(path, "test_it.py"), "w", encoding="ascii") as file:
        file.write(head + "".join(test.format(number=number) for number in range(tests)))
    return path


def _session(suite: str) -> Cost:
    return cost_of(["-m", "pytest", *_arguments()], suite, PYTHONPATH=REPOSITORY, PYTEST_DEBUG_TEMPROOT=suite)


def _arguments() -> list[str]:
    others = [argument for name in _plugins() if name != "localexp" for argument in ("-p", f"no:{name}")]
    return ["-p", "no:cacheprovider", *others]


def _plugins() -> list[str]:
    return sorted({one.name for one in entry_points(group="pytest11")})


def _more_of_a_core(ours: list[Cost], floor: list[Cost]) -> float:
    return median(one.core_milliseconds - other.core_milliseconds for one, other in zip(ours, floor, strict=True))


BENCHMARKS: dict[str, Benchmark] = {"fixtures": fixtures}
