"""Tables for the terminal, and JSON."""

from __future__ import annotations

import json
import math
import unicodedata

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def show(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns, each as wide as its widest cell; numbers to the right."""
    texts = [[cell_text(cell) for cell in row] for row in rows]
    widths = [max(_width(cell) for cell in column) for column in zip(header, *texts, strict=True)]
    right = [
        bool(rows) and all(isinstance(row[i], (int, float)) or row[i] is None for row in rows)
        for i in range(len(header))
    ]
    for row in [list(header), *texts]:
        cells = [_padded(cell, width, at_right) for cell, width, at_right in zip(row, widths, right, strict=True)]
        click.echo("  ".join(cells).rstrip())


def show_json(value: object) -> None:
    """Print JSON that any reader takes: NaN and infinities become texts."""
    click.echo(json.dumps(_strict(value), indent=2, ensure_ascii=False, default=str))


def cell_text(value: object) -> str:
    """A value for people, on one line and without control characters."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def _strict(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(inner) for inner in value]
    return value


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _padded(text: str, width: int, at_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if at_right else text + space
