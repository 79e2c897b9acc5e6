"""Tables for the terminal, and JSON."""

from __future__ import annotations

import json
import math
import shutil
import sys
import unicodedata

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "  "


class Column:
    """A column, as wide as its widest cell; one of numbers stands at the right.

    Where a terminal is too narrow for that, columns with a ``rank`` are left out, the lowest first, and one with a
    ``least`` width is cut down to that at most.
    """

    def __init__(
        self, title: str, values: Sequence[object], *, least: int | None = None, rank: int | None = None
    ) -> None:
        self.title = cell_text(title)
        self.cells = [self.title, *map(cell_text, values)]
        self.width = max(map(_width, self.cells))
        self.least = self.width if least is None else min(least, self.width)
        self.rank = rank
        self._is_of_numbers = {type(value) for value in values} - {type(None)} in ({int}, {float}, {int, float})

    def lines(self) -> list[str]:
        return [self._padded(_cut(cell, self.width)) for cell in self.cells]

    def _padded(self, cell: str) -> str:
        space = " " * (self.width - _width(cell))
        return space + cell if self._is_of_numbers else cell + space


def show(columns: Sequence[Column]) -> None:
    """Print columns; what is not a terminal gets all of them, however wide."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shown = list(columns) if room is None else _fitted(columns, room)
    for cells in zip(*(column.lines() for column in shown), strict=True):
        click.echo(_GAP.join(cells).rstrip())
    if left_out := len(columns) - len(shown):
        click.echo(f"Columns that do not fit here: {left_out}. 'localexp show RUN' has everything.")


def show_json(value: object) -> None:
    """Print JSON that any reader takes and no terminal acts on: NaN and infinities become texts."""
    click.echo(json.dumps(_strict(value), indent=2, default=str))


def cell_text(value: object) -> str:
    """A value for people, on one line and without control characters."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def one_line(text: str) -> str:
    """A text of any number of lines on one line, and without control characters."""
    return cell_text(" ".join(line.strip() for line in text.split("\n")))


def _fitted(columns: Sequence[Column], room: int) -> list[Column]:
    shown = list(columns)
    can_go = [column for column in columns if column.rank is not None]
    for column in sorted(can_go, key=lambda column: column.rank or 0):
        if _least_width(shown) <= room:
            break
        shown.remove(column)
    spare = max(0, room - _least_width(shown))
    for column in shown:
        widened = min(column.width, column.least + spare)
        spare -= widened - column.least
        column.width = widened
    return shown


def _least_width(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + len(_GAP) * (len(columns) - 1)


def _strict(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner) for inner in value]
    return value


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) >= width:
        text = text[:-1]
    return text + "…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
