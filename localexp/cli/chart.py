"""Charts of characters: numbers in, lines out."""

from __future__ import annotations

import math

from localexp.cli import ticks
from localexp.store.values import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localexp.store.curves import Stretch

    # Of dots: the column, and the rows of the highest and the lowest; the first row is at the top.
    Bar = tuple[int, int, int]

_DOTS_ACROSS, _DOTS_DOWN = 2, 4
_EMPTY = 0x2800
# The bit of each dot of a character, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BARS = "▁▂▃▄▅▆▇█"
CHARACTERS = f"⣿┤│└─┬!{_BARS}"
_LEAST_WIDTH, _LEAST_HEIGHT = 12, 3
_ROWS_A_TICK, _WIDTH_OF_TICK = 3, 12
_LARGEST = 1e308


class Across:
    """The horizontal axis: from where to where, and whether it counts, or is of seconds from 0."""

    def __init__(self, low: float, high: float, *, of_seconds: bool = False) -> None:
        self.low = low
        self.high = high
        self._of_seconds = of_seconds

    def marks(self, width: int) -> list[tuple[int, str]]:
        """(place, label) from the left to the right, none of which runs into the next or beyond the width."""
        most = max(2, width // _WIDTH_OF_TICK)
        if self._of_seconds:
            values = ticks.ticks_of_seconds(self.high, most)
            texts = ticks.labels_of_seconds(values)
        else:
            values = _ends_unless_several(ticks.ticks(self.low, self.high, most, whole=True), self.low, self.high)
            texts = [f"{value:.0f}" if abs(value) < 1e15 else f"{value:g}" for value in values]
        return [(self._place(value, width), text) for value, text in zip(values, texts, strict=True)]

    def _place(self, value: float, width: int) -> int:
        distance = self.high - self.low
        return round((value - self.low) / distance * (width - 1)) if distance > 0 else 0


def chart(stretches: Sequence[Stretch], columns: int, across: Across, width: int, height: int) -> list[str]:
    """A curve with its axes, as lines no wider than ``width``, ``height`` of them above the horizontal axis.

    The highest number is in the first row, the lowest in the last. Where values lie that are no finite numbers the
    curve has a gap, and the axis a ``!``.

    :param stretches: those of the columns that have values, in their order; at least one has a number.
    :param columns: how many columns there are, empty ones included.
    """
    height = max(height, _LEAST_HEIGHT)
    lows = [stretch.lowest for stretch in stretches if stretch.lowest is not None]
    highs = [stretch.highest for stretch in stretches if stretch.highest is not None]
    low, high = float(min(lows)), float(max(highs))
    labels = _labels(low, high, height)
    gutter = min(max(map(len, labels.values())), max(0, width - _LEAST_WIDTH))
    room = max(1, width - gutter - 2)
    rows = _curve(stretches, columns, (low, high), room, height)
    lines = [
        f"{labels.get(row, '')[:gutter]:>{gutter}} {'┤' if row in labels else '│'}{text}".rstrip()
        for row, text in enumerate(rows)
    ]
    odd = {_scaled(one.column, columns, room) for one in stretches if one.odd}
    below = [f"{' ' * gutter} {line}".rstrip()[:width] for line in _below(across, room, odd)]
    return [line[:width] for line in lines] + below


def _labels(low: float, high: float, height: int) -> dict[int, str]:
    """What is written beside which row."""
    values = _ends_unless_several(ticks.ticks(low, high, max(2, height // _ROWS_A_TICK)), low, high)
    texts = ticks.labels(values, low, high)
    return {_row(value, low, high, height): text for value, text in zip(values, texts, strict=True)}


def _ends_unless_several(values: list[float], low: float, high: float) -> list[float]:
    """One number alone tells nobody how far it is to others: then the ends are marked."""
    return values if len(values) > 1 or low == high else [low, high]


def _row(value: float, low: float, high: float, rows: int) -> int:
    # Halved where the largest doubles would overflow, and only there: the half of the least is nothing.
    part = 1.0 if math.isfinite(high - low) else 2.0
    distance = high / part - low / part
    if distance <= 0:
        return (rows - 1) // 2
    return round((high / part - value / part) / distance * (rows - 1))


def _scaled(column: int, columns: int, room: int) -> int:
    return round(column * (room - 1) / (columns - 1)) if columns > 1 else 0


def _curve(
    stretches: Sequence[Stretch], columns: int, between: tuple[float, float], width: int, height: int
) -> list[str]:
    dots = [[0] * width for _ in range(height)]
    for column, top, bottom in _connected(_bars(stretches, columns, between, width, height)):
        for row in range(top, bottom + 1):
            bit = _DOTS[row % _DOTS_DOWN][column % _DOTS_ACROSS]
            dots[row // _DOTS_DOWN][column // _DOTS_ACROSS] |= bit
    return ["".join(chr(_EMPTY + bits) if bits else " " for bits in row) for row in dots]


def _bars(
    stretches: Sequence[Stretch], columns: int, between: tuple[float, float], width: int, height: int
) -> Iterator[Bar | None]:
    """The numbers of each column as a bar; None where the curve has a gap."""
    rows = height * _DOTS_DOWN
    for stretch in stretches:
        if stretch.lowest is None or stretch.highest is None:
            yield None
            continue
        column = _scaled(stretch.column, columns, width * _DOTS_ACROSS)
        yield column, _row(stretch.highest, *between, rows), _row(stretch.lowest, *between, rows)


def _connected(bars: Iterator[Bar | None]) -> Iterator[Bar]:
    before: Bar | None = None
    for bar in bars:
        if bar is not None:
            if before is not None:
                yield from _line(before, bar)
            yield bar
        before = bar


def _line(left: Bar, right: Bar) -> Iterator[Bar]:
    """The bars of a line between two others, from where they are nearest to each other."""
    start, end = _nearest(left, right)
    across = right[0] - left[0]
    row = start
    for step in range(1, across + 1):
        following = start + round((end - start) * step / across)
        yield left[0] + step, min(row, following), max(row, following)
        row = following


def _nearest(left: Bar, right: Bar) -> tuple[int, int]:
    (_, top, bottom), (_, other_top, other_bottom) = left, right
    if bottom < other_top:
        return bottom, other_top
    if other_bottom < top:
        return top, other_bottom
    shared = max(top, other_top)
    return shared, shared


def _below(across: Across, width: int, odd: set[int]) -> list[str]:
    """The horizontal axis, and what is written below it."""
    axis, text, end = ["─"] * width, "", -1
    for place, label in across.marks(width):
        start = max(0, min(place + 1 - len(label) // 2, width + 1 - len(label)))
        if not 0 <= place < width or start <= end or len(label) > width:
            continue
        axis[place] = "┬"
        text = f"{text:<{start}}{label}"
        end = len(text)
    for place in odd:
        axis[place] = "!"
    return ["└" + "".join(axis), text]


def sparkline(values: Sequence[object], width: int) -> str:
    """The finite numbers among some values as a row of bars, no wider than ``width``; each is the mean of its part."""
    numbers = [number for number in map(_number, values) if number is not None]
    if not numbers:
        return ""
    parts = min(width, len(numbers))
    ends = [len(numbers) * (part + 1) // parts for part in range(parts)]
    means = [_mean(numbers[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    low, high = min(means), max(means)
    last = len(_BARS) - 1
    if high == low:
        return _BARS[last // 2] * parts
    return "".join(_BARS[last - _row(mean, low, high, last + 1)] for mean in means)


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(number / len(numbers) for number in numbers)


def _number(value: object) -> float | None:
    """The number that a value is; None if it is another, or none that a mean can be made of."""
    return float(value) if is_number(value) and abs(value) < _LARGEST else None
