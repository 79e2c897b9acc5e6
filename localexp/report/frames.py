"""Metrics and runs as pandas frames."""

from __future__ import annotations

from localexp.errors import MissingExtraError
from localexp.metrics.history import EXACT, NO_STEP, history
from localexp.metrics.system import SAMPLED
from localexp.store import params, points, runs, tags
from localexp.store.artifacts import reference
from localexp.store.moment import at_one_moment
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from localexp.execution.comparing import Row
    from localexp.metrics.history import MetricHistory
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_NO_TIME = -(2**63)


def metrics_frame(store: Store, record: RunRecord) -> Any:
    """One row a value of a run: metric, step, time and value.

    :raises MissingExtraError: pandas is not installed.
    """
    pandas = _pandas()
    with store.main.reading() as db, at_one_moment(db):
        names = [name for name in points.names(db, record.key) if name not in SAMPLED]
        found = [_history(db, record, name) for name in names]
    import numpy

    lengths = [len(one) for one in found]
    return pandas.DataFrame(
        {
            "metric": numpy.repeat(numpy.array(names, dtype=object), lengths),
            "step": _steps(pandas, found),
            "time": _moments(pandas, _joined([one.times for one in found], "int64")),
            "value": _values(found),
        }
    )


def runs_frame(store: Store, records: Sequence[RunRecord]) -> Any:
    """One row a run, in the order given: what it is, then its tags, its params and the last values
    of its metrics.

    :raises MissingExtraError: pandas is not installed.
    """
    pandas = _pandas()
    import numpy

    keys = [record.key for record in records]
    with store.main.reading() as db:
        parents = runs.ids_of_keys(db, sorted({record.parent for record in records if record.parent is not None}))
        of_tags = dict(sorted(_columns(keys, "tags.", tags.of_runs(db, keys)).items()))
        of_params = dict(sorted(_columns(keys, "params.", params.readings_of_runs(db, keys)).items()))
        of_metrics = _columns(keys, "metrics.", points.last_of_runs(db, keys))
    for name in SAMPLED:
        of_metrics.pop(f"metrics.{name}", None)
    for column in of_metrics.values():
        _make_plain(records, column)
    return pandas.DataFrame(
        {
            "id": _column(pandas, [record.id for record in records]),
            "experiment": _column(pandas, [record.experiment_name for record in records]),
            "number": numpy.array([record.number for record in records], dtype="int64"),
            "display_name": _column(pandas, [record.display_name for record in records]),
            "status": _column(pandas, [record.status for record in records]),
            "type": _column(pandas, [record.type for record in records]),
            "parent": _column(pandas, [parents.get(record.parent or 0) for record in records]),
            "created": _moments(pandas, _times(record.created_at for record in records)),
            "started": _moments(pandas, _times(record.started_at for record in records)),
            "ended": _moments(pandas, _times(record.ended_at for record in records)),
            **{name: _column(pandas, values) for name, values in (of_tags | of_params | of_metrics).items()},
        }
    )


def comparison_frame(ids: Sequence[str], rows: Sequence[Row]) -> Any:
    """One row a name, indexed by section and name, and one column a run.

    :raises MissingExtraError: pandas is not installed.
    """
    pandas = _pandas()
    index = pandas.MultiIndex.from_tuples([(row.section, row.name) for row in rows], names=["section", "name"])
    columns = {run: [row.values[place] for row in rows] for place, run in enumerate(ids)}
    return pandas.DataFrame(columns, index=index, columns=list(ids), dtype=object)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("pandas", "frames") from None
    return pandas


def _history(db: Any, record: RunRecord, name: str) -> MetricHistory:
    return history(record.id, lambda: points.stretches(db, record.key, name, NO_STEP))


def _joined(columns: list[Any], kind: str) -> Any:
    import numpy

    return numpy.concatenate([numpy.empty(0, dtype=kind), *columns])


def _steps(pandas: Any, found: list[MetricHistory]) -> Any:
    import numpy

    steps = [numpy.full(len(one), NO_STEP) if one.steps is None else one.steps for one in found]
    joined = _joined(steps, "int64")
    return pandas.arrays.IntegerArray(joined, joined == NO_STEP)


def _values(found: list[MetricHistory]) -> Any:
    """Numbers if all are, integers if all are; else objects, as integers beyond a double beside floats are too."""
    import numpy

    kinds = {"O" if isinstance(one.values, list) else one.values.dtype.kind for one in found}
    if kinds == {"i", "f"} and any(one.values.dtype.kind == "i" and not _fit_a_double(one.values) for one in found):
        kinds.add("O")
    if "O" not in kinds:
        return numpy.concatenate([one.values for one in found]) if found else numpy.empty(0)
    values: Any = numpy.empty(sum(len(one) for one in found), dtype=object)
    # Not assigned as one list: of dicts and the like numpy would make what it thinks fit.
    for index, value in enumerate(value for one in found for value in _as_list(one.values)):
        values[index] = value
    return values


def _fit_a_double(integers: Any) -> bool:
    return bool((integers <= EXACT).all() and (integers >= -EXACT).all())


def _as_list(values: Any) -> list[object]:
    found: list[object] = values if isinstance(values, list) else values.tolist()
    return found


def _moments(pandas: Any, microseconds: Any) -> Any:
    return pandas.DatetimeIndex(microseconds.view("datetime64[us]")).tz_localize("UTC")


def _times(microseconds: Iterable[int | None]) -> Any:
    import numpy

    return numpy.array([_NO_TIME if time is None else time for time in microseconds], dtype="int64")


def _columns(keys: list[int], prefix: str, found: Iterable[tuple[int, str, Any]]) -> dict[str, list[Any]]:
    places = {key: place for place, key in enumerate(keys)}
    columns: dict[str, list[Any]] = {}
    for run, name, value in found:
        column = columns.get(name)
        if column is None:
            column = columns[name] = [None] * len(keys)
        column[places[run]] = value
    return {prefix + name: column for name, column in columns.items()}


def _make_plain(records: Sequence[RunRecord], cells: list[Any]) -> None:
    """Have cells be values, in their place; a file is what Azure ML gives for one."""
    # Of most metrics they are numbers, which are not to be looked at one by one.
    if bytes not in set(map(type, cells)):
        return
    for place, record in enumerate(records):
        value = from_cell(cells[place])
        cells[place] = reference(record.id, value.name) if isinstance(value, Reference) else value


def _column(pandas: Any, values: list[Any]) -> Any:
    """As pandas makes it, but that it is of objects if there is nothing, or integers that would not survive."""
    return pandas.Series(values, dtype=object if not values or _would_be_rounded(values) else None)


def _would_be_rounded(values: list[Any]) -> bool:
    """Whether there are integers beyond a double beside what makes doubles of all."""
    kinds = set(map(type, values))
    return int in kinds and len(kinds) > 1 and any(type(value) is int and abs(value) > EXACT for value in values)
