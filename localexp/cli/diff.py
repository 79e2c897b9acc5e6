"""``localexp diff``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli.patch import show_names, show_patch
from localexp.cli.select import find_run
from localexp.execution.explaining import SECTIONS
from localexp.report.changes import delta_text, extent_texts, lines, metric_lines, summary
from localexp.report.printable import printable
from localexp.report.side_by_side import closer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.explaining import Changes
    from localexp.metrics.comparison import Sides
    from localexp.report.changes import Line
    from localexp.run.difference import RunDiff

_LEAST, _LEAST_OF_NAMES = 8, 24
# What stands around a name: blanks, a sign, and a colon.
_SIGNS = 6


@click.command(
    short_help="Say what changed from one run to another.",
    epilog=options.examples(
        "localexp diff 3f2a latest                    # all of it, the source as a patch",
        "localexp diff 3f2a latest --stat             # of the source only which files",
        "localexp diff 3f2a latest --section params   # only that",
    ),
)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--stat", "is_brief", is_flag=True, help="Of the source only which files changed, and how.")
@click.option(
    "--section",
    "sections",
    metavar="NAME",
    multiple=True,
    type=click.Choice(SECTIONS),
    help=f"Only this, without the summary; may be given several times: {', '.join(SECTIONS)}.",
)
@options.workspace_path
@options.as_json
def diff(old: str, new: str, is_brief: bool, sections: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Say what changed from run A to run B: first a summary, then source, arguments, params, tags, Python, packages,
    machine, environment, git, inputs and metrics.

    The source is a patch, as 'localexp snapshot diff' has it. What is not known of both runs is not compared; that a
    run has no snapshot is said. Exits with 0 whether anything changed or not. A and B are ids, beginnings of ids, or
    'latest'.
    """
    opened = options.opened(workspace)
    found = find_run(opened, old).diff(find_run(opened, new))
    if as_json:
        table.show_json(_plain(found, sections))
        return
    sections = tuple(dict.fromkeys(sections))
    if not sections:
        _show_summary(found.old.id, found.new.id, found._changes)
    changed = [section for section, _ in summary(found._changes)]
    for place, section in enumerate(sections or changed):
        if section not in changed:
            click.echo(f"{section}: nothing changed")
        elif sections or section != "source" or found.source is not None:
            _show_heading(section, sections, place)
            _show_section(section, found._changes, is_brief)


def _plain(found: RunDiff, sections: tuple[str, ...]) -> dict[str, object]:
    """It as JSON has it, of which only sections may have been asked for."""
    plain = found.as_dict()
    wanted = ("old", "new", *sections, *(("commits",) if "git" in sections else ()))
    return {name: value for name, value in plain.items() if not sections or name in wanted}


def _show_heading(section: str, sections: tuple[str, ...], place: int) -> None:
    """The name of a section, behind a blank line; one that alone is asked for has none."""
    if not sections or place > 0:
        click.echo()
    if len(sections) != 1:
        click.echo(table.styled(section, bold=True))


def _show_section(section: str, changes: Changes, is_brief: bool) -> None:
    if section == "source":
        _show_source(changes, is_brief)
    elif section == "metrics":
        _show_metrics(changes.metrics)
    else:
        _show_lines(lines(changes.of_section(section)))


def _show_summary(old: str, new: str, changes: Changes) -> None:
    said = summary(changes)
    for line in ([], *said):
        text = ": ".join(line) if line else f"{old} → {new}"
        click.echo(table.styled(_fitting(text), bold=not line))
    if not said:
        click.echo("Nothing that is known of these runs changed.")


def _show_source(changes: Changes, is_brief: bool) -> None:
    if changes.source is None:
        click.echo(printable(changes.note or ""))
    elif is_brief:
        show_names(changes.source)
    else:
        show_patch(changes.source)


def _show_metrics(metrics: list[Sides]) -> None:
    extents = [extent_texts(one) for one in metrics]
    before_and_after = metric_lines(metrics)
    columns = [
        table.Column("METRIC", [name for name, _, _ in before_and_after], least=_LEAST_OF_NAMES),
        table.Column("A", [then for _, then, _ in before_and_after], least=_LEAST),
        table.Column("B", [now for _, _, now in before_and_after], least=_LEAST),
        table.Column("CHANGE", list(map(delta_text, metrics)), rank=3),
        table.Column("LOWEST", [low for low, _, _ in extents], rank=1),
        table.Column("HIGHEST", [high for _, high, _ in extents], rank=0),
        table.Column("VALUES", [count for _, _, count in extents], rank=2),
    ]
    table.show(columns)
    for one, (_, then, now) in zip(metrics, before_and_after, strict=True):
        # The table would show no difference.
        if one.first is not None and then == now:
            table.note(printable(str(one.first)))


def _show_lines(found: list[Line]) -> None:
    room = table.terminal_width()
    for name, then, now in found:
        values = [value for value in (then, now) if value is not None]
        shown = dict(zip(values, closer(values, (room or 0) - len(name) - _SIGNS), strict=True)) if room else {}
        for sign, value, colour in (("-", then, "red"), ("+", now, "green")):
            if value is not None:
                text = f"  {sign} {name}" + (f": {shown.get(value, value)}" if value else "")
                click.echo(table.styled(_fitting(text), fg=colour))


def _fitting(text: str) -> str:
    """A line that a terminal has room for; elsewhere all of it."""
    room = table.terminal_width()
    return printable(text) if room is None else table.cut(printable(text), room)
