"""``localexp watch``."""

from __future__ import annotations

import os
import sys

import click

from localexp.cli import options, table
from localexp.cli.frame import Screen, frame, log_of
from localexp.cli.main import INTERRUPTED
from localexp.cli.select import experiment_key, find_run
from localexp.execution import ending
from localexp.execution.watching import Seen, Watch, active_of
from localexp.store import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.workspace import Workspace

_LINES_WITHOUT_TERMINAL = 1000


@click.command(
    short_help="Watch runs while they go on.",
    epilog=options.examples(
        "localexp watch                      # all that is active, and what is submitted meanwhile",
        "localexp watch --experiment iris    # of one experiment",
        "localexp watch --filter \"tags.model = 'mlp'\"",
        "localexp watch latest               # one run, with the end of its log",
        "localexp watch --once               # how things stand now",
        "localexp watch --json > changes.jsonl",
    ),
)
@click.argument("wanted", metavar="[RUN]...", nargs=-1)
@options.experiment
@click.option("--filter", "filtered", metavar="EXPR", help="Only runs of which this is true, as for 'localexp runs'.")
@click.option("--once", is_flag=True, help="Show how they stand now, and do not wait.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each change of a status.")
@options.workspace_path
def watch(
    wanted: tuple[str, ...],
    experiment: str | None,
    filtered: str | None,
    once: bool,
    as_json: bool,
    workspace: str | None,
) -> None:
    """Show how RUNs stand until all have ended: by default those that are active, and others as soon as they are.

    On a terminal that is a table with the last value of each metric, and below it the end of the log of the newest run
    that has one, drawn anew twice a second. Into a pipe or file goes a line for each change of a status.

    RUN is its id, the beginning of its id, or 'latest'. Exits with 0 however the runs end. Ctrl-C ends the watching,
    not the runs.
    """
    if wanted and (experiment is not None or filtered is not None):
        message = "RUNs are watched whatever they are: leave out '--experiment' and '--filter', or the RUNs."
        raise click.UsageError(message, click.get_current_context())
    opened = options.opened(workspace)
    watched = _watched(opened, wanted, experiment, filtered)
    if not watched.look():
        click.echo("No run is active.", err=True)
        return
    try:
        _watch(opened._store, watched, once, as_json)
    except KeyboardInterrupt:
        click.echo("\nThe runs go on.", err=True)
        sys.exit(INTERRUPTED)


def _watched(workspace: Workspace, wanted: Sequence[str], experiment: str | None, filtered: str | None) -> Watch:
    store = workspace._store
    if wanted:
        return Watch(store, [find_run(workspace, one)._known() for one in dict.fromkeys(wanted)])
    return Watch(store, None, active_of(store, experiment_key(workspace, experiment), filtered))


def _watch(store: Store, watched: Watch, once: bool, as_json: bool) -> None:
    if once and not as_json:
        for line in _frame(store, watched.details(watched.look()), table.terminal_width(), _LINES_WITHOUT_TERMINAL):
            click.echo(line)
    elif as_json or not _is_screen():
        _watch_in_lines(watched, once, _show_json if as_json else _show_line)
    else:
        _watch_on_screen(store, watched)


def _is_screen() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _watch_on_screen(store: Store, watched: Watch) -> None:
    with Screen() as screen:
        while True:
            seen = watched.details(watched.look())
            screen.show(_frame(store, seen, *screen.size()))
            if all(one.record.has_ended for one in seen):
                break
            watched.pause()
    for one in seen:
        if reason := _reason(one.record):
            click.echo(f"{one.record.id} is {one.record.status}: {reason}")


def _frame(store: Store, seen: Sequence[Seen], width: int | None, height: int) -> list[str]:
    for one in seen:
        layout = store.layout.run(one.record.experiment_name, one.record.id)
        log = log_of(layout, one.record)
        if os.path.exists(log):
            return frame(seen, one.record.id, log, width, height)
    return frame(seen, None, None, width, height)


def _watch_in_lines(watched: Watch, once: bool, show: Callable[[Seen], None]) -> None:
    statuses: dict[str, str] = {}
    while True:
        found = watched.look()
        changed = [record for record in found if statuses.get(record.id) != record.status]
        # In the order in which they were begun.
        for one in watched.details(changed[::-1]):
            statuses[one.record.id] = one.record.status
            show(one)
        if once or all(record.has_ended for record in found):
            return
        watched.pause()


def _show_line(seen: Seen) -> None:
    reason = _reason(seen.record)
    click.echo(f"{seen.record.id}  {seen.record.status}{f'  {reason}' if reason else ''}")


def _show_json(seen: Seen) -> None:
    record = seen.record
    table.show_json_line(
        {
            "time": clock.iso(clock.shown()),
            "id": record.id,
            "experiment": record.experiment_name,
            "status": record.status,
            "elapsed": seen.seconds,
            "step": seen.step,
            "metrics": seen.metrics,
            "error": _reason(record),
        }
    )


def _reason(record: RunRecord) -> str | None:
    error = record.error_parts()
    return None if error is None or not record.has_ended else table.one_line(ending.message_of(error))
