"""Indexes that have the runs of an experiment in the order of a value."""

from __future__ import annotations

from localexp.store.query import indexes
from localexp.store.query.conditions import Sql
from localexp.store.query.position import NUMBERS, TEXTS, rank_of
from localexp.store.query.rows import Rows
from localexp.store.query.tree import ATTRIBUTES, COUNT, METRICS, PARAMS, Comparison

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from localexp.store.query.indexes import Index
    from localexp.store.query.position import OrderValue, Position
    from localexp.store.query.tree import Column, Literal, Tree

# Where values lie in the order of SQLite: NULL comes before numbers, texts behind them, and then BLOBs.
_ENDS: dict[int, tuple[object, object]] = {NUMBERS: (-float("inf"), float("inf")), TEXTS: ("", b"")}
_ATTRIBUTES = {
    "start_time": ("runs_by_start", "_runs.started_at", NUMBERS),
    "status": ("runs_by_status", "_runs.status", TEXTS),
}


class Bounds:
    """Between which values of one rank the runs of a list are."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        low, high = _ENDS[rank]
        self.low, self.high = Sql(">= ?", [low]), Sql("<= ?", [high])
        self._are_narrow = [False, False]

    @property
    def are_narrow(self) -> bool:
        """Whether only runs that have a value are between them by what the filter says."""
        return any(self._are_narrow)

    def take(self, operator: str, value: Literal) -> bool:
        """Have only values that compare so; False if there is a bound on that side already."""
        is_low, is_high = operator in ("=", ">", ">="), operator in ("=", "<", "<=")
        if (is_low and self._are_narrow[0]) or (is_high and self._are_narrow[1]):
            return False
        sign = ">= ?" if operator == "=" else f"{operator} ?"
        if is_low:
            self.low, self._are_narrow[0] = Sql(sign, [value]), True
        if is_high:
            self.high, self._are_narrow[1] = Sql(sign.replace(">", "<"), [value]), True
        return True


def bounds_of(column: Column, parts: Sequence[Tree]) -> tuple[list[Bounds], list[Tree]]:
    """The bounds of the axes of a column, and what of the filter they do not see to; no bounds if it has no axes."""
    every = [Bounds(rank) for rank in _ranks(column)]
    left = [part for part in parts if not any(_takes(bounds, column, part) for bounds in every)]
    if narrow := [bounds for bounds in every if bounds.are_narrow]:
        return narrow, left
    return every, left


def _takes(bounds: Bounds, column: Column, part: Tree) -> bool:
    if not isinstance(part, Comparison) or part.column != column or part.operator not in ("=", "<", "<=", ">", ">="):
        return False
    value = part.values[0]
    # A param that reads as a number is a text too.
    if isinstance(value, bool) or rank_of(value) != bounds.rank or (column.group == PARAMS and bounds.rank == TEXTS):
        return False
    return bounds.take(part.operator, value)


def _ranks(column: Column) -> tuple[int, ...]:
    if column.group == ATTRIBUTES:
        return (_ATTRIBUTES[column.name][2],) if column.name in _ATTRIBUTES else ()
    if column.group == METRICS:
        return () if column.field == COUNT else (NUMBERS,)
    return (NUMBERS, TEXTS) if column.group == PARAMS else (TEXTS,)


def axes_of(column: Column, experiment: int, bounds: Bounds) -> list[Axis]:
    """Those of a column in one experiment, which together have each run that has a value once."""
    if column.group == ATTRIBUTES:
        index, value, _ = _ATTRIBUTES[column.name]
        where = Sql("_runs.experiment = ?", [experiment])
        return [Axis(Rows(f"_runs INDEXED BY {index}", where, "_runs.key"), value, bounds)]
    return [_along(each, experiment, bounds) for each in indexes.of_column(column)]


def _along(index: Index, experiment: int, bounds: Bounds) -> Axis:
    column, where = index.column, Sql(f"x.experiment = ? AND {index.is_named}", [experiment, index.column.name])
    if column.group == METRICS:
        return Axis(Rows(index.table, where, "x.run"), f"x.{column.field}", bounds)
    if column.group == PARAMS and bounds.rank == NUMBERS:
        return Axis(Rows(index.table, where, "x.run"), "x.number", bounds, strand="x.value")
    if column.group == PARAMS:
        where = Sql(f"{where.text} AND x.number IS NULL", where.bound)
    return Axis(Rows(index.table, where, "x.run"), "x.value", bounds)


class Axis:
    """An index by value, and what is fixed in it; ``value`` is its column."""

    def __init__(self, rows: Rows, value: str, bounds: Bounds, strand: str | None = None) -> None:
        self.rows = rows
        self.value = value
        self._bounds = bounds
        self._strand = strand

    def beyond(self, after: Position | None, is_descending: bool) -> Sql:
        """What holds for the values behind that of a position, all of them if there is none."""
        low, high = self._bounds.low, self._bounds.high
        if after is not None and is_descending:
            high = Sql("< ?", [after.value])
        elif after is not None:
            low = Sql("> ?", [after.value])
        return Sql(f"{self.value} {low.text} AND {self.value} {high.text}", [*low.bound, *high.bound])

    def strands(self, db: sqlite3.Connection, value: OrderValue) -> list[Rows]:
        """The rows of one value, each strand in the order of the runs."""
        rows = _narrowed(self.rows, f"{self.value} = ?", value)
        if self._strand is None:
            return [rows]
        found, last = list[Rows](), ""
        select = f"SELECT min({self._strand}) FROM {rows.table} WHERE {rows.where.text} AND {self._strand} > ?"
        while (last := db.execute(select, (*rows.where.bound, last)).fetchone()[0]) is not None:
            found.append(_narrowed(rows, f"{self._strand} = ?", last))
        return found


def _narrowed(rows: Rows, text: str, value: object) -> Rows:
    return Rows(rows.table, Sql(f"{rows.where.text} AND {text}", [*rows.where.bound, value]), rows.run, True)
