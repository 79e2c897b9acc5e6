"""The three forms of what is listed: a table, JSON, and CSV. Only a table on a terminal is cut, or has colours."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import os
import shutil
import sys
import unicodedata
from typing import Literal, TypedDict

import click

from localexp.report.plain import json_line, json_text, strict
from localexp.report.printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_GAP = "  "
# The wide forms begin one too where the spreadsheet is of East Asia.
_BEGIN_OF_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Form = Literal["table", "json", "csv"]


class Look(TypedDict, total=False):
    """How a cell looks where there are colours, as ``styled`` takes it."""

    fg: str | None
    bold: bool
    dim: bool


_LOOKS_OF_STATUS: dict[str, Look] = {
    "Completed": {"fg": "green"},
    "Failed": {"fg": "red"},
    "Canceled": {"fg": "yellow"},
    "CancelRequested": {"fg": "yellow"},
    "Running": {"fg": "cyan"},
    "Finalizing": {"fg": "cyan"},
}


def of_status(status: object) -> Look:
    """The look of the status of a run; one that has not begun is dim."""
    return _LOOKS_OF_STATUS.get(str(status), {"dim": True})


class Column:
    """A column, as wide as its widest cell; one of numbers stands at the right.

    Where a terminal is too narrow for that, columns with a ``rank`` are left out, the lowest first, and one with a
    ``least`` width is cut down to that at most. ``look`` gives the look of a value, as ``of_status`` does. Texts
    ``of_numbers`` stand at the right too.
    """

    def __init__(
        self,
        title: str,
        values: Sequence[object],
        *,
        least: int | None = None,
        rank: int | None = None,
        look: Callable[[object], Look] | None = None,
        of_numbers: bool = False,
    ) -> None:
        self.title = cell_text(title)
        self.cells = [self.title, *map(cell_text, values)]
        self.width = max(map(width_of, self.cells))
        self.least = self.width if least is None else min(least, self.width)
        self.rank = rank
        self._looks: list[Look] = [{"bold": True}, *map(look or _plain, values)]
        kinds = {type(value) for value in values} - {type(None)}
        self._is_of_numbers = of_numbers or kinds in ({int}, {float}, {int, float})

    def lines(self) -> Iterator[str]:
        for cell, look in zip(self.cells, self._looks, strict=True):
            yield self._padded(cut(cell, self.width), look)

    def _padded(self, cell: str, look: Look) -> str:
        space = " " * (self.width - width_of(cell))
        cell = styled(cell, **look) if look else cell
        return space + cell if self._is_of_numbers else cell + space


def show(columns: Sequence[Column], hint: str = "--json has everything.") -> None:
    """Print columns. What is no terminal gets all of them, however wide; a terminal no line that is wider than it.

    :param hint: where there is what does not fit.
    """
    room = terminal_width()
    shown = list(columns) if room is None else _fitted(columns, room)
    for line in _joined(shown):
        click.echo(line)
    if left_out := len(columns) - len(shown):
        note(f"Columns that do not fit here: {left_out}. {hint}")


def lines(columns: Sequence[Column], room: int | None) -> list[str]:
    """The lines that ``show`` prints, where there is room for so much in each."""
    return list(_joined(columns if room is None else _fitted(columns, room)))


def _joined(columns: Sequence[Column]) -> Iterator[str]:
    for cells in zip(*(column.lines() for column in columns), strict=True):
        yield _GAP.join(cells).rstrip()


def note(text: str) -> None:
    """Print a remark below a table, on a terminal no wider than it is."""
    room = terminal_width()
    click.echo(styled(text if room is None else cut(text, room), dim=True))


def next_step(command: str, meaning: str) -> None:
    """Print a command line and, unless a terminal is too narrow for it, what it does: one that is cut is of no use."""
    room, line = terminal_width(), f"{command}   # {meaning}"
    click.echo(styled(line if room is None or width_of(line) <= room else command, dim=True))


def terminal_width() -> int | None:
    """How many columns the terminal has that standard output is, or COLUMNS says so; None if it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def show_listing(
    form: Form,
    found: Iterable[dict[str, object]],
    titles: Sequence[str],
    row: Callable[[dict[str, object]], Sequence[object]],
    as_table: Callable[[list[dict[str, object]]], None] = lambda _: None,
) -> None:
    """Print what was found in the form that was asked for.

    JSON and CSV are printed one after the other, so that a long list takes no more memory than a short one.

    :param found: plain data, as it is to be in JSON.
    :param titles: of the columns of CSV.
    :param row: the cells in CSV of one of what was found.
    :param as_table: prints all that was found as a table, or that there is nothing.
    """
    if form == "csv":
        show_csv(titles, map(row, found))
    elif form == "json":
        show_json_list(found)
    else:
        as_table(list(found))


