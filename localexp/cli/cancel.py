"""``localexp cancel``."""

from __future__ import annotations

import sys

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.cli.wait import wait_for
from localexp.errors import AmbiguousRun, RunNotFound, UserErrorException
from localexp.execution.details import summaries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.run import Run
    from localexp.workspace import Workspace


@click.command(
    short_help="Stop runs.", epilog=options.examples("localexp cancel latest", "localexp cancel --wait 3f2a 77b1")
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--wait", is_flag=True, help="Return when they have ended.")
@options.workspace_path
@options.as_json
def cancel(runs: tuple[str, ...], wait: bool, workspace: str | None, as_json: bool) -> None:
    """Have every RUN end as Canceled: at once if it waits in the queue, otherwise as soon as its script has ended.

    RUN is its id, the beginning of its id, or 'latest'. A script is asked to end (SIGTERM), and killed if it has not
    after 'cancel.grace_seconds'. Exits with 1 if a run cannot be canceled; the others are.
    """
    opened = options.opened(workspace)
    canceled: dict[str, Run] = {}
    has_failed = False
    for wanted in runs:
        try:
            run = find_run(opened, wanted)
            if run.id not in canceled:
                run.cancel()
                canceled[run.id] = run
        except (AmbiguousRun, RunNotFound, UserErrorException) as error:
            has_failed = True
            click.echo(f"Error: {table.one_line(str(error))}", err=True)
    _show(opened, list(canceled.values()), wait, as_json)
    if has_failed:
        sys.exit(1)


def _show(workspace: Workspace, canceled: list[Run], wait: bool, as_json: bool) -> None:
    if wait:
        wait_for(workspace, canceled, as_json)
    elif as_json:
        table.show_json(summaries(workspace._store, [run._current() for run in canceled]))
    else:
        for run in canceled:
            click.echo(f"{run.id}  {run.status}")
