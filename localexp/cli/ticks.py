"""Where an axis is marked: at numbers that people like, and with no more digits than tell them apart."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 5.0, 10.0)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_LARGEST_PLAIN, _MOST_DECIMALS = 1e6, 4


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from ``low`` to ``high``: so many at most, and at least one.

    :param whole: only integers.
    """
    distance = high / 2 - low / 2
    step = _step(2 * distance / max(most, 1), whole) if distance > 0 else 0.0
    if not (step > 0 and math.isfinite(step)):
        # There is but one number, or those that are would not fit a float.
        return [low]
    found = _multiples(low, high, step)
    while len(found) > most:
        step = _step(step * 1.5, whole)
        found = _multiples(low, high, step)
    return found or [low]


def _step(least: float, whole: bool) -> float:
    if whole and least <= 1:
        return 1.0
    if not (least > 0 and math.isfinite(least)):
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((power * one for one in _STEPS if power * one >= least), power * 10) if power > 0 else 0.0


def _multiples(low: float, high: float, step: float) -> list[float]:
    if step <= 0 or not math.isfinite(step):
        return [low]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Of very large numbers the next float may be further than a step.
    if last - first > 1000:
        return [low]
    # Not -0.0, which would be shown as that.
    return [min(max(count * step, low), high) + 0.0 for count in range(first, last + 1)]


def labels(values: list[float], low: float, high: float) -> list[str]:
    """What is written at ticks."""
    distance = values[1] - values[0] if len(values) > 1 else (high - low) or abs(low) or 1.0
    largest = max(abs(low), abs(high))
    decimals = max(0, -math.floor(math.log10(distance) + 1e-9)) if distance > 0 and math.isfinite(distance) else 0
    if len(values) == 1:
        return [f"{values[0]:.6g}"]
    if any(abs(value - round(value, decimals)) > distance / 100 for value in values):
        # The ends of an axis are seldom round.
        decimals += 2
    if largest < _LARGEST_PLAIN and decimals <= _MOST_DECIMALS:
        return [f"{value:.{decimals}f}" for value in values]
    # The ends may be further from each other than the largest float.
    digits = min(17, max(1, math.floor(math.log10(largest / distance)) + 2)) if math.isfinite(distance) else 2
    return [f"{value:.{digits}g}" for value in values]


def ticks_of_seconds(high: float, most: int) -> list[float]:
    """Round times from 0 to ``high`` seconds."""
    days = (86400.0 * count for count in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000, 1_000_000))
    least = high / max(most - 1, 1)
    if least < 1:
        return ticks(0.0, high, most)
    step = next((float(one) for one in (*_SECONDS, *days) if one >= least), high)
    return [count * step for count in range(int(high / step) + 1)]


def labels_of_seconds(values: list[float]) -> list[str]:
    """What is written at such times: as ``0.5s``, ``15s``, ``1m 30s`` or ``2h``."""
    if any(value % 1 for value in values):
        return [f"{value:.4g}s" for value in values]
    return [duration(value).partition(" 00")[0] for value in values]


def duration(seconds: float) -> str:
    """A length of time in whole seconds, and in its two largest units, as ``1h 05m``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    for size, unit, below, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // below:02}{small}"
    raise AssertionError(seconds)
