"""Searches for runs: a page of those that a filter is true of, each as it truly stands."""

from __future__ import annotations

from localexp.errors import FilterSyntaxError, UserErrorException
from localexp.execution.listing import settle, standing
from localexp.store.moment import at_one_moment
from localexp.store.query import columns, parser
from localexp.store.query import search as queries
from localexp.store.query.position import digest_of, position_of, token_of
from localexp.store.query.search import Search
from localexp.store.query.tree import NEWEST_FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from localexp.store.query.position import Position
    from localexp.store.query.tree import Column, Order, Tree
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

    T = TypeVar("T")

# More than any workspace has; beyond 64 bits SQLite does not count.
_MOST_AT_ONCE = 2**40


class Found:
    """One page: the runs, the token of the page behind it, None if there is none, and what somebody may have missed.

    ``warnings`` are sentences on names that no run of the scope has, said of a first page that is empty for that, or
    is not in the order wanted.
    """

    def __init__(self, records: list[RunRecord], next: str | None, warnings: Sequence[str] = ()) -> None:
        self.records = records
        self.next = next
        self.warnings = list(warnings)


def search(
    store: Store,
    *,
    experiment: int | None = None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 100,
    after: str | None = None,
    include_children: bool = True,
) -> Found:
    """The first so many runs that a filter is true of, in an order.

    :param experiment: the key of the one whose runs they are, None for those of all.
    :param filter: as `store.query.parser` reads it; None or blank for every run.
    :param order_by: a column, optionally followed by ``asc`` or ``desc``; None for the newest first.
    :param after: ``next`` of the page before.
    :raises FilterSyntaxError: the filter or the order cannot be read.
    :raises UserErrorException: another value is of no such kind, or ``after`` is of another search.
    """
    tree, order = _read(store, experiment, lambda: (_tree(filter), _order(order_by)))
    include_children = bool(include_children)
    if type(limit) is not int or limit < 1:
        raise UserErrorException(f"limit is how many runs a page has at most, at least 1, not {limit!r}")
    limit = min(limit, _MOST_AT_ONCE)
    digest = digest_of(filter if tree else None, repr(order), experiment, include_children)
    position = None if after is None else position_of(after, digest)
    if tree is not None or order.column is not None:
        settle(store, experiment)
    wanted = Search(experiment, tree, order, include_children=include_children)
    records, last = _filled(store, wanted, limit, position)
    warnings = _missed(store, wanted, records) if after is None else []
    return Found(records, None if last is None else token_of(last, digest), warnings)


def checked(filter: str | None, order_by: str | None) -> None:
    """:raises FilterSyntaxError: one of the two cannot be read."""
    _tree(filter)
    _order(order_by)


def columns_named(store: Store, experiment: int | None, text: str) -> list[Column]:
    """The columns of a text such as ``status,params.lr,metrics.loss.min``.

    :raises FilterSyntaxError: one of them is none.
    """
    return _read(store, experiment, lambda: parser.parsed_columns(text))


def unknown(store: Store, experiment: int | None, columns: Iterable[Column]) -> list[str]:
    """A sentence for each of the columns of which no run of an experiment, or of any, has anything."""
    wanted = Search(experiment, None, NEWEST_FIRST)
    with store.main.reading() as db:
        return wanted.unknown_columns(db, columns) if wanted.has_runs(db) else []


def _read(store: Store, experiment: int | None, read: Callable[[], T]) -> T:
    """What a text says; if it names a metric, param, tag or property without its group, the error says which."""
    try:
        return read()
    except FilterSyntaxError as error:
        if error.unknown is None:
            raise
        settle(store, experiment)
        with store.main.reading() as db:
            meant = Search(experiment, None, NEWEST_FIRST).columns_of(db, error.unknown)
        if not meant:
            raise
        reason = f"there is no column {error.unknown!r}; did you mean {' or '.join(map(columns.written, meant))}?"
        raise FilterSyntaxError(reason, error.filter, error.column, error.unknown) from None


def _tree(filter: object) -> Tree | None:
    if filter is not None and not isinstance(filter, str):
        raise UserErrorException(f'filter is a text such as "metrics.loss < 0.3", not {filter!r}')
    return parser.parsed(filter) if filter and not filter.isspace() else None


def _order(order_by: object) -> Order:
    if order_by is not None and not isinstance(order_by, str):
        raise UserErrorException(f"order_by is a text such as 'metrics.loss desc', not {order_by!r}")
    return parser.parsed_order(order_by) if order_by is not None else NEWEST_FIRST


def _filled(
    store: Store, wanted: Search, limit: int, after: Position | None
) -> tuple[list[RunRecord], Position | None]:
    """Runs, and the position of the last one if there are more: as many as were wanted, or all that are left.

    What a run has come to since it was found may have the filter no longer be true of it.
    """
    found: list[RunRecord] = []
    while True:
        missing = limit - len(found)
        with store.main.reading() as db, at_one_moment(db):
            queries.keep_more_pages(db)
            positions = wanted.page(db, missing + 1, after)
            page = queries.records(db, [position.key for position in positions[:missing]])
        found += _as_they_stand(store, wanted, page)
        if len(positions) <= missing:
            return found, None
        after = positions[missing - 1]
        if len(found) == limit:
            return found, after


def _as_they_stand(store: Store, wanted: Search, page: list[RunRecord]) -> list[RunRecord]:
    were = {record.key: record.has_ended and not record.unfolded for record in page}
    found: list[RunRecord] = []
    for record in standing(store, page):
        if not were[record.key]:
            with store.main.reading() as db:
                if not wanted.still_finds(db, record.key):
                    continue
        found.append(record)
    return found


def _missed(store: Store, wanted: Search, records: list[RunRecord]) -> list[str]:
    with store.main.reading() as db:
        if not records:
            return wanted.unknown_names(db) if wanted.has_runs(db) else []
        return wanted.unknown_order(db)
