"""``localexp delete``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli.select import experiment_key, find_run
from localexp.errors import UserErrorException
from localexp.execution import deletion
from localexp.execution.searching import search
from localexp.run.deleting import delete_runs
from localexp.snapshot.sizes import counted, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.workspace import Workspace

_MOST_SHOWN = 20
_PAGE = 1000


@click.command(
    short_help="Delete runs and their files.",
    epilog=options.examples(
        "localexp delete latest              # the newest run, after a question",
        "localexp delete digits_17 --yes     # without one",
        "localexp delete --filter \"status = 'Failed'\" --experiment digits",
    ),
)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("--filter", "condition", metavar="EXPR", help="All runs of which this is true, in place of RUN.")
@click.option("--experiment", metavar="NAME", help="With --filter: only runs of this experiment.")
@options.yes
@options.workspace_path
@options.as_json
def delete(
    runs: tuple[str, ...],
    condition: str | None,
    experiment: str | None,
    yes: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Delete every RUN with its children, and theirs: all that was said of them, and their files, at once.

    RUN is its id, the beginning of its id, or 'latest'. All of them go or, if one goes on or is not there, none. What
    their snapshots alone have stored stays until 'localexp gc' removes it.
    """
    if bool(runs) == (condition is not None) or (experiment is not None and condition is None):
        message = "Name each RUN, or give '--filter', with '--experiment' if need be."
        raise click.UsageError(message, click.get_current_context())
    if condition is not None and not condition.strip():
        raise UserErrorException(
            "an empty --filter would delete every run; say which, as in --filter \"status = 'Failed'\", or "
            "'id is not null' if all are to go"
        )
    opened = options.opened(workspace)
    if condition is None:
        wanted = [find_run(opened, one)._known() for one in runs]
    else:
        wanted = list(_matching(opened, condition, experiment))
    _delete(opened._store, wanted, yes, as_json)


def _matching(workspace: Workspace, condition: str, experiment: str | None) -> Iterator[RunRecord]:
    key, after = experiment_key(workspace, experiment), None
    while True:
        found = search(workspace._store, experiment=key, filter=condition, limit=_PAGE, after=after)
        yield from found.records
        for warning in found.warnings:
            click.echo(f"Warning: {table.one_line(warning)}", err=True)
        after = found.next
        if after is None:
            return


def _delete(store: Store, wanted: list[RunRecord], yes: bool, as_json: bool) -> None:
    going = deletion.families(store, wanted)
    deletion.refuse_going_on(going)
    size = deletion.bytes_of(store, going)
    if going:
        options.confirm(f"Delete {_named(going)} and {human(size)} of files?", yes, _listed(going))
    deleted = delete_runs(store, wanted)
    if as_json:
        table.show_json({"deleted": [record.id for record in deleted], "bytes": size})
    else:
        click.echo(f"Deleted {_named(deleted)} and {human(size)} of files. 'localexp gc' frees what snapshots took.")


def _listed(going: list[RunRecord]) -> Iterator[str]:
    for record in going[:_MOST_SHOWN]:
        yield f"{record.id}  {record.status}{'' if record.parent is None else ', a child'}"
    if len(going) > _MOST_SHOWN:
        yield f"and {len(going) - _MOST_SHOWN:,} more"


def _named(records: list[RunRecord]) -> str:
    return counted(len(records), "run")
