"""``localexp show``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.execution.details import summary
from localexp.workspace import Workspace


@click.command()
@click.argument("run")
@options.workspace_path
@options.as_json
def show(run: str, workspace: str | None, as_json: bool) -> None:
    """Show one RUN: its id, the beginning of its id, or 'latest'."""
    opened = Workspace(workspace) if workspace else Workspace.from_config()
    found = find_run(opened, run)
    details = found.get_details()
    facts = summary(opened._store, found._current())
    facts["files"] = found.get_file_names()
    facts["warnings"] = details.get("warnings", [])
    facts["definition"] = details.get("runDefinition")
    if as_json:
        table.show_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, dict):
            _show_below(
                name,
                [f"{key}: {table.cell_text(inner)}" for key, inner in value.items() if inner is not None],
            )
        elif isinstance(value, list):
            _show_below(name, [table.cell_text(inner) for inner in value])
        elif value is not None:
            click.echo(f"{name}: {table.cell_text(value)}")


def _show_below(name: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"{name}:")
    for line in lines:
        click.echo(f"  {line}")
