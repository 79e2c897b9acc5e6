"""Which object stands for a run: a ``Run``, unless somebody has registered another for runs of its type."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.store import clock, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from localexp.experiment import Experiment
    from localexp.run.run import Run
    from localexp.store.runs import RunRecord

RUN_SOURCE = "azureml.runsource"

_factories: dict[str, Callable[..., Run]] = {}


class RunDto:
    """What a factory of ``Run.add_type_provider`` is told of a run; names are those of Azure ML.

    ``run_id``, ``run_number``, ``run_type``, ``status``, ``parent_run_id`` (None for a run without a parent),
    ``display_name``, ``description``, ``target``, the times ``created_utc``, ``start_time_utc`` and ``end_time_utc``
    (UTC; None for what has not been), and the dicts ``tags`` and ``properties``.
    """

    def __init__(
        self,
        record: RunRecord,
        run_type: str | None,
        parent_run_id: str | None,
        tags: dict[str, str | None],
        properties: dict[str, str | None],
    ) -> None:
        self.run_id = record.id
        self.run_number = record.number
        self.run_type = run_type
        self.status = record.status
        self.parent_run_id = parent_run_id
        self.display_name = record.display_name
        self.description = record.description
        self.target = record.target
        self.created_utc = clock.moment(record.created_at)
        self.start_time_utc = _moment(record.started_at)
        self.end_time_utc = _moment(record.ended_at)
        self.tags = tags
        self.properties = properties

    def __repr__(self) -> str:
        return f"RunDto(run_id={self.run_id!r}, run_type={self.run_type!r}, status={self.status!r})"


def register(run_type: object, factory: Callable[..., Run]) -> None:
    """Have a factory make the objects for runs of a type.

    :raises UserErrorException: the type has a factory, or one of the two is none.
    """
    if not isinstance(run_type, str) or not run_type:
        raise UserErrorException(f"a run type is a text that is not empty, not {run_type!r}")
    if not callable(factory):
        raise UserErrorException(f"the factory for {run_type!r} has to be callable, which {factory!r} is not")
    if run_type in _factories:
        raise UserErrorException(f"runs of the type {run_type!r} have a factory already: {_factories[run_type]!r}")
    _factories[run_type] = factory


def rehydrated(experiment: Experiment, record: RunRecord) -> Run:
    """The object for a run of this experiment."""
    from localexp.run.run import Run

    if not _factories:
        return Run._of(experiment, record)
    with experiment.workspace._store.main.reading() as db:
        properties = tags.properties_of_run(db, record.key)
    run_type = properties.get(RUN_SOURCE) if record.type is None else record.type
    if run_type is None or run_type not in _factories:
        return Run._of(experiment, record)
    return _factories[run_type](experiment, _dto(experiment, record, run_type, properties))


def _dto(experiment: Experiment, record: RunRecord, run_type: str, properties: dict[str, str | None]) -> RunDto:
    from localexp.store import runs

    with experiment.workspace._store.main.reading() as db:
        parent = None if record.parent is None else runs.parent_of(db, record).id
        return RunDto(record, run_type, parent, tags.of_run(db, record.key), properties)


def _moment(time: int | None) -> datetime | None:
    return None if time is None else clock.moment(time)
