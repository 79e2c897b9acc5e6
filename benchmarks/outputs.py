"""A script that writes as fast as it can: whether being a run slows it, and how much memory its supervisor takes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time

from benchmarks.environment import lasting_folder, variables
from benchmarks.fresh import cost
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from localexp import Experiment, ScriptRunConfig, Workspace
from localexp.store.layout import STORE_FOLDER, Layout
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings
    from localexp import Run

_SCRIPT = "write.py"
# Unbuffered, so that each line is written by itself.
_CONTENT = """
import sys, time
line = "x" * 1023 + "\\n"
started = time.perf_counter()
for _ in range(int(sys.argv[1])):
    sys.stdout.write(line)
seconds = time.perf_counter() - started
with open(sys.argv[2], "w") as file:
    file.write(str(seconds))
"""
_FLOOR_OF_MEMORY = "import sqlite3, json"
_LOOK_EVERY_SECONDS = 0.01


def output(settings: Settings) -> list[Row]:
    """The seconds are the script's own; the memory is that of its supervisor, until the run has ended."""
    lines = settings.count(2**20, 2**14)
    folder = lasting_folder()
    writing = _Writing(folder, lines)
    seconds = in_turns(writing.of_run, writing.by_hand, settings.pairs(5))
    measured = f"a script writes {lines / 2**10:,.0f} MiB to its stdout in lines of 1 KiB"
    speed = compared(
        "output",
        f"{measured}, as a run",
        "the same script, unbuffered, with a plain file as its stdout",
        "s",
        *seconds,
        goal=1.1,
    )
    return [speed, _memory(f"the peak of a supervisor while {measured}", folder, writing.peaks)]


class _Writing:
    """``peaks`` has the most megabytes that each supervisor held, where the system tells."""

    def __init__(self, folder: str, lines: int) -> None:
        self.peaks: list[float] = []
        source, workspace = os.path.join(folder, "source"), os.path.join(folder, "workspace")
        for place in (source, workspace):
            os.mkdir(place)
        self._script = os.path.join(source, _SCRIPT)
        with open(self._script, "w", encoding="ascii") as script:
            script.write(_CONTENT)
        self._seconds = os.path.join(folder, "seconds")
        self._plain_file = os.path.join(folder, "plain")
        self._arguments = [str(lines), self._seconds]
        self._layout = Layout(os.path.join(workspace, STORE_FOLDER))
        self._experiment = Experiment(Workspace(workspace), "benchmark")
        self._config = ScriptRunConfig(source_directory=source, script=_SCRIPT, arguments=self._arguments)

    def of_run(self) -> float:
        """The seconds that the script of a run says it took."""
        run = self._experiment.submit(self._config)
        if sys.platform == "linux":
            self.peaks.append(_peak_megabytes(_supervisor(self._layout, run)))
        run.wait_for_completion()
        os.unlink(self._layout.run(self._experiment.name, run.id).log)
        return self._told()

    def by_hand(self) -> float:
        """The seconds that it says it took without a run."""
        with open(self._plain_file, "wb") as file:
            command = [sys.executable, "-u", self._script, *self._arguments]
            # In a session of its own, as a run is: on a busy machine each session gets the same share.
            subprocess.run(command, stdout=file, env=variables(), check=True, start_new_session=True)
        os.unlink(self._plain_file)
        return self._told()

    def _told(self) -> float:
        with open(self._seconds, encoding="ascii") as file:
            return float(file.read())


def _supervisor(layout: Layout, run: Run) -> int:
    db = sqlite3.connect(layout.database)
    try:
        (owner,) = db.execute("SELECT owner FROM _runs WHERE id = ?", (run.id,)).fetchone()
    finally:
        db.close()
    return Owner.parse(owner).pid


def _peak_megabytes(pid: int) -> float:
    """The largest resident set that a process has had, when it has ended."""
    peak = 0.0
    while (found := _peak_so_far(pid)) is not None:
        peak = found
        time.sleep(_LOOK_EVERY_SECONDS)
    return peak


def _peak_so_far(pid: int) -> float | None:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            # Whoever has ended has no memory left to tell of.
            return next((int(line.split()[1]) * 1024 / 1e6 for line in file if line.startswith("VmHWM:")), None)
    except (FileNotFoundError, ProcessLookupError):
        return None


def _memory(measured: str, folder: str, peaks: list[float]) -> Row:
    name, goal = "output, memory", 40.0
    if not peaks:
        return Row(name, measured, _FLOOR_OF_MEMORY, goal_of_ours=goal, note="this system does not tell")
    floor = [cost(_FLOOR_OF_MEMORY, folder).peak_megabytes for _ in peaks]
    return compared(name, measured, f"a process of: {_FLOOR_OF_MEMORY}", "MB", peaks, floor, goal_of_ours=goal)


BENCHMARKS: dict[str, Benchmark] = {"output": output}
