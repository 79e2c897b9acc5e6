"""``localexp init``."""

from __future__ import annotations

import click

from localexp.cli.options import as_json
from localexp.cli.table import show_json
from localexp.workspace import Workspace


@click.command()
@click.argument("path", type=click.Path(), default=".")
@click.option("--name", help="A name for the workspace; by default the folder's.")
@as_json
def init(path: str, name: str | None, as_json: bool) -> None:
    """Create a workspace in PATH, by default the current folder. One that is there already stays as it is."""
    workspace = Workspace(path) if name is None else Workspace.create(name, path)
    if as_json:
        show_json({"name": workspace.name, "path": workspace.path})
    else:
        click.echo(f"Workspace {workspace.name!r} in {workspace.path}")
        click.echo("Next: localexp submit SCRIPT [ARGS]...")
