"""Runs as plain data, and what a filter says of them, worked out with nothing but Python."""

from __future__ import annotations

import operator as op
import re
import sqlite3
from functools import cache

from hypothesis import strategies as st

from localexp.store import clock, experiments, params, points, schema, tags
from localexp.store.params import number_of
from localexp.store.query import columns
from localexp.store.query.tree import ATTRIBUTES, FIELDS, METRICS, PARAMS, All, Any, Column, Comparison, Not
from localexp.store.values import to_cell
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any as Anything

    from localexp.store.query.tree import Literal, Tree

    Value = int | float | str | bool | None

NAMES = st.sampled_from(["loss", "val loss", "a.min", "x/y-1:z", 'it\'s `q` "d"', "", "é.count"])
NUMBERS = st.sampled_from([0, 1, -1, 0.5, -0.0, 2**53 + 1, 2.0**53, 2**63 - 1, -(2**63), 1e308, 5e-324])
TEXTS = st.sampled_from(["", "a", "A", "b%", "ab", "é", "1", "1.0", "nan", "it's", "\U0001f600", "\n"])
PATTERNS = st.sampled_from(["%", "a%", "_", "%B%", "", "1_0", "É", "b%%", "[a]", "it's"])
LOGGED = st.one_of(
    NUMBERS, TEXTS, st.booleans(), st.sampled_from([float("nan"), float("inf"), -float("inf"), 2**70, None])
)
ARGUMENTS = st.one_of(st.sampled_from(["0.5", ".5", "5e-1", "1", "True", "TRUE", "false", "inf", "nan", None]), TEXTS)
SAID = st.one_of(st.none(), TEXTS)
STATES = st.sampled_from(["Completed", "Failed", "Canceled"])
DAY = 86_400_000_000
TIMES = st.sampled_from([0, 1, DAY, 20_000 * DAY, 20_000 * DAY + 1])


class Made:
    """One run as it was made: in one of two experiments, maybe below an earlier one of the same."""

    def __init__(
        self,
        experiment: int,
        below: int | None,
        status: str,
        started: int | None,
        took: int | None,
        name: str | None,
        metrics: dict[str, list[Value]],
        arguments: dict[str, str | None],
        said: dict[str, str | None],
        removed: set[str],
        properties: dict[str, str | None],
    ) -> None:
        self.experiment = experiment
        self.below = below
        self.status = status
        self.started = started
        self.ended = None if started is None or took is None else started + took
        self.name = name
        self.metrics = metrics
        self.params = arguments
        self.said = said
        self.removed = removed
        self.properties = properties
        self.key = 0
        self.parent: Made | None = None

    def __repr__(self) -> str:
        return f"Made{tuple(vars(self).values())}"

    @property
    def tags(self) -> dict[str, str | None]:
        return {key: value for key, value in self.said.items() if key not in self.removed}

    def attribute(self, name: str) -> Value:
        took = None if self.started is None or self.ended is None else (self.ended - self.started) / 1e6
        known: dict[str, Value] = {
            "status": self.status,
            "name": self.name,
            "id": f"run-{self.key}",
            "experiment": f"experiment-{self.experiment}",
            "start_time": self.started,
            "end_time": self.ended,
            "created": 1,
            "duration": took,
            "parent": None if self.parent is None else f"run-{self.parent.key}",
        }
        return known.get(name)


MADE = st.builds(
    Made,
    st.sampled_from([1, 2]),
    st.one_of(st.none(), st.integers(1, 3)),
    STATES,
    st.one_of(st.none(), TIMES),
    st.one_of(st.none(), st.sampled_from([0, 1, 1_500_000])),
    SAID,
    st.dictionaries(NAMES, st.lists(LOGGED, min_size=1, max_size=3), max_size=3),
    st.dictionaries(NAMES, ARGUMENTS, max_size=3),
    st.dictionaries(NAMES, SAID, max_size=3),
    st.sets(NAMES, max_size=2),
    st.dictionaries(NAMES, SAID, max_size=2),
)


