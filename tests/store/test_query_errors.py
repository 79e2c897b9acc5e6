"""A filter that cannot be read is refused with the reason, and a caret below the place."""

from __future__ import annotations

import copy
import pickle

import pytest

from localexp.errors import FilterSyntaxError, UserErrorException
from localexp.store.query.lexer import LONGEST
from localexp.store.query.parser import MOST_NESTED, MOST_VALUES, parsed, parsed_order

# What is to be said, the filter, and below it the caret.
BAD = [
    ("a column belongs, such as metrics.loss", "", None),
    ("a column belongs", "3 < metrics.loss", "^"),
    ("a column belongs", "status = 'Failed' and and", "                      ^"),
    ("a value belongs, such as 0.5", "metrics.loss <", "              ^"),
    ("an operator belongs", "metrics.loss", "            ^"),
    ("an operator belongs", "metrics.loss 3", "             ^"),
    ("an operator belongs", "metrics.loss not 3", "                 ^"),
    ("and, or, or the end belongs, not '4'", "number = 3 4", "           ^"),
    ("and, or, or the end belongs, not ')'", "number = 3)", "          ^"),
    (") belongs", "(number = 3", "           ^"),
    ("a list, as in", "id in 'a'", "      ^"),
    ("a value belongs", "id in ()", "       ^"),
    (", or ) belongs", "id in ('a' 'b')", "           ^"),
    ("this text does not end", "name = 'it", "       ^"),
    ("a text stands in single quotes: 'Failed'; double quotes are for names", 'status = "Failed"', "         ^"),
    ("a text stands in single quotes: 'it''s'", 'name = "it\'s"', "       ^"),
    ("a text stands in single quotes: 'so'", 'name = "x', "       ^"),
    ("a text stands in single quotes: 'Failed'", "status = Failed", "         ^"),
    ("a quoted name stands behind a point", "`loss` < 3", "^"),
    ("is not followed by a blank or a field", "metrics.`a`b < 3", "^"),
    ("this quoted name does not end", "number = 3 and metrics.`a < 3", "               ^"),
    ("behind this a blank belongs", 'name like"x"', "     ^"),
    ("a metric has .last, .min, .max and .count, not '.mean'", "metrics.`a`.mean < 3", "^"),
    ("params have no '.min'", 'params."a".min < 3', "^"),
    ("only names of metrics, params, tags, properties are quoted", "runs.`a` < 3", "^"),
    ("here a name is missing", "tags. = 'x'", "^"),
    ("'?' means nothing here", "number ? 3", "       ^"),
    ("'\\x00' means nothing here", "number \0 3", "       ^"),
    ("this is no number", "number = 3x", "         ^"),
    ("this is no number", "number = 1.2.3", "         ^"),
    ("larger than any that is kept", "number < 1e999", "         ^"),
    ("401 digits", f"number < {'9' * 401}", "         ^"),
    ("write 'is null'", "name = null", "       ^"),
    ("behind is belongs null", "name is 'x'", "        ^"),
    ("did you mean 'Running'?", "status = 'Runing'", "         ^"),
    ("did you mean 'Failed'?", "status in ('Completed', 'failed')", "                        ^"),
    ("there are NotStarted, Queued", "status != 'xyz'", "          ^"),
    ("one of a few states", "status < 'Failed'", "       ^"),
    ("did you mean start_time", "start_tim > '2026-01-01'", "^"),
    ("did you mean metrics.loss?", "metric.loss < 3", "^"),
    ("there are status, name, id", "xyzzy = 3", "^"),
    ("'like' is for texts", "number like 'x'", "       ^"),
    ("'not like' is for texts", "start_time not like 'x'", "           ^"),
    ("write it without quotes", "number = '3'", "         ^"),
    ("is a number: write it as 3 or 0.5", "metrics.loss.min < 'x'", "                   ^"),
    ("is a number", "exit_code = true", "            ^"),
    ("is a text: write '3'", "tags.seed = 3", "            ^"),
    ("is a time: write", "start_time > 5", "             ^"),
    ("which '5' is not", "start_time > '5'", "             ^"),
    ("which '2026-13-01' is not", "created > '2026-13-01'", "          ^"),
    ("true and false are compared with = or !=", "metrics.ok < true", "             ^"),
    ("like takes a text", "params.lr like 3", "               ^"),
    ("more than 50,000 bytes", f"name like '{'x' * 50_001}'", "          ^"),
]


@pytest.mark.parametrize(("reason", "text", "below"), BAD, ids=lambda one: str(one)[:40])
def test_a_filter_that_cannot_be_read_is_pointed_at(reason: str, text: str, below: str | None) -> None:
    with pytest.raises(FilterSyntaxError) as raised:
        parsed(text)

    error = raised.value
    assert reason in error.headline
    assert "\n" not in error.headline
    assert error.filter == text
    if below is not None:
        assert error.column == len(below) - 1
        line, caret = error.details
        assert caret == below
        assert line.startswith(text[:38].replace("\0", " "))
    assert str(error) == error.message == "\n".join([error.headline, *error.details])
    assert isinstance(error, UserErrorException)


