"""Charts of characters: no wider than asked, true at their extremes, and as monotone as what they show."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from localexp.cli import ticks
from localexp.cli.chart import Across, chart, sparkline
from localexp.store.curves import Stretch

_COLUMNS = 600
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_tame = st.floats(-1e6, 1e6)
_widths = st.integers(1, 200)


def stretches_of(values: list[float]) -> list[Stretch]:
    """A value a column, as far apart as possible; what is no finite number is odd."""
    last = max(len(values) - 1, 1)
    places = [round(place * (_COLUMNS - 1) / last) for place in range(len(values))]
    return [
        Stretch(place, value, value) if math.isfinite(value) else Stretch(place, None, None, 1)
        for place, value in zip(places, values, strict=True)
    ]


def drawn(values: list[float], width: int = 80, height: int = 15) -> list[str]:
    return chart(stretches_of(values), _COLUMNS, Across(0, max(len(values) - 1, 0)), width, height)


def rows_of(lines: list[str]) -> list[str]:
    """What is drawn right of the axis."""
    rows = [line for line in lines if "┤" in line or "│" in line]
    return [line[max(line.find("┤"), line.find("│")) + 1 :] for line in rows]


def tops_of(rows: list[str]) -> list[int]:
    """For each column of dots from the left that has any, the row of the highest, 0 at the top."""
    found: dict[int, int] = {}
    bits = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
    for row, text in enumerate(rows):
        for place, character in enumerate(text):
            dots = 0 if character == " " else ord(character) - 0x2800
            for side, column in enumerate(bits):
                for below, bit in enumerate(column):
                    if dots & bit:
                        found.setdefault(2 * place + side, 4 * row + below)
    return [found[column] for column in sorted(found)]


@given(st.lists(_numbers, min_size=1, max_size=50), _widths, st.integers(1, 30))
def test_no_line_is_wider_than_asked_and_there_are_as_many_as_asked(
    values: list[float], width: int, height: int
) -> None:
    lines = drawn(values, width, height)

    assert all(len(line) <= width for line in lines)
    assert len(lines) == max(height, 3) + 2


@given(st.lists(_tame, min_size=2, max_size=50).filter(lambda values: max(values) - min(values) > 1e-6))
def test_the_highest_is_in_the_first_row_and_the_lowest_in_the_last(values: list[float]) -> None:
    rows = rows_of(drawn(values))

    assert rows[0].strip()
    assert rows[-1].strip()


@given(st.lists(_tame, min_size=2, max_size=100))
def test_what_only_rises_is_drawn_so(values: list[float]) -> None:
    rising = tops_of(rows_of(drawn(sorted(values))))

    assert rising == sorted(rising, reverse=True)


@given(st.lists(_numbers, min_size=1, max_size=20))
def test_a_curve_of_several_values_has_no_hole(values: list[float]) -> None:
    room = len("─" * 40)
    rows = rows_of(drawn(values, width=room))
    width = max(map(len, rows))

    assert len(values) == 1 or all(
        any(len(row) > place and row[place] != " " for row in rows) for place in range(width)
    )


def test_what_is_no_number_leaves_a_hole_and_a_mark_below_it() -> None:
    lines = drawn([1.0, 2.0, math.nan, 2.0, 1.0])
    place = lines[-2].index("!")

    assert all(len(line) <= place or line[place] == " " for line in lines[:-2])
    assert lines[-2].count("!") == 1


def test_marks_are_round_and_stand_at_their_rows() -> None:
    lines = drawn([0.0, 10.0], height=11)

    assert [line.split()[0] for line in lines if "┤" in line] == ["10", "5", "0"]
    assert [place for place, line in enumerate(lines) if "┤" in line] == [0, 5, 10]


@example(0.0, 5e-324, 3)
@given(_numbers, _numbers, st.integers(3, 12))
def test_two_marks_at_least_tell_how_high_a_curve_is(one: float, other: float, height: int) -> None:
    lines = drawn([one, other], width=100, height=height)

    assert len({line.split()[0] for line in lines if "┤" in line}) >= 1 + (one != other)


def test_a_single_value_is_a_dot_beside_its_number() -> None:
    [row] = [line for line in drawn([0.25]) if line.strip("│ ")][:1]

    assert row.startswith("0.25 ┤")


def test_time_is_marked_by_its_own_units() -> None:
    lines = chart(stretches_of([1.0, 2.0]), _COLUMNS, Across(0, 7200, of_seconds=True), 60, 5)

    assert lines[-1].split() == ["0s", "1h", "2h"]


@given(_numbers, _numbers, st.integers(1, 20), st.booleans())
def test_marks_lie_between_the_ends_and_can_be_told_apart(one: float, other: float, most: int, whole: bool) -> None:
    low, high = sorted([one, other])
    found = ticks.ticks(low, high, most, whole=whole)
    texts = ticks.labels(found, low, high)

    assert found == sorted(found)
    assert low <= found[0]
    assert found[-1] <= high
    assert len(found) <= most
    assert len(set(texts)) == len(set(found))


@given(st.lists(st.one_of(_numbers, st.text(max_size=3), st.none(), st.booleans()), max_size=60), st.integers(1, 40))
def test_a_small_curve_is_no_wider_than_asked(values: list[object], width: int) -> None:
    assert len(sparkline(values, width)) <= width


@given(st.lists(_tame, min_size=1, max_size=60), st.integers(1, 40))
def test_a_small_curve_rises_where_its_values_do(values: list[float], width: int) -> None:
    bars = sparkline(sorted(values), width)

    assert list(bars) == sorted(bars)


def test_a_small_curve_goes_from_the_lowest_to_the_highest_bar() -> None:
    assert sparkline([0.0, 7.0, 4.0, math.nan, "text"], 10) == "▁█▅"
    assert sparkline(["text", None], 10) == ""


def test_lengths_of_time_are_in_their_two_largest_units() -> None:
    assert [ticks.duration(seconds) for seconds in (0.4, 59.9, 60, 3661, 90_000)] == [
        "0s",
        "59s",
        "1m 00s",
        "1h 01m",
        "1d 01h",
    ]
