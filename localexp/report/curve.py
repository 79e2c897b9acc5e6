"""Small curves as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass

from localexp.store.values import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_MARGIN = 3.0


@dataclass(frozen=True)
class Size:
    """How large a curve is, in pixels, and of how many points it is made at most."""

    width: int
    height: int
    most_points: int


WIDE = Size(240, 48, 240)
SMALL = Size(72, 18, 36)
"""Beside a value in a table that may have many."""


def curve(values: Sequence[object], size: Size = WIDE) -> str:
    """The SVG of the finite numbers among some values, in their order; empty if there are fewer than two."""
    numbers = [number for number in map(_number, values) if math.isfinite(number)]
    if len(numbers) < 2:
        return ""
    numbers = _thinned(numbers, size.most_points)
    low, high = min(numbers), max(numbers)
    points = _placed(numbers, low, high, size)
    return (
        f'<svg width="{size.width}" height="{size.height}" viewBox="0 0 {size.width} {size.height}" role="img" '
        f'aria-label="from {low:.6g} to {high:.6g}"><polyline points="{" ".join(points)}"/></svg>'
    )


def _placed(numbers: list[float], low: float, high: float, size: Size) -> list[str]:
    across = (size.width - 2 * _MARGIN) / (len(numbers) - 1)
    # Halved first, so that not even the largest doubles overflow.
    span = high / 2 - low / 2
    places = [(number / 2 - low / 2) / span if span else 0.5 for number in numbers]
    return [
        f"{_MARGIN + index * across:.1f},{size.height - _MARGIN - place * (size.height - 2 * _MARGIN):.1f}"
        for index, place in enumerate(places)
    ]


def _number(value: object) -> float:
    """The number that a value is, NaN for any other."""
    if not is_number(value):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _thinned(numbers: list[float], most: int) -> list[float]:
    """At most so many numbers, keeping the lowest and the highest of each stretch."""
    if len(numbers) <= most:
        return numbers
    kept = []
    stretches = most // 2
    for index in range(stretches):
        stretch = numbers[index * len(numbers) // stretches : (index + 1) * len(numbers) // stretches]
        low, high = min(stretch), max(stretch)
        kept += [low, high] if stretch.index(low) <= stretch.index(high) else [high, low]
    return kept
