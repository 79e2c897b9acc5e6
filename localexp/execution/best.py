"""The runs that are best by a metric."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.execution import searching
from localexp.store import points
from localexp.store.query import columns, parser
from localexp.store.query.tree import LAST, METRICS
from localexp.store.values import from_cell, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.query.tree import Column
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

GOALS = {"min": "asc", "max": "desc"}
_GROUP = f"{METRICS}."


class Best:
    """The best runs, each with the number of the column that says so; if there are none, ``why`` may say more."""

    def __init__(self, column: Column, runs: list[tuple[RunRecord, float]], why: str | None) -> None:
        self.column = column
        self.runs = runs
        self.why = why


def best(store: Store, experiment: int | None, metric: object, goal: object, filter: str | None, limit: int) -> Best:
    """The best runs of an experiment, or of all, the best first, and of equally good ones the newest.

    :param metric: its name, for its last value; behind that ``.min``, ``.max`` or ``.count`` for those. It may be
        written as a filter has it, with ``metrics.`` before it, and quoted.
    :param goal: ``"min"`` or ``"max"``.
    :raises UserErrorException: the goal is neither, the metric has no name, or the filter cannot be read.
    """
    column, order = _ordered(metric, goal)
    found = searching.search(
        store, experiment=experiment, filter=filter, order_by=order, limit=limit, after=None, include_children=True
    )
    valued = ((record, _number(store, record, column)) for record in found.records)
    # Runs that have no number there come last, however many are asked for.
    runs = [(record, value) for record, value in valued if value is not None]
    return Best(column, runs, next(iter(found.warnings), None))


def checked(metric: object, goal: object, filter: str | None) -> None:
    """:raises UserErrorException: as ``best``."""
    searching.checked(filter, _ordered(metric, goal)[1])


def _ordered(metric: object, goal: object) -> tuple[Column, str]:
    """The column of a metric, and the order in which the best comes first."""
    if not isinstance(metric, str) or metric in ("", _GROUP):
        raise UserErrorException(f"the metric is a name such as 'loss', or 'loss.min', not {metric!r}")
    if not isinstance(goal, str) or goal not in GOALS:
        raise UserErrorException(f"the goal is 'min' or 'max', which says what of the metric is best, not {goal!r}")
    column = _column(metric)
    return column, f"{columns.written(column)} {GOALS[goal]}"


def _column(metric: str) -> Column:
    written = _GROUP + metric.removeprefix(_GROUP)
    if not written.startswith((f"{_GROUP}`", f'{_GROUP}"')):
        return columns.named(written)
    column, *others = parser.parsed_columns(written)
    if others:
        raise UserErrorException(f"one metric says what is best, not {metric!r}")
    return column


def _number(store: Store, record: RunRecord, column: Column) -> float | None:
    with store.main.reading() as db:
        summary = next(iter(points.summaries_among(db, record.key, [column.name])), None)
    value = None if summary is None else from_cell(getattr(summary, column.field or LAST))
    return value if is_number(value) and value == value else None
