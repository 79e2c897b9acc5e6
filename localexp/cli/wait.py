"""``localexp wait``."""

from __future__ import annotations

import sys

import click

from localexp.cli import options, table
from localexp.cli.main import INTERRUPTED
from localexp.cli.select import find_run
from localexp.execution.details import summaries
from localexp.run.waiting import waited_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.run import Run
    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace


@click.command(
    short_help="Wait until runs have ended.", epilog=options.examples("localexp wait 3f2a 77b1", "localexp wait latest")
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@options.workspace_path
@options.as_json
def wait(runs: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Wait until every RUN has ended, and say of each how, as soon as it has.

    RUN is its id, the beginning of its id, or 'latest'. Exits with 0 if all are Completed, otherwise with 1. Ctrl-C
    ends the waiting, not the runs.
    """
    opened = options.opened(workspace)
    found = [find_run(opened, wanted) for wanted in runs]
    try:
        ended = wait_for(opened, found, as_json)
    except KeyboardInterrupt:
        click.echo("\nThe runs go on.", err=True)
        sys.exit(INTERRUPTED)
    if any(run.status != "Completed" for run in ended):
        sys.exit(1)


def wait_for(workspace: Workspace, runs: Sequence[Run], as_json: bool) -> list[Run]:
    """Wait for runs and print how each ended: a line when it has, or JSON in the end."""

    def show(record: RunRecord) -> None:
        if not as_json:
            click.echo(f"{record.id}  {record.status}")

    ended = waited_for(workspace, runs, show)
    if as_json:
        table.show_json(summaries(workspace._store, [run._current() for run in ended]))
    return ended
