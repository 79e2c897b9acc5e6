"""Small curves as SVG."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT, _MARGIN = 240.0, 48.0, 3.0
_MOST_POINTS = 240


def curve(values: Sequence[object]) -> str:
    """The SVG of the finite numbers among some values, in their order; empty if there are fewer than two."""
    numbers = [number for number in map(_number, values) if math.isfinite(number)]
    if len(numbers) < 2:
        return ""
    numbers = _thinned(numbers)
    low, high = min(numbers), max(numbers)
    across = (_WIDTH - 2 * _MARGIN) / (len(numbers) - 1)
    # Halved first, so that not even the largest doubles overflow.
    span = (high / 2 - low / 2) or 1.0
    points = " ".join(
        f"{_MARGIN + index * across:.1f},"
        f"{_HEIGHT - _MARGIN - (number / 2 - low / 2) / span * (_HEIGHT - 2 * _MARGIN):.1f}"
        for index, number in enumerate(numbers)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="from {low:.6g} to {high:.6g}">'
        f'<polyline points="{points}"/></svg>'
    )


def _number(value: object) -> float:
    """The number that a value is, NaN for any other."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _thinned(numbers: list[float]) -> list[float]:
    """At most so many numbers, keeping the lowest and the highest of each stretch."""
    if len(numbers) <= _MOST_POINTS:
        return numbers
    kept = []
    stretches = _MOST_POINTS // 2
    for index in range(stretches):
        stretch = numbers[index * len(numbers) // stretches : (index + 1) * len(numbers) // stretches]
        low, high = min(stretch), max(stretch)
        kept += [low, high] if stretch.index(low) <= stretch.index(high) else [high, low]
    return kept
