"""What a run is: its identity, its state, and what is known of it."""

from __future__ import annotations

from localexp.advice import Advising
from localexp.errors import LocalexpError, RunNotFound, StoreError, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any, TypeVar

    from localexp.experiment import Experiment
    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace

    AnyRun = TypeVar("AnyRun", bound="RunCore")


class RunCore(Advising):
    """Attach to an existing run.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :param outputs: for a run that this very process has started: the folder whose files are kept at its end, instead of
        the one that it was started with. For any other it has no effect.
    :param kwargs: accepted as Azure ML's private ones are, without effect.
    :raises RunNotFound: the workspace has no such run.
    :raises UserErrorException: it is in another experiment, the experiment is none, or ``outputs`` cannot be a folder.
    """

    def __init__(
        self, experiment: Experiment, run_id: str, outputs: str | os.PathLike[str] | None = None, **kwargs: object
    ) -> None:
        checked_experiment(experiment)
        self._record: RunRecord | None = found(experiment.workspace, run_id)
        self._experiment = experiment._home_of(self._record)
        if self._record.experiment_name != experiment.name:
            raise UserErrorException(
                f"run {run_id} is in the experiment {self._record.experiment_name!r}, not in {experiment.name!r}; "
                "Run.get(workspace, run_id) finds it wherever it is"
            )
        self._id = run_id
        self._writer: JournalWriter | None = None
        if outputs is not None:
            from localexp.execution import interactive
            from localexp.execution.outputs import chosen

            interactive.track(experiment.workspace._store, run_id, chosen(outputs))

    @classmethod
    def _of(
        cls: type[AnyRun], experiment: Experiment, record: RunRecord, writer: JournalWriter | None = None
    ) -> AnyRun:
        run = cls.__new__(cls)
        run._experiment = experiment
        run._record = record
        run._id = record.id
        run._writer = writer
        return run

    def __getstate__(self) -> dict[str, object]:
        # A worker that is sent a run writes a journal of its own.
        return {**self.__dict__, "_writer": None}

    def __repr__(self) -> str:
        try:
            state = f"Type: {self.type},\nStatus: {self.get_status()}"
            return f"Run(Experiment: {self.experiment.name},\nId: {self.id},\n{state})"
        except LocalexpError as error:
            # Debuggers and notebooks ask for it wherever a run is, also where it or its store is gone.
            return f"Run(Id: {self.id},\nStatus: unknown, for {error})"

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
    def type(self) -> str | None:
        """``"azureml.scriptrun"`` for a submitted run, None for an interactive one that has not got a type as its
        property ``azureml.runsource``.
        """
        from localexp.store import tags

        record = self._known()
        if record.type is not None:
            return record.type
        record = self._current()
        with self._workspace._store.main.reading() as db:
            return tags.property_of_run(db, record.key, "azureml.runsource")

    @property
    def status(self) -> str:
        """The status when it was last asked for; ``get_status`` asks anew."""
        return self._known().status

    def get_status(self) -> str:
        """NotStarted, Queued, Preparing, Running, CancelRequested, Finalizing, Completed, Failed or Canceled.

        A run whose process has died is found out here, and ended as Failed; one that is Queued is started if there is
        room for it by now.
        """
        return self._current().status

    def get_details(self) -> dict[str, Any]:
        """What is known of the run, in Azure ML's shape: runId, status, times, error, warnings, properties, …

        ``error`` is ``{"error": {"code", "message", "exitCode"}, "time"}``. What has no value is absent.

        Within ``localexp.testing.deterministic`` two sessions still differ in what says where things really are:
        ``logFiles``, in ``runDefinition`` the ``sourceDirectory``, the ``interpreter`` and arguments that are paths,
        and texts of ``error`` and ``warnings`` that have paths. ``localexp show --json`` tells those by names.
        """
        from localexp.execution.details import details

        return details(self._workspace._store, self._current())

    @classmethod
    def get_docs_url(cls) -> str:
        """Where Azure ML documents its class of this name."""
        return "https://learn.microsoft.com/python/api/azureml-core/azureml.core.run.run"

    def get_portal_url(self) -> str:
        """Write a page of the run as it stands now, and return its ``file://`` address.

        The page needs nothing but itself, and has the first 500 metrics and 1,000 files. It is written anew by each
        call, and when ``wait_for_completion`` returns.
        """
        from localexp.report.page import write_page

        return write_page(self._workspace._store, self._current())

    def _repr_html_(self) -> str:
        from localexp.report.notebook import problem_html, run_html

        try:
            return run_html(self._workspace._store, self._current())
        except LocalexpError:
            return problem_html(repr(self))

    # Below the surface

    @property
    def _workspace(self) -> Workspace:
        return self._experiment.workspace

    @property
    def _layout(self) -> RunLayout:
        return self._workspace._store.layout.run(self._experiment.name, self._id)

    def _known(self) -> RunRecord:
        if self._record is None:
            self._record = found(self._workspace, self._id)
        return self._record

    def _current(self) -> RunRecord:
        """The record as it truly stands, with everything that has been said of the run in the database."""
        from localexp.execution.ownership import current

        self._record = current(self._workspace._store, self._refresh())
        return self._record

    def _refresh(self) -> RunRecord:
        from localexp.store import runs

        with self._workspace._store.main.reading() as db:
            self._record = runs.anew(db, self._known())
        return self._record

    def _writer_for_metrics(self) -> JournalWriter:
        """The journal of this object, begun with the first value: only then is the status looked at."""
        from localexp.execution import interactive

        own = interactive.open_writer(self._workspace._store, self.id)
        if own is None and self._current().has_ended:
            raise UserErrorException(
                f"run {self.id} is {self.status}: only a run that goes on can log metrics and params"
            )
        self._writer = own or self._attached_writer()
        return self._writer

    def _attached_writer(self, warns: bool = True) -> JournalWriter:
        from localexp.execution.attaching import attached_writer

        return attached_writer(self._workspace._store, self._known(), warns)

    def _say(self, *said: Mapping[str, object]) -> None:
        if self._writer is not None and all(self._writer.say(**words) for words in said):
            return
        writer = self._attached_writer(warns=False)
        for words in said:
            writer.say(**words)
        writer.close()
        if writer.lost:
            # If it was deleted, this says so.
            self._refresh()
            raise StoreError(f"what was said of run {self.id} could not be kept: {writer.problem}")


def checked_experiment(experiment: object) -> Experiment:
    """What was given as an experiment.

    :raises UserErrorException: it is none.
    """
    from localexp.experiment import Experiment

    if not isinstance(experiment, Experiment):
        raise UserErrorException(
            f"the experiment is {experiment!r}, but has to be an Experiment(workspace, name); "
            "Run.get(workspace, run_id) finds a run by its id alone"
        )
    return experiment


def found(workspace: Workspace, run_id: object) -> RunRecord:
    from localexp.experiment.core import checked_workspace
    from localexp.store import runs
    from localexp.store.values import readable

    checked_workspace(workspace)
    if not isinstance(run_id, str):
        raise UserErrorException(f"a run id is a text, not {run_id!r}")
    with workspace._store.main.reading() as db:
        record = runs.find(db, readable(run_id))
        if record is None:
            raise RunNotFound(run_id, runs.ids_like(db, readable(run_id)))
    return record


def experiment_of(workspace: Workspace, record: RunRecord) -> Experiment:
    from localexp.experiment import Experiment
    from localexp.store import experiments, runs

    with workspace._store.main.reading() as db:
        runs.anew(db, record)
        return Experiment._of(workspace, experiments.by_key(db, record.experiment))
