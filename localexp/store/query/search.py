"""One page of the runs that a filter is true of, in an order.

Where an index has few runs of which the filter can be true, those are read and sorted. Otherwise the runs are read in
the order wanted, along the index that has it, and each is asked the filter. So a page costs the same however many runs
there are, as long as one or the other holds: a filter that rarely holds and that no index answers has to look for runs
among all, and what has no index to be ordered by (``end_time``, ``duration``, ``name``, the count of a metric, …) is
read of all and sorted. Behind the last run that has a value, those without are looked for among all. Indexes are those
of an experiment: of several, what each has is merged, so that a search of all takes longer where there are more.
"""

from __future__ import annotations

from heapq import merge
from itertools import chain, groupby, islice

from localexp.store import runs
from localexp.store.query import names, rows
from localexp.store.query.axes import axes_of, bounds_of
from localexp.store.query.conditions import Sql, condition, joined, value_of
from localexp.store.query.position import NUMBERS, REST, TEXTS, Position
from localexp.store.query.tree import NEWEST_FIRST, All, comparisons, conjuncts
from localexp.store.query.walk import Reader, by_key, by_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from localexp.store.query.rows import Rows
    from localexp.store.query.tree import Column, Order, Tree
    from localexp.store.runs import RunRecord

# What is fewer than these is rather sorted than looked for; to count on would cost more than it may save.
MOST_SORTED = 1000
_MOST_READ_AT_FIRST = 500
_KEYS_A_STATEMENT = 500
# What the connection of a search keeps of the file at most, for the next one: runs far apart lie in many pages.
# It is no more than is read, and a process that does not search keeps as little as SQLite does by itself.
_KILOBYTES_KEPT = 8000
# Rows of an experiment that are read side by side; of more, each of which takes a statement, all runs are gone through.
_MOST_MERGED = 8


