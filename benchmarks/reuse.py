"""``submit(reuse=True)`` of what is Completed already, beside a snapshot of the same tree, which it has to take."""

from __future__ import annotations

import os
from functools import partial

from benchmarks.beside import milliseconds
from benchmarks.environment import lasting_folder
from benchmarks.keepers.ours import OurKeeper
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.trees import generated
from localexp import Experiment, Run, ScriptRunConfig, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_SCRIPT = "empty.py"


def reuse(settings: Settings) -> list[Row]:
    """With few files and with many."""
    return [_row(settings.count(100, 10), settings), _row(settings.count(5_000, 100), settings)]


def _row(files: int, settings: Settings) -> Row:
    kind = generated(files, 10_000)
    folder = lasting_folder()
    tree = kind.make(os.path.join(folder, "tree"))
    tree.add(_SCRIPT)
    turn, keeper = _Reusing(folder, tree.folder), OurKeeper(os.path.join(folder, "kept"), tree.folder)
    keeper.keep()
    tree.settle(settings)
    for _ in range(2):
        turn.submit()
        keeper.keep()
    ours, floor = in_turns(partial(milliseconds, turn.submit), partial(milliseconds, keeper.keep), settings.pairs(31))
    keeper.close()
    return compared(
        f"submit again with reuse, {files:,} files",
        f"submit(reuse=True) of what is Completed, with {kind.description}, none changed",
        "a snapshot of the tree",
        "ms",
        ours,
        floor,
        goal=2.0,
    )


class _Reusing:
    """An experiment that has a Completed run of the tree."""

    def __init__(self, folder: str, source: str) -> None:
        self._experiment = Experiment(Workspace(os.path.join(folder, "workspace")), "benchmark")
        self._config = ScriptRunConfig(source, _SCRIPT)
        self._run: Run = self._experiment.submit(self._config)
        self._run.wait_for_completion()

    def submit(self) -> None:
        found = self._experiment.submit(self._config, reuse=True)
        assert found.id == self._run.id


BENCHMARKS: dict[str, Benchmark] = {"reuse": reuse}
