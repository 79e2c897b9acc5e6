"""``localexp metrics``."""

from __future__ import annotations

import difflib
import shutil
import sys

import click

from localexp.cli import options, series, table
from localexp.cli.chart import CHARACTERS, Across, chart, sparkline
from localexp.cli.run_table import value_text
from localexp.cli.select import find_run
from localexp.errors import UserErrorException
from localexp.metrics.system import SAMPLED
from localexp.store import clock, curves, points
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from localexp.cli.table import Form
    from localexp.run import Run
    from localexp.store.curves import Stretch
    from localexp.store.points import Summary

# More than a terminal has dots across.
_COLUMNS = 600
_HEIGHT, _LEAST_HEIGHT, _LINES_AROUND = 15, 5, 6
_SAMPLE, _WIDTH_OF_CURVE, _LEAST_WIDTH_OF_NAME = 160, 16, 12
_TITLES = ["metric", "kind", "last", "min", "max", "count", "step", "time", "description"]


@click.command(
    short_help="Show the metrics of a run, and charts of them.",
    epilog=options.examples(
        "localexp metrics latest                  # what each metric came to",
        "localexp metrics latest loss accuracy    # a chart of each",
        "localexp metrics latest loss --csv       # every value with its step and time",
    ),
)
@click.argument("run")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--by",
    type=click.Choice(["step", "index", "time"]),
    help="What a chart goes by; default: step if all values have one, otherwise their order.",
)
@click.option("--system", is_flag=True, help="Among all metrics, those that localexp has sampled too.")
@click.option("--table", "as_table", is_flag=True, help="Print every value in a line, and no chart.")
@options.workspace_path
@options.forms
def metrics(
    run: str, names: tuple[str, ...], by: str | None, system: bool, as_table: bool, workspace: str | None, form: Form
) -> None:
    """Show the metrics of a RUN: of each its last, lowest and highest value, and a small curve.

    With NAMEs, every value of these: on a terminal as a chart, with --table, or into a pipe or file, in lines. What was
    logged in rows is a table, and what has no numbers is in lines too; of images and charts the file is named.

    RUN is its id, the beginning of its id, or 'latest'. A chart has a gap, and a ! below it, where values are NaN,
    infinite or no numbers. Times are local in lines, and UTC in JSON and CSV.
    """
    if as_table and form != "table":
        message = f"There are '--table' and '--{form}', which are two forms of the same: give one of both."
        raise click.UsageError(message, click.get_current_context())
    found = find_run(options.opened(workspace), run)
    record = found._current()
    with found._workspace._store.main.reading() as db:
        if not names:
            _show_all(db, points.summaries(db, record.key, but=() if system else SAMPLED), form)
            return
        wanted = _named(db, found, names)
        if form == "json":
            table.show_json_list(series.rows(db, record.key, wanted), in_lines=True)
        elif form == "csv":
            series.show_csv(db, record.key, wanted)
        else:
            _show_each(db, found, wanted, by, as_table)


def _named(db: sqlite3.Connection, run: Run, names: Sequence[str]) -> list[Summary]:
    known = {one.name: one for one in points.summaries(db, run._known().key)}
    for name in names:
        if name not in known:
            raise UserErrorException(_unknown(run, name, list(known)))
    return [known[name] for name in dict.fromkeys(names)]


def _unknown(run: Run, name: str, known: list[str]) -> str:
    if not known:
        return f"run {run.id} has no metric {name!r}, for it has logged none"
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"run {run.id} has no metric {name!r}; did you mean {' or '.join(map(repr, close))}?"
    return f"run {run.id} has no metric {name!r}; 'localexp metrics {run.id}' lists those that it has"


def _show_all(db: sqlite3.Connection, found: list[Summary], form: Form) -> None:
    def show(listed: list[dict[str, object]]) -> None:
        if not listed:
            click.echo("No metrics. A script logs them with run.log(name, value).")
            return
        curve = [_small_curve(db, one) for one in found] if _can_draw() else []
        table.show(
            [
                table.Column("METRIC", [one["metric"] for one in listed], least=_LEAST_WIDTH_OF_NAME),
                table.Column("LAST", [value_text(one["last"]) for one in listed], least=_LEAST_WIDTH_OF_NAME),
                table.Column("MIN", [one["min"] for one in listed]),
                table.Column("MAX", [one["max"] for one in listed]),
                table.Column("VALUES", [one["count"] for one in listed], rank=3),
                table.Column("STEP", [one["step"] for one in listed], rank=2),
                *([table.Column("CURVE", curve, rank=1)] if any(curve) else []),
            ],
            hint="--json has everything.",
        )

    plain = [_plain(db, one) for one in found]
    table.show_listing(form, plain, _TITLES, lambda one: [one[title] for title in _TITLES], show)