@cache
def empty() -> sqlite3.Connection:
    """Two experiments without runs: to copy them is cheaper than to make the tables."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    db.executescript(schema.MAIN)
    for number in (1, 2):
        experiments.get_or_create(db, f"experiment-{number}", 1)
    return db


def store(db: sqlite3.Connection, every: list[Made]) -> None:
    empty().backup(db)
    for at, made in enumerate(every):
        above = None if made.below is None or made.below > at else every[at - made.below]
        made.parent = above if above is not None and above.experiment == made.experiment else None
        made.key = at + 1
        parent = None if made.parent is None else made.parent.key
        key = add_run(
            db, made.experiment, f"run-{made.key}", parent=parent, status=made.status, said=made.said,
            properties=made.properties,
        )  # fmt: skip
        assert key == made.key
        db.execute(
            "UPDATE _runs SET display_name = ?, started_at = ?, ended_at = ? WHERE key = ?",
            (made.name, made.started, made.ended, key),
        )
        for name in made.removed:
            tags.put(db, key, name, None, (2, 0, 0), removed=True)
        for name, text in made.params.items():
            params.put(db, key, name, text, (1, 0, 0))
        for name, values in made.metrics.items():
            points.append(
                db, key, 1, name, "scalar", [(1, at, None, to_cell(value)) for at, value in enumerate(values)]
            )


# What a filter says of a run


def is_true(tree: Tree, made: Made) -> bool:
    if isinstance(tree, Not):
        return not is_true(tree.part, made)
    if isinstance(tree, (All, Any)):
        each = [is_true(part, made) for part in tree.parts]
        return all(each) if isinstance(tree, All) else any(each)
    return holds(tree, made)


def holds(said: Comparison, made: Made) -> bool:
    column = said.column
    if said.operator in ("null", "not null"):
        return has(column, made) == (said.operator == "not null")
    if not has(column, made):
        return False
    value = value_of(column, made)
    if value is None:
        return False
    if said.operator == "in":
        return any(compares(column, "=", value, one) for one in said.values)
    if said.operator == "not in":
        return not any(compares(column, "=", value, one) for one in said.values)
    if said.operator == "!=":
        return not compares(column, "=", value, said.values[0])
    if said.operator == "not like":
        return not compares(column, "like", value, said.values[0])
    return compares(column, said.operator, value, said.values[0])


def has(column: Column, made: Made) -> bool:
    if column.group == ATTRIBUTES or column.field in ("min", "max"):
        return value_of(column, made) is not None
    return column.name in getattr(made, column.group)


def value_of(column: Column, made: Made) -> Value:
    if column.group == ATTRIBUTES:
        return made.attribute(column.name)
    found = getattr(made, column.group)
    if column.name not in found:
        return None
    if column.group != METRICS:
        value: Value = found[column.name]
        return value
    logged: list[Value] = found[column.name]
    if column.field in ("last", "count"):
        return logged[-1] if column.field == "last" else len(logged)
    numbers = [float(one) for one in logged if one is not None and is_number(one)]
    if not numbers:
        return None
    return min(numbers) if column.field == "min" else max(numbers)


def is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return value == value and (isinstance(value, float) or -(2**63) <= value < 2**63)


def compares(column: Column, operator: str, value: Value, other: Literal) -> bool:
    if operator == "like":
        return isinstance(value, str) and is_like(value, str(other))
    if column.group == PARAMS and isinstance(other, bool):
        return str(value).lower() == str(other).lower()
    if column.group == PARAMS and not isinstance(other, str):
        value = number_of(str(value))
    if isinstance(other, bool):
        return value is other
    if isinstance(other, str):
        if not isinstance(value, str):
            return False
    elif not is_number(value):
        return False
    return _COMPARED[operator](value, other)


_COMPARED: dict[str, Callable[[Anything, Anything], bool]] = {
    "=": op.eq,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}


def is_like(text: str, pattern: str) -> bool:
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(one, re.escape(one)) for one in pattern)
    return re.fullmatch(expression, text, re.IGNORECASE | re.ASCII | re.DOTALL) is not None


def in_order(every: list[Made], column: Column | None, is_descending: bool) -> list[Made]:
    """The newest first; by a column: numbers, then texts, then runs that have neither."""
    newest = sorted(every, key=lambda made: made.key, reverse=True)
    if column is None:
        return newest
    numbers = [(value, made) for made in newest if isinstance(value := order_value(column, made), (int, float))]
    texts = [(value, made) for made in newest if isinstance(value := order_value(column, made), str)]
    first = [made for _, made in sorted(numbers, key=lambda one: one[0], reverse=is_descending)]
    second = [made for _, made in sorted(texts, key=lambda one: one[0], reverse=is_descending)]
    return [*first, *second, *(made for made in newest if order_value(column, made) is None)]


def order_value(column: Column, made: Made) -> int | float | str | None:
    value = value_of(column, made) if has(column, made) else None
    if column.group == PARAMS and value is not None:
        number = number_of(str(value))
        return str(value) if number is None else number
    return None if column.group == METRICS and not is_number(value) else value


# Filters

COLUMNS = st.one_of(
    st.builds(Column, st.just(METRICS), NAMES, st.sampled_from(FIELDS)),
    st.builds(Column, st.just(METRICS), NAMES, st.just("last")),
    st.builds(Column, st.sampled_from(["params", "tags", "properties"]), NAMES),
    st.builds(
        Column,
        st.just(ATTRIBUTES),
        st.sampled_from(
            ["status", "name", "id", "experiment", "start_time", "end_time", "created", "duration", "parent"]
        ),
    ),
)
_LITERALS = {
    columns.ANY: st.one_of(NUMBERS, TEXTS, st.booleans()),
    columns.NUMBER: st.one_of(NUMBERS, st.sampled_from([1, 2, 3, 1.5])),
    columns.TIME: TIMES,
    columns.STATUS: STATES,
}
_TEXT = {
    "id": st.sampled_from(["run-1", "run-2", "run-3", "none"]),
    "parent": st.sampled_from(["run-1", "run-2", "run-3", "none"]),
    "experiment": st.sampled_from(["experiment-1", "experiment-2", "none"]),
}


@st.composite
def comparison(draw: st.DrawFn) -> Comparison:
    column = draw(COLUMNS)
    kind = columns.kind_of(column)
    operator = draw(
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "null", "not null"])
    )
    if "like" in operator and kind in (columns.NUMBER, columns.TIME):
        operator = "="
    if kind == columns.STATUS and operator in ("<", "<=", ">", ">="):
        operator = "!="
    literals = _LITERALS[kind] if kind in _LITERALS else _TEXT.get(column.name if not column.field else "", TEXTS)
    if "null" in operator:
        return Comparison(column, operator)
    if "like" in operator:
        return Comparison(column, operator, [draw(PATTERNS)])
    values = draw(st.lists(literals, min_size=1, max_size=3 if "in" in operator else 1))
    if operator in ("<", "<=", ">", ">=") and isinstance(values[0], bool):
        operator = "="
    return Comparison(column, operator, [float(one) for one in values] if column.field in ("min", "max") else values)


TREES: st.SearchStrategy[Tree] = st.recursive(
    comparison(),
    lambda below: st.one_of(
        st.builds(Not, below),
        st.builds(All, st.lists(below, min_size=2, max_size=3)),
        st.builds(Any, st.lists(below, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
_BARE = re.compile(r"[^\W\d][\w/.:-]*")


def text_of(tree: Tree, quote: str = "`") -> str:
    """The filter that says it, with names in these quotes where they need some."""
    if isinstance(tree, Not):
        return f"NOT ({text_of(tree.part, quote)})"
    if isinstance(tree, (All, Any)):
        word = " and " if isinstance(tree, All) else "\nOR "
        return word.join(f"({text_of(part, quote)})" for part in tree.parts)
    column, operator = text_of_column(tree.column, quote), tree.operator
    if operator in ("null", "not null"):
        return f"{column} is {operator}"
    values = [_text_of_value(tree.column, value) for value in tree.values]
    return f"{column} {operator} " + (f"({', '.join(values)})" if operator in ("in", "not in") else values[0])


def text_of_column(column: Column, quote: str = "`") -> str:
    if column.group == ATTRIBUTES:
        return column.name
    name = column.name
    if not _BARE.fullmatch(name) or name.rpartition(".")[2] in FIELDS:
        name = quote + name.replace(quote, 2 * quote) + quote
    return f"{column.group}.{name}" + (f".{column.field}" if column.field not in ("", "last") else "")


def _text_of_value(column: Column, value: Literal) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return (
        f"'{clock.iso(value)}'" if columns.kind_of(column) == columns.TIME and isinstance(value, int) else repr(value)
    )