class Search:
    """What is searched for, among the runs of one experiment, or of all if it is None.

    :param tree: what the runs are to be, anything if None.
    """

    def __init__(
        self,
        experiment: int | None,
        tree: Tree | None,
        order: Order = NEWEST_FIRST,
        *,
        include_children: bool = True,
        most_sorted: int = MOST_SORTED,
    ) -> None:
        self.experiment = experiment
        self.tree = All([]) if tree is None else tree
        self.parts = conjuncts(self.tree)
        self.scopes = [scope for part in self.parts if (scope := rows.scope_of(part)) is not None]
        self.order = order
        self.include_children = include_children
        self.most_sorted = most_sorted

    def page(self, db: sqlite3.Connection, limit: int, after: Position | None = None) -> list[Position]:
        """The first so many runs, or those that follow upon a position."""
        return list(islice(self._found(db, limit, after), limit))

    def unknown_names(self, db: sqlite3.Connection) -> list[str]:
        """A sentence for each name in filter and order that no run of the scope has."""
        ordered = [] if self.order.column is None else [self.order.column]
        said = [one.column for one in comparisons(self.tree)]
        return names.unknown(db, self._experiments(db), [*said, *ordered])

    def unknown_order(self, db: sqlite3.Connection) -> list[str]:
        """Likewise, for the order alone."""
        return self.unknown_columns(db, [] if self.order.column is None else [self.order.column])

    def unknown_columns(self, db: sqlite3.Connection, columns: Iterable[Column]) -> list[str]:
        """Likewise, for these columns."""
        return names.unknown(db, self._experiments(db), columns)

    def columns_of(self, db: sqlite3.Connection, word: str) -> list[Column]:
        """The columns that a word without its group may mean."""
        return names.columns_of(db, self._experiments(db), word)

    def has_runs(self, db: sqlite3.Connection) -> bool:
        """Whether there are any runs to search among."""
        where = Sql("1") if self.experiment is None else Sql("experiment = ?", [self.experiment])
        return db.execute(f"SELECT 1 FROM _runs WHERE {where.text} LIMIT 1", where.bound).fetchone() is not None

    def still_finds(self, db: sqlite3.Connection, key: int) -> bool:
        """Whether the filter is true of a run as it stands now."""
        asked = self._asked(self.parts)
        select = f"SELECT 1 FROM _runs WHERE _runs.key = ? AND {asked.text}"
        return db.execute(select, (key, *asked.bound)).fetchone() is not None

    def _found(self, db: sqlite3.Connection, limit: int, after: Position | None) -> Iterator[Position]:
        experiments = self._experiments(db)
        candidates = [each for part in self.parts if (each := _rows_of(part, experiments)) is not None]
        counts = [_count(db, _together(each), self.most_sorted) for each in candidates]
        if counts and min(counts) < self.most_sorted:
            return self._sorted(self._among(db, _together(candidates[counts.index(min(counts))])), after)
        # Where there are none at all, none is to be looked for.
        experiments = [key for key in experiments if all(_count(db, each[key], 1) for each in candidates)]
        column, every = self.order.column, self._every_row(experiments, bool(candidates))
        if column is None:
            in_order = ([each[key] for key in experiments] for each in candidates)
            chosen = next(filter(_are_in_order, in_order), None)
            return self._by_key(db, every if chosen is None else list(chain(*chosen)), limit, after)
        if not bounds_of(column, [])[0]:
            return self._sorted(self._along(db, every), after)
        return chain(
            self._by_value(db, column, experiments, limit, after),
            self._without_value(db, column, every, limit, after),
        )

    def _by_value(
        self, db: sqlite3.Connection, column: Column, experiments: Sequence[int], limit: int, after: Position | None
    ) -> Iterator[Position]:
        every, left = bounds_of(column, self.parts)
        is_descending = self.order.is_descending
        for bounds in every:
            if after is None or after.rank <= bounds.rank:
                start = after if after is not None and after.rank == bounds.rank else None
                axes = [axis for key in experiments for axis in axes_of(column, key, bounds)]
                reader = Reader(db, self._asked(left), _first_read(limit, axes))
                walks = (by_value(reader, axis, is_descending, start) for axis in axes)
                yield from merge(*walks, key=_descending if is_descending else _ascending, reverse=is_descending)

    def _without_value(
        self, db: sqlite3.Connection, column: Column, each: Sequence[Rows], limit: int, after: Position | None
    ) -> Iterator[Position]:
        """Those behind all that have a value; none if the filter is about that value."""
        if not any(bounds.are_narrow for bounds in bounds_of(column, self.parts)[0]):
            valued = value_of(column)
            without = Sql(f"{valued.text} IS NULL", valued.bound)
            start = after if after is not None and after.rank == REST else None
            yield from self._by_key(db, each, limit, start, without)

    def _by_key(
        self, db: sqlite3.Connection, each: Sequence[Rows], limit: int, after: Position | None, *besides: Sql
    ) -> Iterator[Position]:
        reader = Reader(db, joined("AND", [*besides, self._asked(self.parts)]), _first_read(limit, each))
        walks = (by_key(reader, one, before=None if after is None else after.key) for one in each)
        # A run may be in several rows.
        return (next(same) for _, same in groupby(merge(*walks, key=_key, reverse=True), key=_key))

    def _sorted(self, found: Iterable[Position], after: Position | None) -> Iterator[Position]:
        is_descending = self.order.is_descending
        ranked: dict[int, list[Position]] = {NUMBERS: [], TEXTS: [], REST: []}
        for one in found:
            if after is None or after.is_before(one, is_descending):
                ranked[one.rank].append(one)
        for rank, group in ranked.items():
            group.sort(key=lambda one: one.key, reverse=True)
            if rank != REST:
                group.sort(key=_value, reverse=is_descending)
            yield from group

    def _among(self, db: sqlite3.Connection, each: Sequence[Rows]) -> Iterator[Position]:
        """Those runs of few rows of which the filter is true."""
        keys = sorted({key for one in each for key in one.keys(db)})
        value, asked = self._value(), self._asked(self.parts)
        for start in range(0, len(keys), _KEYS_A_STATEMENT):
            stretch = keys[start : start + _KEYS_A_STATEMENT]
            found = db.execute(
                f"SELECT {value.text}, _runs.key FROM _runs NOT INDEXED "
                f"WHERE _runs.key IN ({', '.join('?' * len(stretch))}) AND {asked.text}",
                [*value.bound, *stretch, *asked.bound],
            )
            yield from (Position(*row) for row in found)

    def _along(self, db: sqlite3.Connection, each: Sequence[Rows]) -> Iterator[Position]:
        """Those of all runs of which the filter is true."""
        value, asked = self._value(), self._asked(self.parts)
        for one in each:
            found = db.execute(
                f"SELECT {value.text}, _runs.key FROM {one.table} WHERE {one.where.text} AND {asked.text}",
                [*value.bound, *one.where.bound, *asked.bound],
            )
            yield from (Position(*row) for row in found)

    def _experiments(self, db: sqlite3.Connection) -> list[int]:
        """Those in which runs can be of which the filter is true."""
        own = [] if self.experiment is None else [Sql("key = ?", [self.experiment])]
        where = joined("AND", [*own, *self.scopes])
        return [row[0] for row in db.execute(f"SELECT key FROM _experiments WHERE {where.text}", where.bound)]

    def _every_row(self, experiments: Sequence[int], are_narrowed: bool) -> list[Rows]:
        if self.experiment is None and not are_narrowed and not self.scopes:
            return [rows.EVERY]
        return [rows.of_experiment(key, only_top=not self.include_children) for key in experiments]

    def _value(self) -> Sql:
        return Sql("NULL") if self.order.column is None else value_of(self.order.column)

    def _asked(self, parts: Sequence[Tree]) -> Sql:
        asked = [condition(part) for part in parts]
        return joined("AND", asked if self.include_children else [Sql("_runs.parent IS NULL"), *asked])


