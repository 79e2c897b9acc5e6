"""``localexp compare``."""

from __future__ import annotations

from itertools import islice

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.report.moments import moment_of
from localexp.report.printable import printable
from localexp.report.side_by_side import by_section, closer, texts
from localexp.run.comparison import compare_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.cli.table import Form, Look
    from localexp.execution.comparing import Row
    from localexp.run.comparison import Comparison

_GAP = "  "
_LEAST = 14
# What is longer stands out of line in a pipe, where nothing is cut.
_WIDEST_IN_LINE = 60
_END_OF_ID = 8


@click.command(
    short_help="Show runs side by side.",
    epilog=options.examples(
        "localexp compare 3f2a 91bc latest           # what is not the same in these three",
        "localexp compare 3f2a latest --all          # everything that is known of both",
        "localexp compare 3f2a latest --csv >a.csv   # for a spreadsheet",
    ),
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--all", "shows_all", is_flag=True, help="Also what is the same in all of them.")
@options.workspace_path
@options.forms
def compare(runs: tuple[str, ...], shows_all: bool, workspace: str | None, form: Form) -> None:
    """Show runs side by side, a column each: state, arguments, params, tags, environment, inputs, snapshot and metrics.

    Only what is not the same in all of them, unless --all is given. Of metrics these are the last values; --all has
    their ranges too. A RUN is an id, the beginning of an id, or 'latest'.
    """
    opened = options.opened(workspace)
    found = compare_runs([find_run(opened, run) for run in runs], differences_only=not shows_all)
    if form == "json":
        table.show_json(found.as_dict())
    elif form == "csv":
        ids = [run.id for run in found.runs]
        table.show_csv(["section", "name", *ids], ([row.section, row.name, *row.values] for row in found))
    elif not found.rows:
        click.echo("Nothing that is known of these runs differs; --all shows it.")
    else:
        _show(found)


def _show(found: Comparison) -> None:
    heads = [run.id for run in found.runs]
    lines = [_Line([_GAP + printable(row.name), *_texts(row)], _looks(row)) for row in found]
    widths = _widths([["", *heads], *(line.cells for line in lines)])
    heading = _Line(["", *map(_head, heads, widths[1:])], [{"bold": True}] * (len(heads) + 1))
    click.echo(heading.text(widths))
    rest = iter(lines)
    for section, rows in by_section(found.rows):
        click.echo(table.styled(section, bold=True))
        for line in islice(rest, len(rows)):
            click.echo(line.text(widths))
    if left_out := len(heads) + 1 - len(widths):
        table.note(f"Runs that do not fit here: {left_out}. --json and --csv have all.")


def _texts(row: Row) -> list[str]:
    if row.section == "run" and row.name == "created":
        moments = map(moment_of, row.values)
        return ["-" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" for moment in moments]
    return texts(row.values)


class _Line:
    """The cells of a line, the first of them a name, and how each looks where there are colours."""

    def __init__(self, cells: Sequence[str], looks: Sequence[Look]) -> None:
        self.cells = cells
        self._looks = looks

    def text(self, widths: Sequence[int]) -> str:
        """As many cells as there are widths, on a terminal no wider than those."""
        cells = list(self.cells[: len(widths)])
        if table.terminal_width() is not None:
            name, *values = cells
            cells = [name, *closer(values, min(widths[1:]))]
            cells = [table.cut(cell, width) for cell, width in zip(cells, widths, strict=True)]
        found = []
        for shown, look, width in zip(cells, self._looks, widths, strict=False):
            found.append(table.styled(shown, **look) + " " * (width - table.width_of(shown)))
        return _GAP.join(found).rstrip()


def _looks(row: Row) -> list[Look]:
    if row.section == "run" and row.name == "status":
        return [{}, *map(table.of_status, row.values)]
    # Among all that is known, what differs is to be seen.
    return [{} if row.differs else {"dim": True}] * (len(row.values) + 1)


def _head(run_id: str, width: int) -> str:
    """An id of which the end is to be seen too: ids of one experiment begin alike."""
    if len(run_id) <= width or table.terminal_width() is None:
        return run_id
    return f"{run_id[: max(0, width - _END_OF_ID - 1)]}…{run_id[-_END_OF_ID:]}"


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is, for as many as there is room for."""
    names, *wanted = [max(map(table.width_of, cells)) for cells in zip(*lines, strict=True)]
    room = table.terminal_width()
    if room is None:
        return [min(width, _WIDEST_IN_LINE) for width in (names, *wanted)]
    name = min(names, max(1, room // 3))
    return [name, *_shared(wanted, room - name)]


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """What columns get that stand behind another one: the narrow ones all that they want, the others equal parts."""
    shown = list(wanted)
    while len(shown) > 1 and sum(min(width, _LEAST) + len(_GAP) for width in shown) > room:
        shown.pop()
    left, widths = room - len(_GAP) * len(shown), dict[int, int]()
    for count, place in enumerate(sorted(range(len(shown)), key=shown.__getitem__)):
        widths[place] = max(1, min(shown[place], left // (len(shown) - count)))
        left -= widths[place]
    return [widths[place] for place in range(len(shown))]