@pytest.mark.parametrize(
    ("reason", "text", "column"),
    [
        ("an order is a column", "", 0),
        ("an order is a column", "3", 0),
        ("did you mean start_time", "strt_time desc", 0),
        ("asc, desc or nothing, not 'down'", "number down", 7),
        ("asc, desc or nothing, not ','", "number, id", 6),
    ],
)
def test_so_is_an_order(reason: str, text: str, column: int) -> None:
    with pytest.raises(FilterSyntaxError, match=reason) as raised:
        parsed_order(text)
    assert raised.value.column == column


@pytest.mark.parametrize("opening", ["(", "not ", "not ("])
def test_what_is_nested_too_deep_is_refused_whatever_its_depth(opening: str) -> None:
    with pytest.raises(FilterSyntaxError, match=f"more than {MOST_NESTED} deep"):
        parsed(opening * 10_000 + "number = 3")


def test_what_is_too_long_or_has_too_many_parts_is_refused() -> None:
    with pytest.raises(FilterSyntaxError, match="no more than 100,000 are read"):
        parsed(f"name = '{'x' * LONGEST}'")
    with pytest.raises(FilterSyntaxError, match=f"at most {MOST_VALUES} comparisons"):
        parsed(" or ".join(["number = 3"] * (MOST_VALUES + 1)))
    with pytest.raises(FilterSyntaxError, match=f"at most {MOST_VALUES} comparisons"):
        parsed(f"number in ({', '.join(['3'] * (MOST_VALUES + 1))})")


def test_of_a_long_filter_the_error_shows_what_is_around_it() -> None:
    text = "name = 'x' and " * 30 + "statu = 'y'" + " and name = 'x'" * 30

    with pytest.raises(FilterSyntaxError) as raised:
        parsed(text)
    line, caret = raised.value.details

    assert len(line) < 80
    assert line[0] == line[-1] == "…"
    assert line[len(caret) - 1 :].startswith("statu = 'y'")


def test_wide_characters_and_line_ends_do_not_move_the_caret() -> None:
    with pytest.raises(FilterSyntaxError) as raised:
        parsed("name = '\u5b66\u7fd2'\nand x = 3")

    assert raised.value.details == ("name = '\u5b66\u7fd2' and x = 3", " " * 18 + "^")
    with pytest.raises(FilterSyntaxError) as raised:
        parsed("name = 'e\u0301'\tand x = 3")
    assert raised.value.details == ("name = 'e\u0301' and x = 3", " " * 15 + "^")


@pytest.mark.parametrize("sent", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy])
def test_the_error_arrives_as_it_was_sent(sent: object) -> None:
    error = FilterSyntaxError("why", "number ? 3", 7, "x")

    arrived = sent(error)  # type: ignore[operator]

    assert vars(arrived) == vars(error)
    assert str(arrived) == str(error) == "why\nnumber ? 3\n       ^"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NUMBER = 3".lower(), "number==3"),
        ("number != 3", "number <> 3"),
        ("NOT number=3 AND name LIKE 'x' OR id In ('a')", "((not (number = 3)) and name like 'x') or id in ('a')"),
        ("metrics.loss < 3", "metrics.`loss`.last<+3"),
        ("metrics.loss.min < 3", 'metrics."loss".min < 3.0'),
        ("display_name = 'x' and started is null", "name='x'and start_time IS NULL"),
        ("ended is not null", "end_time Is\tNot\nNull"),
        ("created = '2026-11-01'", "created = '2026-11-01T01:00:00+01:00'"),
        ("created = '2026-11-01 12:30'", "created = '2026-11-01T12:30:00.000Z'"),
        ("created = '2026-11-01 12:30:01.5'", "created = '2026-11-01T12:30:01.500000+00:00'"),
        ("metrics.val/loss-1:b.c<3", "metrics.`val/loss-1:b.c` < 3"),
    ],
)  # fmt: skip
def test_one_thing_can_be_said_in_several_ways(one: str, other: str) -> None:
    assert repr(parsed(one)) == repr(parsed(other))


def test_a_field_in_quotes_is_part_of_the_name() -> None:
    assert repr(parsed("metrics.`loss.min` < 3")) != repr(parsed("metrics.loss.min < 3"))
    assert "Column('metrics', 'loss.min', 'last')" in repr(parsed("metrics.`loss.min` < 3"))
    assert "Column('metrics', 'min', 'last')" in repr(parsed("metrics.min < 3"))
    assert "Column('params', 'lr.min', '')" in repr(parsed("params.lr.min < 3"))