def _rows_of(part: Tree, experiments: Sequence[int]) -> dict[int, list[Rows]] | None:
    """Of each experiment the rows of which a part of the filter can be true, None if no index has them."""
    found: dict[int, list[Rows]] = {}
    for key in experiments:
        of_one = rows.of_tree(part, key)
        if of_one is None:
            return None
        found[key] = of_one
    return found


def _together(each: Mapping[int, list[Rows]]) -> list[Rows]:
    return [one for of_one in each.values() for one in of_one]


def _are_in_order(each: Sequence[list[Rows]]) -> bool:
    return all(len(of_one) <= _MOST_MERGED and all(one.is_in_order for one in of_one) for of_one in each)


def _count(db: sqlite3.Connection, each: Sequence[Rows], at_most: int) -> int:
    counted = 0
    for one in each:
        counted += one.count(db, at_most - counted)
        if counted >= at_most:
            break
    return counted


def _first_read(limit: int, among: Sequence[object]) -> int:
    """How many rows of each are read at first: of one, all that a page needs and one more, to know that it is full."""
    return min(limit + 1, _MOST_READ_AT_FIRST) if len(among) == 1 else max(2, 2 * limit // max(1, len(among)))


def _key(position: Position) -> int:
    return position.key


def _value(position: Position) -> Any:
    return position.value


def _ascending(position: Position) -> Any:
    return position.value, -position.key


def _descending(position: Position) -> Any:
    return position.value, position.key


def records(db: sqlite3.Connection, keys: Sequence[int]) -> list[RunRecord]:
    """The runs of these keys, in their order; none for one that is gone."""
    found = {record.key: record for record in runs.of_keys(db, keys)}
    return [found[key] for key in keys if key in found]


def keep_more_pages(db: sqlite3.Connection) -> None:
    """Have a connection remember more of the file, which a search reads again and again."""
    db.execute(f"PRAGMA cache_size = -{_KILOBYTES_KEPT}")
