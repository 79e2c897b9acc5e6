"""What a filter asks of a run, as SQL with bound values. Each condition is 0 or 1 of every run, never NULL."""

from __future__ import annotations

from localexp.store.params import number_of
from localexp.store.query import columns
from localexp.store.query.tree import (
    ATTRIBUTES,
    LAST,
    METRICS,
    PARAMS,
    All,
    Comparison,
    Not,
)
from localexp.store.values import is_number, to_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from localexp.store.query.tree import Column, Literal, Tree

_NAMED = "EXISTS (SELECT 1 FROM _{table} AS x WHERE x.run = _runs.key AND {mine} AND {what})"
# How a name is told in the tables of the groups, and that it stands.
MINE = {
    "metrics": "x.name = ?",
    "params": "x.name = ?",
    "tags": "x.key = ? AND x.removed = 0",
    "properties": "x.key = ?",
}


class Sql:
    """A condition and what it is bound to."""

    __slots__ = ("bound", "text")

    def __init__(self, text: str, bound: Sequence[object] = ()) -> None:
        self.text = text
        self.bound = tuple(bound)


def condition(tree: Tree) -> Sql:
    """The condition that the tree stands for."""
    if isinstance(tree, Comparison):
        return _of_comparison(tree)
    if isinstance(tree, Not):
        part = condition(tree.part)
        return Sql(f"NOT ({part.text})", part.bound)
    return joined("AND" if isinstance(tree, All) else "OR", [condition(part) for part in tree.parts])


def joined(word: str, parts: Sequence[Sql]) -> Sql:
    """All of the parts, or one of them; of none, what is true of every run."""
    if len(parts) < 2:
        return parts[0] if parts else Sql("1")
    return Sql("(" + f" {word} ".join(part.text for part in parts) + ")", [one for part in parts for one in part.bound])


def _of_comparison(said: Comparison) -> Sql:
    column, operator = said.column, said.operator
    if column.group == ATTRIBUTES:
        return _of_attribute(said)
    if operator == "null":
        there = _of_comparison(Comparison(column, "not null"))
        return Sql(f"NOT {there.text}", there.bound)
    what = of_value(said)
    text = _NAMED.format(table=column.group, mine=MINE[column.group], what=what.text)
    return Sql(text, [column.name, *what.bound])


def _of_attribute(said: Comparison) -> Sql:
    sql = columns.attribute_sql(said.column)
    if said.operator in ("null", "not null"):
        return Sql(f"{sql} IS {said.operator.upper()}")
    what = _compared(sql, said)
    return Sql(f"ifnull({what.text}, 0)", what.bound)


def of_value(said: Comparison) -> Sql:
    """What is asked of the row ``x`` of a metric, param, tag or property; NULL of it counts as no.

    A tag without a value is there: it is not null, though nothing compares with it.
    """
    column = said.column
    if column.group == METRICS:
        if said.operator == "not null":
            return Sql("1" if column.field in (LAST, "count") else f"x.{column.field} IS NOT NULL")
        return _of_cell(said) if column.field == LAST else _compared(f"x.{column.field}", said)
    if said.operator == "not null":
        return Sql("1")
    return _of_param(said) if column.group == PARAMS else _compared("x.value", said)


def _compared(sql: str, said: Comparison) -> Sql:
    if said.operator in ("in", "not in"):
        return Sql(f"{sql} {said.operator.upper()} ({', '.join('?' * len(said.values))})", said.values)
    return Sql(f"{sql} {said.operator.upper()} ?", said.values)


def _of_cell(said: Comparison) -> Sql:
    """Of what a metric was last: SQLite has numbers before texts, and those before what is neither."""
    if said.operator in ("in", "not in"):
        return _compared("x.last", Comparison(said.column, said.operator, [*map(_cell, said.values)]))
    value = said.values[0]
    if said.operator in ("like", "not like"):
        is_like = "(typeof(x.last) = 'text' AND x.last LIKE ?)"
        return Sql(is_like if said.operator == "like" else f"(x.last IS NOT NULL AND NOT {is_like})", [value])
    compared = Sql(f"x.last {said.operator} ?", [_cell(value)])
    if isinstance(value, str):
        guard = {"<": "x.last >= ''", "<=": "x.last >= ''", ">": "x.last < x''", ">=": "x.last < x''"}
    else:
        guard = {">": "x.last < ''", ">=": "x.last < ''"}
    if said.operator not in guard:
        return compared
    return Sql(f"({compared.text} AND {guard[said.operator]})", compared.bound)


def _cell(value: Literal) -> Any:
    return to_cell(value)


def _of_param(said: Comparison) -> Sql:
    """A param is a text, which is compared with texts, and with numbers if it reads as one."""
    if said.operator in ("!=", "not in"):
        equal = _of_param(Comparison(said.column, "in", said.values))
        return Sql(f"(x.value IS NOT NULL AND NOT ifnull({equal.text}, 0))", equal.bound)
    bools = [str(value).lower() for value in said.values if isinstance(value, bool)]
    texts = [value for value in said.values if isinstance(value, str)]
    numbers = [value for value in said.values if is_number(value)]
    each: list[tuple[str, Sequence[Literal]]] = [("lower(x.value)", bools), ("x.value", texts), ("x.number", numbers)]
    parts = [_compared(sql, Comparison(said.column, said.operator, those)) for sql, those in each if those]
    return joined("OR", parts)


def value_of(column: Column) -> Sql:
    """What a run is ordered by: numbers of metrics, numbers or else texts of params; NULL for one that has none."""
    if column.group == ATTRIBUTES:
        return Sql(columns.attribute_sql(column))
    what = {METRICS: f"x.{column.field}", PARAMS: "coalesce(x.number, x.value)"}.get(column.group, "x.value")
    guard = " AND x.last < ''" if column.field == LAST else ""
    text = f"(SELECT {what} FROM _{column.group} AS x WHERE x.run = _runs.key AND {MINE[column.group]}{guard})"
    return Sql(text, [column.name])


def same_text(value: Literal) -> tuple[int | float | None, Literal]:
    """The two columns of a param that is this text."""
    return number_of(str(value)), value
