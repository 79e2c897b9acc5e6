"""``localexp logs``."""

from __future__ import annotations

import os
import sys

import click

from localexp.cli import options
from localexp.cli.select import find_run
from localexp.cli.standing import ended, say_if_queued
from localexp.errors import UserErrorException
from localexp.execution.logs import LogFollower
from localexp.execution.waiting import wait


@click.command(short_help="Print what the script of a run has printed.")
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended, also if it has yet to begin.")
@options.workspace_path
def logs(run: str, follow: bool, workspace: str | None) -> None:
    """Print what the script of a RUN wrote to standard output and standard error.

    RUN is its id, the beginning of its id, or 'latest'. Into a file or a pipe go the bytes as they were written. With
    -f it is said on standard error how the run has ended.
    """
    opened = options.opened(workspace)
    found = find_run(opened, run)
    if found.type is None:
        raise UserErrorException(
            f"run {found.id} is an interactive run, which has no log; see 'localexp show {found.id}'"
        )
    path = found._layout.log
    is_to_come = follow and not found._current().has_ended
    if not os.path.exists(path) and not is_to_come:
        raise UserErrorException(f"run {found.id} is {found.status} and has no log; see 'localexp show {found.id}'")
    follower = LogFollower(path, sys.stdout, as_it_is=not sys.stdout.isatty())
    if not follow:
        follower.finish()
        return
    say_if_queued(found)
    record = wait(opened._store, found._known(), follower)
    follower.finish()
    click.echo(ended(record), err=True)
