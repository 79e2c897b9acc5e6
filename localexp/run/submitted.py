"""What ``Run.get_context()`` gives inside a submitted run."""

from __future__ import annotations

import os
from warnings import warn

from localexp.errors import StoreError
from localexp.execution import context
from localexp.journal.writer import JournalWriter
from localexp.run.core import experiment_of
from localexp.run.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable
    from types import TracebackType

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

    def __reduce__(self) -> tuple[Callable[[context.Context], Run], tuple[context.Context]]:
        return received, (self._here,)

    @property
    def experiment(self) -> Experiment:
        """The experiment that it is in."""
        if self._attached_experiment is None:
            self._attached_experiment = experiment_of(self._workspace, self._known())
        return self._attached_experiment

    @property
    def _workspace(self) -> Workspace:
        if self._is_elsewhere():
            raise StoreError(
                f"run {self.id} is executed where its workspace is not: it can log, tag and upload, but nothing of it "
                "can be read before it has been brought back"
            )
        if self._attached_workspace is None:
            from localexp.workspace import Workspace

            self._attached_workspace = Workspace._attached(self._here.workspace)
        return self._attached_workspace

    @property
    def _layout(self) -> RunLayout:
        return self._own_layout

    def _is_elsewhere(self) -> bool:
        """Whether this is a place to which the run was exported, which has no store."""
        return os.path.exists(context.store_layout(self._here).exported)

    def _properties_to_keep(self) -> dict[str, str | None]:
        # Where they cannot be known, the first that was given stands, with a warning on the run.
        return {} if self._is_elsewhere() else super()._properties_to_keep()

    def _is_over(self) -> bool:
        """Whether its script has ended, and this process, in which that ran, has gone on."""
        return self._writer is not None and self._writer.is_closed

    def _check_folder(self) -> None:
        if not os.path.isdir(self._layout.journals):
            raise FileNotFoundError("the run has ended, or its folder is gone")

    def _check_store(self) -> None:
        # Before anything more is imported: this package may be found through the store, and be gone with it.
        if not os.path.exists(context.store_layout(self._here).database) and not self._is_elsewhere():
            raise StoreError(f"the workspace in {self._here.workspace} is gone: run {self.id} cannot be given files")

    def _prepare_folder(self) -> None:
        self._check_store()
        if not os.path.isdir(self._layout.journals):
            super()._prepare_folder()

    def complete(self, _set_status: bool = True) -> None:
        """Do nothing: everything is kept already, and the exit of the script decides how the run ends."""

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
        _set_status: bool = True,
    ) -> None:
        """Say why as a warning on the run, which goes on; the exit of the script decides how it ends.

        :param error_details: a text or an exception.
        :param error_code: has no effect.
        :raises TypeError: ``error_details`` is of another type.
        """
        from localexp.execution.ending import error_text

        self._say({"warning": error_text(error_details), "source": "script"})

    def cancel(self) -> None:
        """Warn that a script cannot cancel the run that it is; another process can, with ``Run.get(…).cancel()``."""
        warn(f"run {self.id} cannot cancel itself: end the script instead", UserWarning, stacklevel=2)

    def __enter__(self) -> SubmittedRun:
        return self

    def __exit__(
        self, kind: builtins.type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.complete()

    def flush(self, timeout_seconds: int = 300) -> None:
        """Do nothing: what was logged is kept already, and whoever reads sees it."""


_submitted: dict[tuple[str, str], SubmittedRun] = {}


def submitted_run(here: context.Context) -> SubmittedRun:
    """The run of this context, the same object each time."""
    key = here.workspace, here.run_id
    if key not in _submitted or _submitted[key]._is_over():
        _submitted[key] = SubmittedRun(here)
    return _submitted[key]


def received(sent: context.Context) -> Run:
    """The run of a script that was sent to this process: as a worker's of the same run, or attached to from outside."""
    here = context.current()
    if here is not None and here.run_id == sent.run_id:
        return submitted_run(here)
    from localexp.workspace import reopened

    return Run.get(reopened(sent.workspace), sent.run_id)
