"""Which indexes have the values of a metric, param, tag or property in order."""

from __future__ import annotations

from localexp.store.query.conditions import MINE
from localexp.store.query.tree import COUNT, LAST, METRICS, PARAMS, Column

# Of a metric that is one number throughout, what it was last is its least and its greatest value as well. As SQLite
# takes an index of some rows only where its own condition is asked for, these are as they are in the schema.
_IS_ONE_NUMBER = "x.min = x.max AND x.max = x.last"
_IS_NOT = f"({_IS_ONE_NUMBER}) IS NOT 1"


class Index:
    """An index of those rows ``x`` of a group of which a condition holds.

    :param column: what of a row the index has in order, where that is worth as much as what was asked for.
    """

    def __init__(self, name: str, column: Column, condition: str = "1") -> None:
        self.column = column
        self.table = f"_{column.group} AS x INDEXED BY {name}"
        self.condition = condition

    @property
    def is_named(self) -> str:
        """The condition that the name of the column is bound to."""
        return f"{MINE[self.column.group]} AND {self.condition}"


def of_column(column: Column) -> list[Index]:
    """The indexes that together have each run with the name once, in the order of the values."""
    if column.group != METRICS:
        return [Index("params_by_name" if column.group == PARAMS else f"{column.group}_by_key", column)]
    field = LAST if column.field == COUNT else column.field
    only = column if column.field == COUNT else Column(METRICS, column.name, LAST)
    return [
        Index("metrics_by_only_value", only, _IS_ONE_NUMBER),
        Index(f"metrics_by_{field}", column, _IS_NOT),
    ]
