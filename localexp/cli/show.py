"""``localexp show``."""

from __future__ import annotations

import shlex

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.execution.details import input_texts, summary
from localexp.execution.facts.shown import brief
from localexp.snapshot.sizes import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@click.command(short_help="Show all that is known of a run.")
@click.argument("run")
@options.workspace_path
@options.as_json
def show(run: str, workspace: str | None, as_json: bool) -> None:
    """Show all that is known of a RUN.

    RUN is its id, the beginning of its id, or 'latest'.
    """
    opened = options.opened(workspace)
    found = find_run(opened, run)
    details = found.get_details()
    facts = summary(opened._store, found._current())
    facts["files"] = found.get_file_names()
    facts["warnings"] = details.get("warnings", [])
    facts["definition"] = details.get("runDefinition")
    facts["inputs"] = details.get("inputs", [])
    facts["identity"] = details.get("identity")
    facts["origin"] = details.get("origin")
    facts["facts"] = details.get("facts")
    if as_json:
        table.show_json(facts)
        return
    facts["definition"] = _given(details.get("runDefinition"))
    facts["inputs"] = input_texts(details)
    facts["facts"] = brief(details.get("facts"))
    for name, value in facts.items():
        _show_fact(name.replace("_", " "), value)


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
        click.echo(f"{name}: {_text(value)}")


def _show_below(name: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"{name}:")
    for line in lines:
        click.echo(f"  {line}")


def _line(key: str, value: object) -> str:
    return table.cell_text(key) + ("" if value is None else f": {_text(value)}")


def _text(value: object) -> str:
    if isinstance(value, list):
        return table.cell_text(shlex.join(map(str, value)))
    if isinstance(value, dict):
        return ": ".join(table.cell_text(inner) for inner in value.values())
    return table.cell_text(value)
