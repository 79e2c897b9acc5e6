"""The values of metrics one by one: as rows of a table, of JSON or of CSV."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import click

from localexp.cli import table
from localexp.report.printable import printable
from localexp.report.whole import points_of, values
from localexp.store import clock, curves
from localexp.store.values import Reference, family

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from localexp.store.points import Summary
    from localexp.store.values import Value

_LEAST_WIDTH_OF_CELL = 6
_LINES_AT_ONCE = 500


def rows(db: sqlite3.Connection, run: int, found: Sequence[Summary]) -> Iterator[dict[str, object]]:
    """Each value of some metrics, as plain data: its metric, step, time and value, a file by its name."""
    for summary in found:
        for point in points_of(db, run, summary.name):
            yield {"metric": summary.name, **point}


def show_csv(db: sqlite3.Connection, run: int, found: Sequence[Summary]) -> None:
    """Print the same as CSV; what was logged in rows has a column for each of theirs in place of ``value``."""
    columns = _columns([value for one in found if _is_of_rows(one) for _, _, value in values(db, run, one.name)])
    value_column = ["value"] if not all(map(_is_of_rows, found)) else []

    def cells(name: str, step: int | None, time: int, value: Value) -> list[object]:
        if isinstance(value, dict):
            return [name, step, clock.iso(time), *(None for _ in value_column), *map(value.get, columns)]
        plain = value.name if isinstance(value, Reference) else value
        return [name, step, clock.iso(time), plain, *(None for _ in columns)]

    lines = (cells(one.name, *point) for one in found for point in values(db, run, one.name))
    table.show_csv(["metric", "step", "time", *value_column, *columns], lines)


def show_table(db: sqlite3.Connection, run: int, summary: Summary) -> None:
    """Print the values of a metric in lines: what was logged in rows as a table of their columns."""
    if _is_of_rows(summary):
        _show_rows([value for _, _, value in values(db, run, summary.name)])
        return
    # One after the other, so that a million takes no more memory than one.
    steps = curves.steps(db, summary.key)
    width = max(len("STEP"), len(str(steps.lowest)), len(str(steps.highest))) if steps.count else 0
    room = table.terminal_width()
    lines = _lines(values(db, run, summary.name), width)
    while some := list(islice(lines, _LINES_AT_ONCE)):
        click.echo("\n".join(some if room is None else [table.cut(line, room) for line in some]))


def _lines(values: Iterator[tuple[int | None, int, Value]], width_of_step: int) -> Iterator[str]:
    def line(step: str, time: str, value: str) -> str:
        return f"{step:>{width_of_step}}  {time}  {value}" if width_of_step else f"{time}  {value}"

    yield line("STEP", f"{'TIME':23}", "VALUE")
    for step, time, value in values:
        text = value.name if isinstance(value, Reference) else str(value)
        yield line("-" if step is None else str(step), _local_time(time), printable(text))


def _local_time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6).isoformat(" ", "milliseconds")


def _show_rows(values: list[Value]) -> None:
    shown = [value for value in values if isinstance(value, dict)]
    table.show(
        [
            table.Column(name, [row.get(name) for row in shown], least=_LEAST_WIDTH_OF_CELL, rank=-place)
            for place, name in enumerate(_columns(values))
        ],
        hint="--csv and --json have all.",
    )


def _is_of_rows(summary: Summary) -> bool:
    return family(summary.kind) == "rows"


def _columns(values: Sequence[Value]) -> list[str]:
    return list(dict.fromkeys(name for value in values if isinstance(value, dict) for name in value))
