"""``localexp init``."""

from __future__ import annotations

import click

from localexp.cli.options import as_json, examples, is_workspace
from localexp.cli.table import one_line, show_json
from localexp.errors import UserErrorException
from localexp.workspace import Workspace


@click.command(
    short_help="Create a workspace in a folder.",
    epilog=examples("localexp init", "localexp init --name vision ~/experiments"),
)
@click.argument("path", type=click.Path(), default=".")
@click.option("--name", help="A name for the workspace; by default the folder's.")
@as_json
def init(path: str, name: str | None, as_json: bool) -> None:
    """Create a workspace in PATH, by default the current folder. One that is there already stays as it is."""
    was_there = is_workspace(path)
    workspace = Workspace(path) if name is None else Workspace.create(name, path, exist_ok=True)
    if name is not None and workspace.name != name:
        raise UserErrorException(
            f"there is a workspace in {workspace.path} already, named {workspace.name!r}; "
            "leave --name out to use it, or choose another PATH"
        )
    if as_json:
        show_json({"name": workspace.name, "path": workspace.path})
        return
    verb = "There is a workspace" if was_there else "Created the workspace"
    click.echo(one_line(f"{verb} {workspace.name!r} in {workspace.path}{' already' if was_there else ''}"))
    click.echo("Next: localexp submit SCRIPT [ARGS]...")
