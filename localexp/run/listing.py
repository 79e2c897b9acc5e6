"""Lists of runs, and the relatives of a run."""

from __future__ import annotations

from localexp.errors import LocalexpError, UserErrorException
from localexp.run.core import RunCore, checked_experiment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localexp.experiment import Experiment
    from localexp.run.run import Run
    from localexp.store.listing import Filter, Mark, Scope
    from localexp.store.runs import RunRecord

    Marks = str | Mapping[str, object] | None


class Runs:
    """Runs, newest first, each read when its turn comes: an iterator, which can be gone through once."""

    def __init__(self, experiment: Experiment, scope: Scope | None, wanted: Filter, rehydrates: bool = True) -> None:
        self._experiment = experiment
        self._scope = scope
        self._wanted = wanted
        self._rehydrates = rehydrates
        self._records = self._from_the_first()

    def __iter__(self) -> Runs:
        return self

    def __next__(self) -> Run:
        from localexp.run.rehydration import rehydrated
        from localexp.run.run import Run

        record = next(self._records)
        return rehydrated(self._experiment, record) if self._rehydrates else Run._of(self._experiment, record)

    def __repr__(self) -> str:
        return f"Runs(Experiment: {self._experiment.name}; to be gone through once, or kept by list(...))"

    def _repr_html_(self) -> str:
        from localexp.report.notebook import problem_html, runs_html

        try:
            return runs_html(self._experiment.workspace._store, self._from_the_first())
        except LocalexpError as error:
            return problem_html(str(error))

    def _from_the_first(self) -> Iterator[RunRecord]:
        """The records of all of them, however far this has been gone through."""
        from localexp.execution.listing import listed

        return iter(()) if self._scope is None else listed(self._experiment.workspace._store, self._scope, self._wanted)


class ListingOfRun(RunCore):
    """The part of ``Run`` that is about finding runs."""

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of, None if there is none."""
        from localexp.run.rehydration import rehydrated
        from localexp.store import runs

        with self._workspace._store.main.reading() as db:
            own = runs.anew(db, self._known())
            record = None if own.parent is None else runs.parent_of(db, own)
        return None if record is None else rehydrated(self.experiment, record)

    def get_children(
        self,
        recursive: bool = False,
        tags: Marks = None,
        properties: Marks = None,
        type: str | None = None,
        status: str | None = None,
        _rehydrate_runs: bool = True,
    ) -> Runs:
        """The children, the newest first, each read when its turn comes.

        :param recursive: their children too, and so on.
        :param tags: only runs that have this tag, or all tags of a dict with their values (None for no value).
        :param properties: likewise, for properties.
        :param type: only runs of this type. (Azure ML does not look at the property ``azureml.runsource`` here.)
        :param status: only runs that have this status now.
        :param _rehydrate_runs: False to get ``Run`` objects whatever ``add_type_provider`` has registered.
        :raises UserErrorException: a filter is of no such kind.
        :raises RunNotFound: the run was deleted.
        """
        from localexp.store import runs
        from localexp.store.listing import Scope

        wanted = filter_of(type, tags, properties, status)
        with self._workspace._store.main.reading() as db:
            record = runs.anew(db, self._known())
        return Runs(
            self.experiment, Scope(record.experiment, record.key, is_deep=bool(recursive)), wanted, _rehydrate_runs
        )

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,
        tags: Marks = None,
        properties: Marks = None,
        status: str | None = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> Runs:
        """The runs of an experiment, the newest first, each read when its turn comes.

        The order is that in which they were made. (Azure ML's is that in which they were started.)

        :param experiment: the experiment.
        :param type: only runs of this type, or with it as their property ``azureml.runsource``.
        :param tags: only runs that have this tag, or all tags of a dict with their values (None for no value).
        :param properties: likewise, for properties.
        :param status: only runs that have this status now.
        :param include_children: not only runs without a parent.
        :param _rehydrate_runs: False to get ``Run`` objects whatever ``add_type_provider`` has registered.
        :raises UserErrorException: a filter is of no such kind, the experiment was deleted, or is none.
        """
        from localexp.store.listing import Scope

        wanted = filter_of(type, tags, properties, status)
        record = checked_experiment(experiment)._standing_record()
        scope = None if record is None else Scope(record.key, is_deep=bool(include_children))
        return Runs(experiment, scope, wanted, _rehydrate_runs)

    @staticmethod
    def add_type_provider(runtype: str, run_factory: Callable[..., Run]) -> None:
        """Have runs of a type be objects of another class, wherever this process gets them from.

        :param runtype: the type of a run, or its property ``azureml.runsource``.
        :param run_factory: is called with the experiment and an object with ``run_id``, ``run_type``, ``status``,
            ``tags`` and more, and returns the object; ``Run(experiment, run_dto.run_id)`` makes a usual one.
        :raises UserErrorException: the type has a factory already.
        """
        from localexp.run.rehydration import register

        register(runtype, run_factory)


def filter_of(type: object, tags: object, properties: object, status: object) -> Filter:
    """What a list is to have, from what a caller gave.

    :raises UserErrorException: that is of no such kind.
    """
    from localexp.store.listing import Filter

    marks = [*_marks("tags", tags), *_marks("properties", properties)]
    return Filter(_checked_text("type", type), _checked_text("status", status), marks)


def _checked_text(name: str, value: object) -> str | None:
    from localexp.store.values import readable

    if value is None or isinstance(value, str):
        return None if value is None else readable(value)
    raise UserErrorException(f"{name} to filter by is a text, not {value!r}")


def _marks(table: str, said: object) -> list[Mark]:
    from localexp.store import tags
    from localexp.store.listing import Mark

    if isinstance(said, str):
        return [Mark(table, key, has_any_value=True) for key in tags.checked({said: None})]
    if said is None or hasattr(said, "items"):
        return [Mark(table, key, value) for key, value in tags.checked(said).items()]
    raise UserErrorException(f"{table} to filter by are a text, or a dict of texts, not {said!r}")
