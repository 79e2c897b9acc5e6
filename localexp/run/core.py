"""What a run is: its identity, its state, and what is known of it."""

from __future__ import annotations

from localexp.errors import RunNotFound, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from localexp.experiment import Experiment
    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace

    AnyRun = TypeVar("AnyRun", bound="RunCore")


class RunCore:
    """Attach to an existing run.

    :param experiment: the experiment that it is in.
    :param run_id: its id.
    :raises RunNotFound: the workspace has no such run.
    """

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        self._experiment = experiment
        self._record: RunRecord | None = found(experiment.workspace, run_id)
        if self._record.experiment != experiment._record.key:
            raise UserErrorException(
                f"run {run_id} is in the experiment {self._record.experiment_name!r}, not in {experiment.name!r}; "
                "Run.get(workspace, run_id) finds it wherever it is"
            )
        self._id = run_id
        self._writer: JournalWriter | None = None

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

    def __repr__(self) -> str:
        return f"Run(Experiment: {self.experiment.name},\nId: {self.id},\nStatus: {self.get_status()})"

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
        from localexp.execution.ownership import current
        from localexp.store import runs

        store = self._workspace._store
        with store.main.reading() as db:
            record = runs.by_key(db, self._known().key)
        self._record = current(store, record)
        return self._record


def found(workspace: Workspace, run_id: object) -> RunRecord:
    from localexp.store import runs

    if not isinstance(run_id, str):
        raise UserErrorException(f"a run id is a text, not {run_id!r}")
    with workspace._store.main.reading() as db:
        record = runs.find(db, run_id)
        if record is None:
            raise RunNotFound(run_id, runs.ids_like(db, run_id))
    return record


def experiment_of(workspace: Workspace, record: RunRecord) -> Experiment:
    from localexp.experiment import Experiment
    from localexp.store import experiments

    with workspace._store.main.reading() as db:
        return Experiment._of(workspace, experiments.by_key(db, record.experiment))
