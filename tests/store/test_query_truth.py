"""A search finds what a plain look at each run finds, in the order of a plain sort, whichever index it goes along."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp.store.query.parser import parsed, parsed_order
from localexp.store.query.position import position_of, token_of
from localexp.store.query.search import Search
from localexp.store.query.tree import Comparison
from tests.store.query_model import COLUMNS, MADE, TREES, Made, in_order, is_true, store, text_of, text_of_column

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.query.tree import Tree

QUOTES = st.sampled_from(["`", '"'])


def every_page(db: sqlite3.Connection, search: Search, size: int) -> list[int]:
    """The keys of all pages, each of which is looked for anew, from the token of the one before."""
    page = search.page(db, size)
    found = [position.key for position in page]
    while len(page) == size:
        page = search.page(db, size, position_of(token_of(page[-1], "digest"), "digest"))
        found += [position.key for position in page]
    return found


def check(every: list[Made], tree: Tree, quote: str, data: st.DataObject) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        store(db, every)
        experiment = data.draw(st.sampled_from([None, 1, 2]))
        is_deep = data.draw(st.booleans())
        # By what is searched for as well, for which an order has other ways.
        columns = st.one_of(COLUMNS, st.just(tree.column)) if isinstance(tree, Comparison) else COLUMNS
        column, way = data.draw(st.one_of(st.none(), columns)), data.draw(st.sampled_from(["", " asc", " DESC"]))
        written = None if column is None else text_of_column(column, quote) + way
        size, most_sorted = data.draw(st.integers(1, 5)), data.draw(st.sampled_from([0, 2, 1000]))
        order = {} if written is None else {"order": parsed_order(written)}
        search = Search(
            experiment, parsed(text_of(tree, quote)), **order, include_children=is_deep, most_sorted=most_sorted
        )

        found = every_page(db, search, size)

        wanted = [
            made
            for made in every
            if experiment in (None, made.experiment) and (is_deep or made.parent is None) and is_true(tree, made)
        ]
        assert found == [made.key for made in in_order(wanted, column, way == " DESC")]
        plain = Search(None, tree)
        assert all(plain.still_finds(db, made.key) == is_true(tree, made) for made in every)


@given(st.lists(MADE, max_size=10), TREES, QUOTES, st.data())
@settings(max_examples=50)
def test_a_search_finds_what_a_plain_look_finds(every: list[Made], tree: Tree, quote: str, data: st.DataObject) -> None:
    check(every, tree, quote, data)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@given(st.lists(MADE, max_size=16), TREES, QUOTES, st.data())
@settings(max_examples=20_000, print_blob=True)
def test_a_search_finds_what_a_plain_look_finds_many_times(
    every: list[Made], tree: Tree, quote: str, data: st.DataObject
) -> None:
    check(every, tree, quote, data)


@given(TREES, QUOTES)
@settings(max_examples=100)
def test_a_filter_is_read_as_it_was_meant(tree: Tree, quote: str) -> None:
    assert repr(parsed(text_of(tree, quote))) == repr(tree)
