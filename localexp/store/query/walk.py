"""Runs in an order, read along the index that has it, so that the first of many cost no more than those of few."""

from __future__ import annotations

from heapq import merge
from itertools import groupby

from localexp.store.query.conditions import Sql
from localexp.store.query.position import Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from localexp.store.query.axes import Axis
    from localexp.store.query.position import OrderValue
    from localexp.store.query.rows import Rows

_BEYOND_EVERY_KEY = 2**63 - 1
_MOST_READ_AT_ONCE = 500


class Reader:
    """What a walk reads by: the connection, what is asked of each run, and how many rows are read first."""

    def __init__(self, db: sqlite3.Connection, asked: Sql, first: int) -> None:
        self.db = db
        self.asked = asked
        self.first = first

    def read(self, what: str, rows: Rows, order: str, most: int, *beyond: Sql) -> list[tuple[OrderValue, int]]:
        wheres = [rows.where, *beyond, self.asked]
        # CROSS JOIN keeps SQLite from beginning with another table than the one that has the order.
        needs_run = rows.run != "_runs.key" and self.asked.text != "1"
        joined = f" CROSS JOIN _runs ON _runs.key = {rows.run}" if needs_run else ""
        return self.db.execute(
            f"SELECT {what}, {rows.run} FROM {rows.table}{joined} "
            f"WHERE {' AND '.join(where.text for where in wheres)} ORDER BY {order} LIMIT ?",
            [*(one for where in wheres for one in where.bound), most],
        ).fetchall()


def by_key(reader: Reader, rows: Rows, value: OrderValue = None, before: int | None = None) -> Iterator[Position]:
    """Runs of rows that are in their order, the newest first, from below a key on."""
    before, most = _BEYOND_EVERY_KEY if before is None else before, reader.first
    while True:
        found = reader.read("NULL", rows, f"{rows.run} DESC", most, Sql(f"{rows.run} < ?", [before]))
        yield from (Position(value, key) for _, key in found)
        if len(found) < most:
            return
        before, most = found[-1][1], _more(most)


def by_value(reader: Reader, axis: Axis, is_descending: bool, after: Position | None) -> Iterator[Position]:
    """Runs of an axis by their value, those that have the same the newest first, from behind a position on."""
    most = max(2, reader.first)
    order = f"{axis.value} {'DESC' if is_descending else 'ASC'}"
    while True:
        if after is not None:
            yield from _of_value(reader, axis, after)
        found = reader.read(axis.value, axis.rows, order, most, axis.beyond(after, is_descending))
        groups = [(value, [key for _, key in group]) for value, group in groupby(found, key=lambda row: row[0])]
        is_at_end = len(found) < most
        # Of the last value there may be more, of which the newest come first.
        for value, keys in groups if is_at_end else groups[:-1]:
            yield from (Position(value, key) for key in sorted(keys, reverse=True))
        if is_at_end:
            return
        after, most = Position(groups[-1][0], _BEYOND_EVERY_KEY), _more(most)


def _of_value(reader: Reader, axis: Axis, after: Position) -> Iterator[Position]:
    strands = (by_key(reader, rows, after.value, after.key) for rows in axis.strands(reader.db, after.value))
    return merge(*strands, key=lambda position: position.key, reverse=True)


def _more(read: int) -> int:
    return min(2 * read, _MOST_READ_AT_ONCE) if read < _MOST_READ_AT_ONCE else read
