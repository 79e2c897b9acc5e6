"""Rows of indexes that stand for the runs of which a filter may be true: where a search can begin.

Each is a superset: whoever goes along them asks each run the whole filter.
"""

from __future__ import annotations

from localexp.store.query import columns, indexes
from localexp.store.query.conditions import Sql, of_value, same_text
from localexp.store.query.tree import (
    ATTRIBUTES,
    COUNT,
    PARAMS,
    Any,
    Comparison,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.query.indexes import Index
    from localexp.store.query.tree import Tree

_RANGES = ("=", "<", "<=", ">", ">=")


class Rows:
    """Rows of one index, ``run`` being the column that has the keys of the runs.

    They are in the order of the runs if ``is_in_order``.
    """

    def __init__(self, table: str, where: Sql, run: str, is_in_order: bool = False) -> None:
        self.table = table
        self.where = where
        self.run = run
        self.is_in_order = is_in_order

    def count(self, db: sqlite3.Connection, at_most: int) -> int:
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {self.where.text} LIMIT ?)"
        return int(db.execute(counted, (*self.where.bound, at_most)).fetchone()[0])

    def keys(self, db: sqlite3.Connection) -> list[int]:
        rows = db.execute(f"SELECT {self.run} FROM {self.table} WHERE {self.where.text}", self.where.bound)
        return [row[0] for row in rows]


EVERY = Rows("_runs NOT INDEXED", Sql("_runs.key > 0"), "_runs.key", is_in_order=True)


def of_experiment(experiment: int, *, only_top: bool = False) -> Rows:
    """The runs of an experiment, or those of them that have no parent."""
    if only_top:
        where = Sql("_runs.experiment = ? AND _runs.parent IS NULL", [experiment])
        return Rows("_runs INDEXED BY runs_top", where, "_runs.key", is_in_order=True)
    where = Sql("_runs.experiment = ?", [experiment])
    return Rows("_runs INDEXED BY runs_of_experiment", where, "_runs.key", is_in_order=True)


def of_tree(tree: Tree, experiment: int) -> list[Rows] | None:
    """Rows that together stand for all runs of an experiment of which this is true; None if no index has them."""
    if isinstance(tree, Comparison):
        return _of_comparison(tree, experiment)
    if not isinstance(tree, Any):
        return None
    found = list[Rows]()
    for part in tree.parts:
        rows = of_tree(part, experiment)
        if rows is None:
            return None
        found += rows
    return found


def _of_comparison(said: Comparison, experiment: int) -> list[Rows] | None:
    column, operator = said.column, said.operator
    if operator == "null":
        return None
    if operator == "in" and column != _ID:
        found = [_of_comparison(Comparison(column, "=", [value]), experiment) for value in said.values]
        return None if None in found else [one for rows in found for one in rows or ()]
    if column.group == ATTRIBUTES:
        rows = _of_attribute(said, experiment)
        return None if rows is None else [rows]
    return [_of_named(said, index, experiment) for index in indexes.of_column(said.column)]


def _of_attribute(said: Comparison, experiment: int) -> Rows | None:
    name, is_equal = said.column.name, said.operator == "="
    if name == "status" and is_equal:
        where = Sql("_runs.experiment = ? AND _runs.status = ?", [experiment, *said.values])
        return Rows("_runs INDEXED BY runs_by_status", where, "_runs.key", is_in_order=True)
    if name == "start_time" and said.operator in _RANGES:
        where = Sql(f"_runs.experiment = ? AND _runs.started_at {said.operator} ?", [experiment, *said.values])
        return Rows("_runs INDEXED BY runs_by_start", where, "_runs.key", is_equal)
    if name == "id" and said.operator in ("=", "in"):
        where = Sql(f"_runs.id IN ({_marks(said)}) AND +_runs.experiment = ?", [*said.values, experiment])
        return Rows("_runs", where, "_runs.key")
    if name == "parent" and is_equal:
        # Children are in the experiment of their parent.
        below = "_runs.parent = (SELECT p.key FROM _runs AS p WHERE p.id = ? AND +p.experiment = ?)"
        return Rows("_runs INDEXED BY runs_children", Sql(below, [*said.values, experiment]), "_runs.key", True)
    return None


def _of_named(said: Comparison, index: Index, experiment: int) -> Rows:
    """Those that have the name at least, if the index does not tell their values as they are asked for."""
    column = said.column
    exact = _in_index(Comparison(index.column, said.operator, said.values))
    bound = [experiment, column.name, *(exact.bound if exact else ())]
    where = Sql(f"x.experiment = ? AND {index.is_named} AND {exact.text if exact else 1}", bound)
    is_in_order = exact is not None and said.operator == "="
    if is_in_order and column.group == PARAMS:
        # One number may be written in several ways.
        is_in_order = isinstance(said.values[0], str)
    return Rows(index.table, where, "x.run", is_in_order)


def _in_index(said: Comparison) -> Sql | None:
    """What is asked of the value, if the index of the names is in the order of what is asked."""
    column, operator = said.column, said.operator
    if operator not in _RANGES or column.field == COUNT:
        return None
    value = said.values[0]
    if column.group == PARAMS and isinstance(value, bool):
        return None
    if column.group == PARAMS and isinstance(value, str):
        return Sql("x.number IS ? AND x.value = ?", same_text(value)) if operator == "=" else None
    return of_value(said)


def scope_of(part: Tree) -> Sql | None:
    """What is asked of an experiment whose runs a part of the filter can be true of; None if it may be any."""
    if not isinstance(part, Comparison) or part.operator not in ("=", "in"):
        return None
    if part.column == _EXPERIMENT:
        return Sql(f"name IN ({_marks(part)})", part.values)
    if part.column in (_ID, _PARENT):
        return Sql(f"key IN (SELECT experiment FROM _runs WHERE id IN ({_marks(part)}))", part.values)
    return None


def _marks(said: Comparison) -> str:
    return ", ".join("?" * len(said.values))


_EXPERIMENT, _ID, _PARENT = map(columns.named, ("experiment", "id", "parent"))
