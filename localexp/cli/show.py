"""``localexp show``."""

from __future__ import annotations

import shlex

import click

from localexp.cli import options, table
from localexp.cli.run_table import value_text
from localexp.cli.select import find_run
from localexp.cli.times import duration_text
from localexp.execution.details import input_texts
from localexp.execution.facts.shown import brief
from localexp.report.moments import duration
from localexp.report.whole import known
from localexp.snapshot.sizes import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from localexp.run import Run

_INDENT = "  "


@click.command(
    short_help="Show all that is known of a run.",
    epilog=options.examples("localexp show latest", "localexp show 3f2a --json"),
)
@click.argument("run")
@options.workspace_path
@options.as_json
def show(run: str, workspace: str | None, as_json: bool) -> None:
    """Show all that is known of a RUN, and what to do next.

    RUN is its id, the beginning of its id, or 'latest'. Times are UTC.
    """
    opened = options.opened(workspace)
    found = find_run(opened, run)
    facts = known(opened._store, found._current())
    if as_json:
        table.show_json(facts)
        return
    facts["metrics"] = {name: value_text(value) for name, value in facts["metrics"].items()}
    facts["duration"] = duration_text(duration(facts["started"], facts["ended"]))
    facts["definition"] = _given(facts["definition"])
    facts["inputs"] = input_texts(facts)
    facts["facts"] = brief(facts["facts"])
    for name, value in facts.items():
        _show_fact(name.replace("_", " "), value)
    _show_below("next", _next_steps(found, facts))


def _next_steps(run: Run, facts: dict[str, object]) -> list[str]:
    """Command lines that are of use for a run as it stands."""
    steps = []
    record, is_script = run._known(), run.type is not None
    if not record.has_ended:
        steps += [f"localexp logs -f {run.id}", f"localexp cancel {run.id}"] if is_script else []
    elif is_script:
        steps += [f"localexp logs {run.id}", f"localexp rerun {run.id}"]
    if facts["metrics"]:
        steps.append(f"localexp metrics {run.id}")
    return steps


def _given(definition: object) -> object:
    """A definition without what was left empty, a part of several values in a line."""
    if not isinstance(definition, dict):
        return None
    given = {name: value for name, value in definition.items() if value not in (None, [])}
    return {name: _IN_A_LINE[name](value) if name in _IN_A_LINE else value for name, value in given.items()}


def _distributed(part: dict[str, Any]) -> str:
    processes = counted(part["processCount"], "process", "processes")
    return ", ".join(one for one in (processes, part["kind"], part["communicationBackend"]) if one)


def _build(part: dict[str, Any]) -> str:
    return ", ".join([part["id"], *part["requirements"]])


_IN_A_LINE: dict[str, Callable[[dict[str, Any]], str]] = {"distributed": _distributed, "build": _build}


def _show_fact(name: str, value: object) -> None:
    if isinstance(value, dict):
        _show_below(name, [_line(key, inner) for key, inner in value.items()])
    elif isinstance(value, list):
        _show_below(name, [_text(inner) for inner in value])
    elif value is not None:
        if name == "status":
            text = " " + table.styled(_text(value), **table.of_status(value))
        else:
            text = _wrapped(f"{name}: {_text(value)}", "", _INDENT).removeprefix(f"{name}:")
        click.echo(table.styled(f"{name}:", bold=True) + text)


def _show_below(name: str, lines: list[str]) -> None:
    if lines:
        click.echo(table.styled(f"{name}:", bold=True))
    for line in lines:
        click.echo(_wrapped(line, _INDENT, _INDENT * 3))


def _wrapped(line: str, indent: str, indent_below: str) -> str:
    """A line; what a terminal has no room for goes on below it, but no word is broken: it may be a path."""
    room = table.terminal_width()
    if room is None:
        return indent + line
    first, *others = line.split(" ")
    lines = [indent + first]
    for word in others:
        longer = f"{lines[-1]} {word}"
        if table.width_of(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(indent_below + word)
    return "\n".join(lines)


def _line(key: str, value: object) -> str:
    return table.cell_text(key) + ("" if value is None else f": {_text(value)}")


def _text(value: object) -> str:
    if isinstance(value, list):
        return table.cell_text(shlex.join(map(str, value)))
    if isinstance(value, dict):
        return ": ".join(table.cell_text(inner) for inner in value.values())
    return table.cell_text(value)
