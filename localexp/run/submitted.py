"""What ``Run.get_context()`` gives inside a submitted run."""

from __future__ import annotations

import os

from localexp import metrics
from localexp.execution import context
from localexp.journal.writer import JournalWriter
from localexp.run.core import experiment_of
from localexp.run.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.ending import Outcome
    from localexp.experiment import Experiment
    from localexp.store.layout import RunLayout
    from localexp.workspace import Workspace


class SubmittedRun(Run):
    """The run that this process is. Its launcher decides how it ends: ``complete`` and ``fail`` only say so."""

    def __init__(self, here: context.Context) -> None:
        self._here = here
        self._id = here.run_id
        self._record = None
        # Not through the workspace, which would import sqlite3 for a script that only logs.
        self._own_layout = context.run_layout(here)
        self._writer = JournalWriter(self._own_layout, here.run_id, self._check_folder)
        self._attached_experiment: Experiment | None = None
        self._attached_workspace: Workspace | None = None

    @property
    def experiment(self) -> Experiment:
        """The experiment that it is in."""
        if self._attached_experiment is None:
            self._attached_experiment = experiment_of(self._workspace, self._known())
        return self._attached_experiment

    @property
    def _workspace(self) -> Workspace:
        if self._attached_workspace is None:
            from localexp.workspace import Workspace

            self._attached_workspace = Workspace._attached(self._here.workspace)
        return self._attached_workspace

    @property
    def _layout(self) -> RunLayout:
        return self._own_layout

    def _check_folder(self) -> None:
        if not os.path.isdir(self._layout.journals):
            raise FileNotFoundError("the run has ended, or its folder is gone")

    def _end(self, outcome: Outcome) -> None:
        assert self._writer is not None
        if outcome.error is not None:
            self._writer.say(warning=metrics.message_of(outcome.error), source="script")

    def flush(self, timeout_seconds: int = 300) -> None:
        """Do nothing: what was logged is kept already, and whoever reads sees it."""


_submitted: dict[str, SubmittedRun] = {}


def submitted_run(here: context.Context) -> SubmittedRun:
    """The run of this context, the same object each time."""
    if here.run_id not in _submitted:
        _submitted[here.run_id] = SubmittedRun(here)
    return _submitted[here.run_id]
