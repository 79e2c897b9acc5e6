"""Run: one trial, what it logs, and what is known of it."""

from __future__ import annotations

import sys

from localexp import metrics
from localexp.errors import (
    ActivityFailedException,
    RunEnvironmentException,
    StoreError,
    UserErrorException,
)
from localexp.execution import context
from localexp.metrics import LARGEST_STEP
from localexp.run.core import experiment_of, found
from localexp.run.files import FilesOfRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from types import TracebackType
    from typing import Any

    from localexp.execution.ending import Outcome
    from localexp.journal.writer import JournalWriter
    from localexp.offline import OfflineRun
    from localexp.workspace import Workspace


class Run(FilesOfRun):
    """Attach to an existing run.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :raises RunNotFound: the workspace has no such run.
    """

    # Getting hold of a run

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """The run with this id.

        :raises RunNotFound: there is none; the error names ids that are alike.
        """
        record = found(workspace, run_id)
        return Run._of(experiment_of(workspace, record), record)

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
        from localexp.run.submitted import submitted_run

        return submitted_run(here)

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
