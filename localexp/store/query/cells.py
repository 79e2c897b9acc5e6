"""What stands in a column, for runs whose keys are known."""

from __future__ import annotations

from localexp.store import clock
from localexp.store.many import rows_of_many
from localexp.store.query import columns
from localexp.store.query.conditions import MINE
from localexp.store.query.tree import ATTRIBUTES, METRICS, PARAMS
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from localexp.store.query.tree import Column


def of_column(db: sqlite3.Connection, column: Column, keys: Sequence[int]) -> dict[int, object]:
    """The values of a column by the keys of runs; a run that has none may be missing. A time is ISO, in UTC."""
    if column.group == ATTRIBUTES:
        return _of_attribute(db, column, keys)
    what = {METRICS: f"x.{column.field}", PARAMS: "coalesce(x.number, x.value)"}.get(column.group, "x.value")
    select = f"SELECT x.run, {what} FROM _{column.group} AS x WHERE x.run IN ({{}}) AND {MINE[column.group]}"
    return {run: _shown(cell) for run, cell in rows_of_many(db, select, keys, [column.name])}


def _of_attribute(db: sqlite3.Connection, column: Column, keys: Sequence[int]) -> dict[int, object]:
    select = f"SELECT _runs.key, {columns.attribute_sql(column)} FROM _runs WHERE _runs.key IN ({{}})"
    found: dict[int, object] = dict(rows_of_many(db, select, keys))
    if columns.kind_of(column) != columns.TIME:
        return found
    return {run: clock.iso(moment) if isinstance(moment, int) else None for run, moment in found.items()}


def _shown(cell: int | float | str | bytes | None) -> object:
    """A value as it was logged; a file by its name."""
    value = from_cell(cell)
    return value.name if isinstance(value, Reference) else value
