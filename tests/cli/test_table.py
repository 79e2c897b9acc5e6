"""Tables fit, JSON lists are JSON, and CSV is no formula; whatever is in them."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp.cli import table
from localexp.report.printable import printable
from tests.cli.forked import opened_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NASTY = st.text(alphabet="ab 数据é\u0301\ufe0f\x1b\t\n=-+@\u202e…", max_size=12)


@given(
    st.lists(st.tuples(_NASTY, st.lists(_NASTY, min_size=2, max_size=2)), min_size=1, max_size=5), st.integers(1, 60)
)
def test_no_line_of_a_fitted_table_is_wider_than_its_room(columns: list[tuple[str, list[str]]], room: int) -> None:
    made = [
        table.Column(title, cells, least=3 if place % 2 else None, rank=place or None)
        for place, (title, cells) in enumerate(columns)
    ]

    shown = table._fitted(made, room)

    assert shown
    assert shown[0] is made[0]
    for cells in zip(*(column.lines() for column in shown), strict=True):
        line = "  ".join(cells)
        assert line.isprintable()
        assert table.width_of(line) <= room


@given(_NASTY, st.integers(0, 20))
def test_a_text_is_cut_only_where_it_has_to_be(text: str, width: int) -> None:
    text = printable(text)

    shown = table.cut(text, width)

    assert table.width_of(shown) <= width
    assert shown == text or (shown.endswith("…") or width == 0)
    assert (shown == text) == (table.width_of(text) <= width)


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("数据", 4), ("e\u0301", 1), ("❤\ufe0f", 1), ("ﾊ", 1), ("", 0), ("\uff21", 2)]
)
def test_the_width_of_a_text_is_that_of_the_terminal(text: str, width: int) -> None:
    assert table.width_of(text) == width


def test_a_long_text_is_cut_in_time_that_is_like_its_length() -> None:
    assert table.cut("数" * 1_000_000, 5) == "数数…"


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text()))))
)
def test_a_list_that_is_printed_one_after_the_other_is_as_if_it_were_printed_at_once(
    values: list[dict[str, object]],
) -> None:
    printed = captured(lambda: table.show_json_list(iter(values)))

    assert printed == captured(lambda: table.show_json(values))
    assert json.loads(printed) == values
    in_lines = captured(lambda: table.show_json_list(iter(values), in_lines=True))
    assert json.loads(in_lines) == values
    assert len(in_lines.splitlines()) == (len(values) + 2 if values else 1)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-1, "-1"),
        (-0.1, "-0.1"),
        (1 / 3, repr(1 / 3)),
        (2**70, str(2**70)),
        (math.nan, "NaN"),
        (-math.inf, "-inf"),
        (True, "true"),
        ("-1e5", "-1e5"),
        ("-1+1", "'-1+1"),
        ("=1", "'=1"),
        ("+a", "'+a"),
        ("@a", "'@a"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\r=1", "'\r=1"),
        (" =1", " =1"),
        ({"a": [math.nan]}, '{"a": ["nan"]}'),
        ('a,"b"\nc', 'a,"b"\nc'),
    ],
)
def test_a_cell_of_csv_is_a_number_or_a_harmless_text(value: object, cell: str) -> None:
    printed = captured(lambda: table.show_csv(["x", "y"], [[value, "end"]]))

    assert list(csv.reader(io.StringIO(printed, newline=""))) == [["x", "y"], [cell, "end"]]


def captured(call: Callable[[], None]) -> str:
    with io.StringIO(newline="") as stream, redirect_stdout(stream):
        call()
        return stream.getvalue()


def test_without_rich_and_for_a_dumb_terminal_there_are_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, terminal = opened_terminal(80)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(terminal, "w") as stream, redirect_stdout(stream):
        assert table.styled("x", fg="red") == "\x1b[31mx\x1b[0m"
        with monkeypatch.context() as dumb:
            dumb.setenv("TERM", "dumb")
            assert table.styled("x", fg="red") == "x"
        # As if it were not installed.
        monkeypatch.setitem(sys.modules, "rich", None)
        assert table.styled("x", fg="red") == "x"
    os.close(screen)