def _plain(db: sqlite3.Connection, summary: Summary) -> dict[str, object]:
    value = from_cell(summary.last)
    return {
        "metric": summary.name,
        "kind": summary.kind,
        "last": value.name if isinstance(value, Reference) else value,
        "min": summary.min,
        "max": summary.max,
        "count": summary.count,
        "step": curves.last_step(db, summary.key),
        "time": clock.iso(summary.last_time),
        "description": summary.description,
    }


def _small_curve(db: sqlite3.Connection, summary: Summary) -> str:
    if summary.min is None or summary.count < 2:
        return ""
    return sparkline([from_cell(cell) for cell in points.sample(db, summary, _SAMPLE)], _WIDTH_OF_CURVE)


def _can_draw() -> bool:
    """Whether standard output is a terminal that shows more than ASCII."""
    try:
        CHARACTERS.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return sys.stdout.isatty()


def _show_each(db: sqlite3.Connection, run: Run, found: Sequence[Summary], by: str | None, as_table: bool) -> None:
    draws = not as_table and _can_draw()
    for place, summary in enumerate(found):
        if place:
            click.echo()
        lines = _drawn(db, summary, by) if draws and summary.min is not None else None
        if lines is not None or len(found) > 1:
            _show_head(summary)
        if lines is None:
            series.show_table(db, run._known().key, summary)
            _say_where_files_are(run, summary, draws)
        for line in lines or ():
            click.echo(line)


def _show_head(summary: Summary) -> None:
    room = table.terminal_width()
    name, said = table.cell_text(summary.name), f"  {_said_of(summary)}"
    if room is not None:
        name = table.cut(name, room)
        said = table.cut(said, room - table.width_of(name))
    click.echo(table.styled(name, bold=True) + said)
    if summary.description:
        table.note(table.one_line(summary.description))


def _said_of(summary: Summary) -> str:
    count = "1 value" if summary.count == 1 else f"{summary.count:,} values"
    if summary.min is None:
        return count
    last = from_cell(summary.last)
    shown = f"last {table.cell_text(last)}, " if isinstance(last, (int, float, str)) else ""
    return f"{shown}lowest {summary.min:.4g}, highest {summary.max:.4g}, {count}"


def _say_where_files_are(run: Run, summary: Summary, on_terminal: bool) -> None:
    last = from_cell(summary.last)
    if on_terminal and isinstance(last, Reference):
        table.note(f"See it with: localexp artifacts open {run.id} {last.name}")


def _drawn(db: sqlite3.Connection, summary: Summary, by: str | None) -> list[str] | None:
    """The lines of a chart with what there is to say of it; None if no number could be drawn."""
    steps = curves.steps(db, summary.key) if by in (None, "step") else None
    if by == "step" and steps is not None and not steps.count:
        raise UserErrorException(f"the metric {summary.name!r} was logged without steps; leave out '--by step'")
    by = by or ("step" if steps is not None and steps.count == summary.count else "index")
    across, stretches = _curve(db, summary, by, steps)
    if all(one.lowest is None for one in stretches):
        return None
    width, lines = shutil.get_terminal_size()
    height = min(_HEIGHT, max(_LEAST_HEIGHT, lines - _LINES_AROUND))
    drawn = [_coloured(line) for line in chart(stretches, _COLUMNS, across, width, height)]
    odd = sum(one.odd for one in stretches)
    remarks = [f"by {by}", *([f"{odd:,} of no finite number (!)"] if odd else [])]
    if by == "step" and steps is not None and (missing := summary.count - steps.count):
        remarks.append(f"{missing:,} without a step are left out")
    return [*drawn, table.styled(table.cut("; ".join(remarks), width), dim=True)]


def _curve(
    db: sqlite3.Connection, summary: Summary, by: str, steps: curves.Steps | None
) -> tuple[Across, list[Stretch]]:
    if by == "step":
        assert steps is not None
        assert steps.lowest is not None
        assert steps.highest is not None
        stretches = curves.over_steps(db, summary.key, steps.lowest, steps.highest, _COLUMNS)
        return Across(steps.lowest, steps.highest), stretches
    if by == "time":
        first = curves.first_time(db, summary.key)
        stretches = curves.over_time(db, summary.key, first, summary.last_time, _COLUMNS)
        return Across(0, (summary.last_time - first) / 1e6, of_seconds=True), stretches
    return Across(0, summary.count - 1), curves.over_count(db, summary.key, summary.count, _COLUMNS)


def _coloured(line: str) -> str:
    """The curve in a colour, the axes as they are."""
    for axis in "┤│":
        head, found, curve = line.partition(axis)
        if found:
            return head + found + table.styled(curve, fg="cyan") if curve else line
    return line