def show_json(value: object) -> None:
    """Print JSON that any reader takes and no terminal acts on: NaN and infinities become texts."""
    click.echo(json_text(value))


def show_json_line(value: object) -> None:
    """Print JSON as ``show_json`` does, but in one line."""
    click.echo(json_line(value))


def show_json_list(values: Iterable[object], *, in_lines: bool = False) -> None:
    """Print a JSON list as ``show_json`` does, but each value when its turn comes.

    :param in_lines: each value takes one line, and a third of the time.
    """
    texts = map(json_line, values) if in_lines else (json_text(value).replace("\n", "\n  ") for value in values)
    is_empty = True
    for text in texts:
        sys.stdout.write(f"[\n  {text}" if is_empty else f",\n  {text}")
        is_empty = False
    # Not by click, which has a stream of its own where the encoding is ASCII: this would overtake what is before it.
    sys.stdout.write("[]\n" if is_empty else "\n]\n")
    # That nobody takes it is to come out here, not when Python ends.
    sys.stdout.flush()


def show_csv(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print CSV that no spreadsheet takes for formulas: a text that would begin one has an apostrophe before it.

    Numbers are whole, None is empty, and a dict or list is JSON. On a terminal control characters are spelt out.
    """
    on_terminal = sys.stdout.isatty()
    # It quotes only what is in its own end of a line, and a lone CR in a cell is one for every reader.
    writer = csv.writer(_Lines(), lineterminator="\r\n")
    writer.writerow([_csv_cell(title, on_terminal) for title in titles])
    writer.writerows([_csv_cell(cell, on_terminal) for cell in row] for row in _rows_told(rows))
    # That nobody takes it is to come out here, not when Python ends.
    sys.stdout.flush()


class _Lines:
    """Takes rows from a writer of CSV to standard output, where a line ends as lines do."""

    def write(self, row: str) -> None:
        sys.stdout.write(row.removesuffix("\r\n") + "\n")


def styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    """A text in a colour, where standard output is a terminal that is to have colours."""
    if not has_colours():
        return text
    from rich.color import ColorSystem
    from rich.style import Style

    # No more than these few colours, which every terminal shows as its user has chosen them.
    return Style(color=fg, bold=bold or None, dim=dim or None).render(text, color_system=ColorSystem.STANDARD)


def has_colours() -> bool:
    """Whether standard output is a terminal, NO_COLOR is not set, and rich is there."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return False
    return importlib.util.find_spec("rich") is not None


def cell_text(value: object) -> str:
    """A value for people, on one line and without control characters."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(str(value))


def one_line(text: str) -> str:
    """A text of any number of lines on one line, and without control characters."""
    return cell_text(" ".join(line.strip() for line in text.split("\n")))


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes: characters of East Asia two, accents above others none."""
    return len(text) if text.isascii() else sum(map(_width_of_character, text))


def cut(text: str, width: int) -> str:
    """A text that takes no more columns than this, with ``…`` at its end if something is missing."""
    if width_of(text) <= width:
        return text
    room, end = width - 1, 0
    while end < len(text) and (room := room - _width_of_character(text[end])) >= 0:
        end += 1
    return f"{text[:end]}…" if width > 0 else ""


def _width_of_character(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _plain(value: object) -> Look:  # noqa: ARG001 - as every look
    return {}


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
    return _cut_off(shown, room)


def _cut_off(columns: Sequence[Column], room: int) -> list[Column]:
    """The columns that a very narrow terminal has room for, the last of them cut to what is left."""
    shown = list[Column]()
    for column in columns:
        if room < 1:
            break
        column.width = min(column.width, room)
        room -= column.width + len(_GAP)
        shown.append(column)
    return shown


def _least_width(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + len(_GAP) * (len(columns) - 1)


def _rows_told(rows: Iterable[Sequence[object]]) -> Iterable[Sequence[object]]:
    from localexp.store.telling import all_told, told_by_names

    return ([all_told(cell) for cell in row] for row in rows) if told_by_names() else rows


def _csv_cell(value: object, on_terminal: bool) -> object:
    if value is None or type(value) is int:
        return value
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, (bool, dict, list, tuple)):
        value = json.dumps(strict(value), default=str)
    if not isinstance(value, str):
        return value
    safe = f"'{value}" if value.startswith(_BEGIN_OF_FORMULA) and not _is_number(value) else value
    return printable(safe) if on_terminal else safe


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    # float() takes blanks around a number too.
    return text == text.strip()
