"""Runs side by side, for people: as texts, as a plain table, and for notebooks."""

from __future__ import annotations

from localexp.execution.comparing import value_key
from localexp.report import html
from localexp.report.html import escape
from localexp.report.notebook_style import styled
from localexp.report.printable import printable
from localexp.store.telling import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from localexp.execution.comparing import Row

ABSENT = "-"
_DIGITS = (4, 6, 9, 12)
_LONGEST = 40
_CONTEXT = 8
_GAP = "  "


def texts(values: Sequence[object]) -> list[str]:
    """Values on one line each, without control characters, with so many digits that those which differ look so."""
    different = len(set(map(value_key, values)))
    found: list[str] = []
    for digits in _DIGITS:
        found = [_text(value, digits) for value in values]
        if len(set(found)) == different:
            return found
    return [_text(value, None) for value in values] if any(isinstance(value, float) for value in values) else found


def closer(texts: Sequence[str], longest: int) -> list[str]:
    """Texts that are to be cut, each from shortly before the place where they are no longer the same."""
    known = {text for text in texts if text != ABSENT}
    if len(known) < 2 or max(map(len, known)) <= longest:
        return list(texts)
    first, last = min(known), max(known)
    same = next((place for place, character in enumerate(first) if character != last[place]), len(first))
    start = same - _CONTEXT
    return [text if text == ABSENT or start <= 0 else f"…{text[start:]}" for text in texts]


def plain_table(heads: Sequence[str], rows: Iterable[Row]) -> str:
    """A table with a column a run, and a line above each section; long values are cut."""
    lines = [["", *heads]]
    for section, of_section in by_section(rows):
        lines.append([section])
        lines += [[f"  {printable(row.name)}", *closer(texts(row.values), _LONGEST)] for row in of_section]
    cells = [[_cut(cell) for cell in line] for line in lines]
    widths = [
        max((len(line[place]) for line in cells if place < len(line)), default=0) for place in range(len(cells[0]))
    ]
    padded = (_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)) for line in cells)
    return "\n".join(line.rstrip() for line in padded)


def comparison_html(heads: Sequence[str], rows: Iterable[Row]) -> str:
    """The same for notebooks."""
    found = list(rows)
    table = html_table(heads, found) if found else "<p>No differences.</p>"
    return styled(f"<p><b>{len(heads)} runs</b></p>{table}")


def html_table(heads: Sequence[str], rows: Iterable[Row]) -> str:
    """An HTML table with a column a run, and a line above each section."""
    lines = [html.row(["", *(f"<b>{escape(html.short(head))}</b>" for head in heads)])]
    for section, of_section in by_section(rows):
        lines.append(html.row([f"<b>{escape(section)}</b>", *[""] * len(heads)]))
        lines += [html.row(map(escape, _short_cells(row))) for row in of_section]
    return f'<div class="scrolled"><table>{"".join(lines)}</table></div>'


def _short_cells(row: Row) -> list[str]:
    values = closer(texts(row.values), _LONGEST)
    return [html.short(text, _LONGEST) for text in (printable(row.name), *values)]


def by_section(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each section that has some, in their order."""
    from itertools import groupby

    for section, found in groupby(rows, key=lambda row: row.section):
        yield section, list(found)


def _text(value: object, digits: int | None) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, float):
        return repr(value) if digits is None else f"{value:.{digits}g}"
    if isinstance(value, dict):
        return ", ".join(f"{printable(name)}={_text(inner, digits)}" for name, inner in value.items())
    # Before it is cut.
    return printable(told(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
