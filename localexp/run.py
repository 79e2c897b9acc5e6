"""Run: one trial, what it logs, and what is known of it."""

from __future__ import annotations

import os
import sys

from localexp import metrics
from localexp.errors import (
    ActivityFailedException,
    RunEnvironmentException,
    RunNotFound,
    StoreError,
    UserErrorException,
)
from localexp.execution import context
from localexp.journal.writer import JournalWriter
from localexp.metrics import LARGEST_STEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from types import TracebackType
    from typing import Any

    from localexp.execution.ending import Outcome
    from localexp.experiment import Experiment
    from localexp.offline import OfflineRun
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace


class Run:
    """Attach to an existing run.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :raises RunNotFound: the workspace has no such run.
    """

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        self._experiment = experiment
        self._record: RunRecord | None = _found(experiment.workspace, run_id)
        if self._record.experiment != experiment._record.key:
            raise UserErrorException(
                f"run {run_id} is in the experiment {self._record.experiment_name!r}, not in {experiment.name!r}; "
                "Run.get(workspace, run_id) finds it wherever it is"
            )
        self._id = run_id
        self._writer: JournalWriter | None = None

    @classmethod
    def _of(cls, experiment: Experiment, record: RunRecord, writer: JournalWriter | None = None) -> Run:
        run = cls.__new__(cls)
        run._experiment = experiment
        run._record = record
        run._id = record.id
        run._writer = writer
        return run

    def __repr__(self) -> str:
        return f"Run(Experiment: {self.experiment.name},\nId: {self.id},\nStatus: {self.get_status()})"

    # Getting hold of a run

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """The run with this id.

        :raises RunNotFound: there is none; the error names ids that are alike.
        """
        record = _found(workspace, run_id)
        return Run._of(_experiment_of(workspace, record), record)

    @classmethod
    def get_context(cls, allow_offline: bool = True) -> Run | OfflineRun:
        """The run that this process was submitted as; each call returns the same object.

        :param allow_offline: outside a run, return one that prints what would be logged.
        :raises RunEnvironmentException: outside a run, if ``allow_offline`` is False.
        """
        here = context.current()
        if here is None:
            if not allow_offline:
                raise RunEnvironmentException
            from localexp.offline import OfflineRun

            return OfflineRun()
        if here.run_id not in _submitted:
            _submitted[here.run_id] = SubmittedRun(here)
        return _submitted[here.run_id]

    # What it is

    @property
    def id(self) -> str:
        """Its id, unique in the workspace."""
        return self._id

    @property
    def experiment(self) -> Experiment:
        """The experiment that it is in."""
        return self._experiment

    @property
    def number(self) -> int:
        """Counts the runs of the experiment, from 1."""
        return self._known().number

    @property
    def display_name(self) -> str | None:
        """A name for people."""
        return self._known().display_name

    @property
    def type(self) -> str | None:
        """``"azureml.scriptrun"`` for a submitted run, None for an interactive one."""
        return self._known().type

    @property
    def status(self) -> str:
        """The status when it was last asked for; ``get_status`` asks anew."""
        return self._known().status

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags, as ``get_tags`` returns them."""
        return self.get_tags()

    def get_status(self) -> str:
        """NotStarted, Preparing, Running, Finalizing, Completed or Failed.

        A run whose process has died is found out here, and ended as Failed.
        """
        return self._current().status

    def get_tags(self) -> dict[str, str | None]:
        """All tags as they stand now."""
        from localexp.store import tags

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return tags.of_run(db, record.key)

    def get_details(self) -> dict[str, Any]:
        """What is known of the run, in Azure ML's shape: runId, status, times, error, warnings, properties, …

        ``error`` is ``{"error": {"code", "message", "exitCode"}, "time"}``. What has no value is absent.
        """
        from localexp.execution.details import details

        return details(self._workspace._store, self._current())

    def get_portal_url(self) -> str:
        """Write a page of the run as it stands now, and return its ``file://`` address.

        The page needs nothing but itself. It is written anew by each call, and when ``wait_for_completion`` returns.
        """
        from localexp.report.page import write_page

        return write_page(self._workspace._store, self._current())

    # What it says

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log one value of a metric. It is kept when this returns, and survives the death of the process.

        :param name: any text; ``/`` makes groups.
        :param value: a number, text, bool or None; scalars of numpy and the like become Python's. (Azure ML keeps
            ``numpy.int64`` as a text.)
        :param description: any text, kept with the metric.
        :param step: an integer, kept with the value.
        :raises UserErrorException: the value is no scalar, or the run has ended. A disk that is full and the like
            never raise: what could not be kept is counted, and the run carries a warning.
        """
        if type(name) is not str:
            name = metrics.checked_name(name)
        if type(value) is not float:
            value = metrics.scalar(name, value)
        if step is not None and not (type(step) is int and -LARGEST_STEP <= step <= LARGEST_STEP):
            step = metrics.checked_step(name, step)
        writer = self._writer or self._writer_for_metrics()
        if not writer.point(name, value, step):
            # It was closed by the end of the run; another thread or object may have brought that about.
            writer = self._writer_for_metrics()
            writer.point(name, value, step)
        if description:
            writer.describe(name, str(description))

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag, whether or not the run has ended.

        :param key: any text.
        :param value: any text; what is not a text becomes one. None for a tag without value.
        """
        self._say(tag=str(key), value=None if value is None else str(value))

    def flush(self, timeout_seconds: int = 300) -> None:
        """See to it that all that was logged is in the database; readers would do so themselves."""
        self._current()

    def get_metrics(self, name: str | None = None) -> dict[str, Any]:
        """Metrics by name: the bare value of one that was logged once, otherwise the list of its values in order.

        :param name: only this metric; the result is empty if there is none.
        """
        from localexp.store import points

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return metrics.shaped(points.values(db, record.key, name))

    # Its files

    def get_file_names(self) -> list[str]:
        """The names of its files: logs, and what the script wrote; of a running script, what is there by now."""
        from localexp.execution import files

        return list(files.by_name(self._workspace._store, self._current()))

    def download_file(self, name: str, output_file_path: str | os.PathLike[str] | None = None) -> None:
        """Copy a file of the run.

        :param name: its name as in ``get_file_names``.
        :param output_file_path: a path, or a directory that is there; by default the working directory.
        :raises UserErrorException: the run has no such file, or it cannot be written there.
        """
        from localexp.execution import files

        target = None if output_file_path is None else os.fspath(output_file_path)
        files.download(self._workspace._store, self._current(), name, target)

    # Its end

    def wait_for_completion(self, show_output: bool = False, raise_on_error: bool = True) -> dict[str, Any]:
        """Wait until the run has ended, and return its details.

        :param show_output: copy the log to standard output while waiting.
        :param raise_on_error: raise if the run failed.
        :raises ActivityFailedException: the run is Failed; its message ends with the reason.
        """
        from localexp.execution import interactive
        from localexp.execution.details import details
        from localexp.execution.logs import LogFollower
        from localexp.execution.waiting import wait
        from localexp.report.page import rewrite_page

        store = self._workspace._store
        if interactive.is_open(store, self.id):
            raise UserErrorException(f"run {self.id} is this process itself, which would wait for ever: complete() it")
        if show_output:
            print(f"RunId: {self.id}\nWeb View: {self.get_portal_url()}\n", flush=True)
            follower = LogFollower(self._layout.log, sys.stdout)
            self._record = wait(store, self._known().key, follower)
            follower.finish()
        else:
            self._record = wait(store, self._known().key)
        rewrite_page(store, self._record)
        found = details(store, self._record)
        if show_output:
            print(f"\nRunId: {self.id}\nStatus: {self._record.status}", flush=True)
        if raise_on_error and self._record.status == "Failed":
            error = self._record.error_parts()
            raise ActivityFailedException(f"run {self.id} failed: {metrics.message_of(error)}", error)
        return found

    def complete(self) -> None:
        """End an interactive run as Completed.

        :raises UserErrorException: it has ended already, or is not of this process.
        """
        from localexp.execution import ending

        self._end(ending.Outcome("Completed"))

    def fail(self, error_details: str | BaseException | None = None, error_code: str | None = None) -> None:
        """End an interactive run as Failed.

        :param error_details: a text or an exception that says why.
        :param error_code: by default ``"UserError"``.
        :raises UserErrorException: it has ended already, or is not of this process.
        """
        from localexp.execution import ending

        self._end(ending.failed(ending.error_text(error_details), code=error_code or "UserError"))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: builtins.type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from localexp.execution import interactive

        if not interactive.is_open(self._workspace._store, self._id):
            # It was ended within the block, or this is a forked child, whose parent will end it.
            return
        if error is None or (isinstance(error, SystemExit) and error.code in (0, None)):
            self.complete()
        else:
            self.fail(error)

    # Below the surface

    @property
    def _workspace(self) -> Workspace:
        return self._experiment.workspace

    @property
    def _layout(self) -> RunLayout:
        return self._workspace._store.layout.run(self._experiment.name, self._id)

    def _known(self) -> RunRecord:
        if self._record is None:
            self._record = _found(self._workspace, self._id)
        return self._record

    def _current(self) -> RunRecord:
        from localexp.execution.ownership import current
        from localexp.store import runs

        store = self._workspace._store
        with store.main.reading() as db:
            record = runs.by_key(db, self._known().key)
        self._record = current(store, record)
        return self._record

    def _end(self, outcome: Outcome) -> None:
        from localexp.execution import interactive

        interactive.end(self._workspace._store, self._known(), outcome)
        self._writer = None

    def _writer_for_metrics(self) -> JournalWriter:
        """The journal of this object, begun with the first value: only then is the status looked at."""
        from localexp.execution import interactive

        own = interactive.open_writer(self._workspace._store, self.id)
        if own is None and self._current().has_ended:
            raise UserErrorException(f"run {self.id} is {self.status}: only a run that goes on can log metrics")
        self._writer = own or self._attached_writer()
        return self._writer

    def _attached_writer(self) -> JournalWriter:
        from localexp.execution.attaching import attached_writer

        return attached_writer(self._workspace._store, self._known())

    def _say(self, **words: object) -> None:
        if self._writer is not None and self._writer.say(**words):
            return
        writer = self._attached_writer()
        writer.say(**words)
        if writer.close():
            raise StoreError(f"what was said of run {self.id} could not be kept: {writer.problem}")


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
            self._attached_experiment = _experiment_of(self._workspace, self._known())
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


def _found(workspace: Workspace, run_id: object) -> RunRecord:
    from localexp.store import runs

    if not isinstance(run_id, str):
        raise UserErrorException(f"a run id is a text, not {run_id!r}")
    with workspace._store.main.reading() as db:
        record = runs.find(db, run_id)
        if record is None:
            raise RunNotFound(run_id, runs.ids_like(db, run_id))
    return record


def _experiment_of(workspace: Workspace, record: RunRecord) -> Experiment:
    from localexp.experiment import Experiment
    from localexp.store import experiments

    with workspace._store.main.reading() as db:
        return Experiment._of(workspace, experiments.by_key(db, record.experiment))
