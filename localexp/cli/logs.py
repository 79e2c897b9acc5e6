"""``localexp logs``."""

from __future__ import annotations

import sys

import click

from localexp.cli import options
from localexp.cli.select import find_run
from localexp.errors import UserErrorException
from localexp.execution.files import LOG_NAME
from localexp.execution.logs import LogFollower
from localexp.execution.waiting import wait
from localexp.workspace import Workspace


@click.command()
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@options.workspace_path
def logs(run: str, follow: bool, workspace: str | None) -> None:
    """Print what the script of a RUN wrote to standard output and standard error."""
    opened = Workspace(workspace) if workspace else Workspace.from_config()
    found = find_run(opened, run)
    if found.type is None:
        raise UserErrorException(f"run {found.id} is an interactive run, which has no log; 'localexp show' shows it")
    if LOG_NAME not in found.get_file_names() and not follow:
        raise UserErrorException(f"run {found.id} has no log: it is {found.status}; 'localexp show' says why")
    follower = LogFollower(found._layout.log, sys.stdout)
    if follow:
        wait(opened._store, found._known().key, follower)
    else:
        follower()
