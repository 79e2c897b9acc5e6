"""Names that a search asks for and no run of its scope has: most often they are written in another way."""

from __future__ import annotations

from itertools import islice

from localexp.store.query import indexes
from localexp.store.query.columns import GROUPS, named, written
from localexp.store.query.tree import ATTRIBUTES, LAST, METRICS, PARAMS, Column

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from localexp.store.query.indexes import Index

_MOST_COMPARED = 1000
_MOST_LOOKED_AT = 10_000


def unknown(db: sqlite3.Connection, experiments: Sequence[int], columns: Iterable[Column]) -> list[str]:
    """A sentence for each name that no run of these experiments has."""
    asked = dict.fromkeys(column for column in columns if column.group != ATTRIBUTES)
    return list(dict.fromkeys(_said(db, experiments, one) for one in asked if not _is_there(db, experiments, one)))


def columns_of(db: sqlite3.Connection, experiments: Sequence[int], word: str) -> list[Column]:
    """The columns that a word without its group may mean: metrics, params, tags and properties of that name."""
    meant = [named(f"{group}.{word}") for group in GROUPS]
    return [column for column in meant if _is_there(db, experiments, column)]


def _is_there(db: sqlite3.Connection, experiments: Sequence[int], column: Column) -> bool:
    return any(_has(db, key, column) for key in experiments)


def _has(db: sqlite3.Connection, experiment: int, column: Column) -> bool:
    return any(
        db.execute(
            f"SELECT 1 FROM {index.table} WHERE x.experiment = ? AND {index.is_named} LIMIT 1",
            (experiment, column.name),
        ).fetchone()
        for index in _indexes(column)
    )


def _said(db: sqlite3.Connection, experiments: Sequence[int], column: Column) -> str:
    kind = {"properties": "property"}.get(column.group, column.group[:-1])
    return f"no run here has a {kind} {column.name!r}{_hint(db, experiments, column)}"


def _hint(db: sqlite3.Connection, experiments: Sequence[int], column: Column) -> str:
    if column.group != METRICS:
        return _close(db, experiments, column)
    for name in (f"{column.name}.{column.field}", f"{METRICS}.{column.name}"):
        if _is_there(db, experiments, other := Column(METRICS, name, LAST)):
            return f"; there is one named {name!r}: {written(other)}"
    before, _, field = column.name.rpartition(".")
    if before and _is_there(db, experiments, Column(METRICS, before, LAST)):
        fields = f"; {before!r} has .last, .min, .max and .count, and no .{field}"
        return fields + _close(db, experiments, column, besides=before)
    return _close(db, experiments, column)


def _close(db: sqlite3.Connection, experiments: Sequence[int], column: Column, besides: str | None = None) -> str:
    import difflib

    every = (name for key in experiments for index in _indexes(column) for name in _names_of(db, key, index))
    there = dict.fromkeys(name for name in islice(every, _MOST_LOOKED_AT) if name != besides)
    close = difflib.get_close_matches(column.name, list(there)[:_MOST_COMPARED], n=3)
    return f"; did you mean {', '.join(map(repr, close))}?" if close else ""


def _indexes(column: Column) -> list[Index]:
    return indexes.of_column(Column(METRICS, column.name, LAST) if column.group == METRICS else column)


def _names_of(db: sqlite3.Connection, experiment: int, index: Index) -> Iterator[str]:
    """Each once: what lies between two names is not looked at."""
    name, last = "x.name" if index.column.group in (METRICS, PARAMS) else "x.key", None
    for _ in range(_MOST_COMPARED):
        beyond, bound = ("", [experiment]) if last is None else (f" AND {name} > ?", [experiment, last])
        select = f"SELECT min({name}) FROM {index.table} WHERE x.experiment = ?{beyond} AND {index.condition}"
        (last,) = db.execute(select, bound).fetchone()
        if last is None:
            return
        yield last
