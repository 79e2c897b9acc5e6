"""Rows as text for people."""

from __future__ import annotations

from benchmarks.row import Row

_HEADINGS = ("name", "ours", "floor", "ratio (min to max)", "goal", "met")
_MET = {True: "yes", False: "NO", None: "-"}


def table(rows: list[Row]) -> str:
    """The figures in columns, and under each line what they are of."""
    lines = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    text = [_joined(_HEADINGS, widths), _joined(tuple("-" * width for width in widths), widths)]
    for row, line in zip(rows, lines[1:], strict=True):
        text.append(_joined(line, widths))
        text.extend(f"    {remark}" for remark in _remarks(row))
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "-"
    if row.ratio is not None:
        ratio = f"{_times(row.ratio.median)}x ({_times(row.ratio.low)} to {_times(row.ratio.high)})"
    return row.name, _figure(row.ours, row.unit), _figure(row.floor, row.unit), ratio, _goal(row), _MET[row.is_met]


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _goal(row: Row) -> str:
    goals = []
    if row.goal is not None:
        goals.append(f"<= {row.goal:g}x")
    if row.goal_of_ours is not None:
        goals.append(f"<= {row.goal_of_ours:g} {row.unit}")
    return ", ".join(goals) or "-"


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def _remarks(row: Row) -> list[str]:
    repeats = f", {row.repeats} pairs" if row.repeats else ""
    return [f"{row.measured}; against {row.floor_name}{repeats}", *([row.note] if row.note else [])]


def _joined(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
