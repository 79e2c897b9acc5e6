"""A run that something befalls, and what has to be so afterwards whatever it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from textwrap import dedent

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.store import checkouts, runs
from localexp.store.owners import Owner
from tests.left_behind import of_workspaces_below, processes
from tests.processes import Project, wait_until

POINTS = 20
# The script says of each point that it was logged, where nobody but the test reads it, for each run by itself.
LOGGING = """
import os
from localexp import Run
run = Run.get_context()
told = os.open({told!r} + run.id, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
def log(step):
    run.log("loss", float(step), step=step)
    os.write(told, b".")
for step in range({points}):
    log(step)
"""


class Trial:
    """One run of a script that logs points before, and maybe while, something happens to it."""

    run: Run

    def __init__(self, experiment: Experiment, project: Project, folder: Path) -> None:
        self.experiment = experiment
        self.project = project
        self.folder = folder

    def config(self, script: str, arguments: list[str] | None = None) -> ScriptRunConfig:
        """Of a script that has logged some points before it does what is given here."""
        before = LOGGING.format(told=str(self.folder / "told-"), points=POINTS)
        self.project.write("train.py", before + dedent(script))
        return self.project.config(arguments=arguments)

    def submit(self, script: str, arguments: list[str] | None = None) -> Run:
        self.run = self.experiment.submit(self.config(script, arguments))
        return self.run

    def wait_for_points(self, more: int = 0) -> None:
        """Wait until the script has logged its first points, and so many more."""
        wait_until(lambda: self.acknowledged() >= POINTS + more, "the script has logged its points")

    def acknowledged(self) -> int:
        told = self.folder / f"told-{self.run.id}"
        return told.stat().st_size if told.exists() else 0

    def printed(self) -> str:
        log = Path(self.run._layout.log)
        return log.read_text() if log.exists() else ""

    def record(self) -> runs.RunRecord:
        """The row of the run as it stands, judged by nobody."""
        with self.experiment.workspace._store.main.reading() as db:
            found = runs.find(db, self.run.id)
        assert found is not None
        return found

    def processes_of_script(self) -> list[int]:
        return [one.pid for one in processes() if one.variables.get("LOCALEXP_RUN_ID") == self.run.id]

    def owner(self) -> Owner:
        owner = self.record().owner
        assert owner is not None
        return Owner.parse(owner)

    def kill_supervisor(self) -> None:
        owner = self.owner()
        os.kill(owner.pid, signal.SIGKILL)
        wait_until(lambda: not owner.is_alive(), "the supervisor is dead")

    def assert_all_is_well(self, status: str, reason: str = "", kept_trees: int = 0) -> None:
        """The run has ended, once, for this reason; no point is lost, no process is left, the next run completes.

        ``kept_trees`` is how many checkouts keep, for the user, what could not be moved to the run.
        """
        details = self.run.wait_for_completion(raise_on_error=False)
        assert details["status"] == status, details
        assert reason in str(details.get("error", "")), details
        assert ("error" in details) == bool(status == "Failed" or reason), details
        self._assert_that_others_see_the_same_end(details)
        self._assert_that_points_are_there()
        self._assert_that_nothing_is_left(kept_trees)
        self._assert_that_the_next_run_completes()
        self._assert_that_others_see_the_same_end(details)

    def _assert_that_others_see_the_same_end(self, details: dict[str, object]) -> None:
        with_own_eyes = Run.get(Workspace(self.experiment.workspace.path), self.run.id).get_details()
        for key in ("status", "endTimeUtc", "error", "exitCode"):
            assert with_own_eyes.get(key) == details.get(key)
        assert self.record().owner is None

    def _assert_that_points_are_there(self) -> None:
        found = self.run.get_metrics().get("loss", [])
        points = found if isinstance(found, list) else [found]
        assert points == [float(step) for step in range(len(points))]
        # Of the last one the script may have died before it could tell.
        assert self.acknowledged() <= len(points) <= self.acknowledged() + 1

    def _assert_that_nothing_is_left(self, kept_trees: int) -> None:
        store = self.experiment.workspace._store
        assert not of_workspaces_below(self.experiment.workspace.path)
        assert not [str(one) for one in processes() if one.is_of_run(self.run.id)]
        with store.main.reading() as db:
            assert checkouts.of_run(db, self.record().key) is None
            folders = {tree.folder for tree in [*checkouts.idle(db), *checkouts.left(db)]}
        assert len({tree.name for tree in Path(store.layout.checkouts).glob("*")} - folders) == kept_trees
        journals = Path(self.run._layout.journals)
        # One of a writer that died before it could say who it was is removed a minute later.
        assert not [file for file in journals.glob("*") if file.stat().st_size]

        assert not os.path.exists(self.run._layout.handover)

    def _assert_that_the_next_run_completes(self) -> None:
        self.project.write("next.py", "from localexp import Run; Run.get_context().log('next', 1)")
        following = self.experiment.submit(self.project.config("next.py"))
        assert following.wait_for_completion()["status"] == "Completed"
        assert following.get_metrics() == {"next": 1}
        with self.experiment.workspace._store.main.reading() as db:
            assert not checkouts.left(db)
