"""The token of a next page: the position survives exactly, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp.errors import UserErrorException
from localexp.store.query.position import Position, digest_of, position_of, token_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), TEXTS)


@given(VALUES, st.integers(1, 2**63 - 1))
def test_a_position_survives_exactly(value: float | str | None, key: int) -> None:
    found = position_of(token_of(Position(value, key), "abc"), "abc")

    assert (type(found.value), repr(found.value), found.key) == (type(value), repr(value), key)


def test_a_token_of_another_search_is_refused() -> None:
    token = token_of(Position(0.5, 3), digest_of("metrics.loss < 3", None, 1))

    with pytest.raises(UserErrorException, match="of another search"):
        position_of(token, digest_of("metrics.loss < 3", None, 2))


@given(st.one_of(st.text(), st.integers(), st.binary(), st.lists(st.integers(), max_size=2)))
def test_what_is_no_token_is_refused(token: object) -> None:
    with pytest.raises(UserErrorException, match=r"after is what \.next of a page was"):
        position_of(token, "abc")


@pytest.mark.parametrize(
    "said",
    [
        [],
        ["abc", "i", "x", 3],
        ["abc", "f", "x", 3],
        ["abc", "t", "\ud800", 3],
        ["abc", "i", 2**64, 3],
        ["abc", "i", 1, "3"],
        ["abc", "i", True, 3],
        ["abc", "z", None, 3],
        ["abc", "n", None, 2**64],
        [1, "n", None, 3],
        {"a": 1},
        3,
    ],
)
def test_nor_is_one_that_was_made_by_somebody_else(said: object) -> None:
    import base64
    import json

    token = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    with pytest.raises(UserErrorException, match=r"after is what \.next"):
        position_of(token, "abc")
