"""Submit an empty script from a running process, and wait until it is Completed; the tree has not changed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from statistics import median

from benchmarks import stages
from benchmarks.beside import milliseconds
from benchmarks.environment import lasting_folder, variables
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.trees import generated
from localexp import Experiment, ScriptRunConfig, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_SCRIPT, _TELLING_SCRIPT = "empty.py", "telling.py"


def submit(settings: Settings) -> list[Row]:
    """With few files and with many."""
    return [_row(settings.count(100, 10), 3.0, 15, settings), _row(settings.count(5_000, 100), 7.0, 7, settings)]


def _row(files: int, goal: float, pairs: int, settings: Settings) -> Row:
    kind = generated(files, 10_000)
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    tree.add(_SCRIPT)
    tree.add(_TELLING_SCRIPT, stages.SCRIPT)
    turn = _Submitting(os.path.join(folder, "workspace"), tree.folder)
    turn.until_completed()
    tree.settle(settings)
    turn.until_completed()
    turn.submits.clear()
    ours, floor = in_turns(turn.until_completed, partial(milliseconds, _two_starts), settings.pairs(pairs))
    of_stages = turn.stages(settings.pairs(pairs))
    return compared(
        f"submit, {files:,} files",
        f"submit of an empty script with {kind.description}, none changed, until it is Completed",
        "two bare Python starts, one after the other",
        "ms",
        ours,
        floor,
        goal=goal,
        note=f"until submit returns: {median(turn.submits):.0f} ms; by stage, in ms: {of_stages}",
    )


class _Submitting:
    """One experiment; ``submits`` has the milliseconds until each ``submit`` returned."""

    def __init__(self, folder: str, source: str) -> None:
        os.mkdir(folder)
        self.submits: list[float] = []
        self._folder = folder
        self._source = source
        self._experiment = Experiment(Workspace(folder), "benchmark")
        self._config = ScriptRunConfig(source_directory=source, script=_SCRIPT)

    def until_completed(self) -> float:
        """The milliseconds of a run that has to end well."""
        return milliseconds(self._run)

    def stages(self, repeats: int) -> str:
        """Where the milliseconds go, with a script that tells when it ran."""
        config = ScriptRunConfig(source_directory=self._source, script=_TELLING_SCRIPT)
        return stages.of_submit(self._folder, self._experiment, config, repeats)

    def _run(self) -> None:
        runs = []
        self.submits.append(milliseconds(lambda: runs.append(self._experiment.submit(self._config))))
        runs[0].wait_for_completion()


def _two_starts() -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", ""], env=variables(), check=True)


BENCHMARKS: dict[str, Benchmark] = {"submit": submit}
