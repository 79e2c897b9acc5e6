"""``localexp show``."""

from __future__ import annotations

import shlex

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.execution.details import input_texts, summary


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
    if as_json:
        table.show_json(facts)
        return
    facts["definition"] = _given(details.get("runDefinition"))
    facts["inputs"] = input_texts(details)
    for name, value in facts.items():
        _show_fact(name.replace("_", " "), value)


def _given(definition: object) -> object:
    """A definition without what was left empty."""
    if not isinstance(definition, dict):
        return None
    return {name: value for name, value in definition.items() if value not in (None, [])}


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
