"""``localexp logs``."""

from __future__ import annotations

import os
import sys

import click

from localexp.cli import options
from localexp.cli.select import find_run
from localexp.cli.standing import ended, say_if_queued
from localexp.errors import UserErrorException
from localexp.execution.logs import LogFollower, RunFollower
from localexp.execution.ranks import Ranks
from localexp.execution.waiting import wait
from localexp.snapshot.sizes import counted
from localexp.store import artifacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.run import Run
    from localexp.store.store import Store


@click.command(
    short_help="Print what the script of a run has printed.",
    epilog=options.examples(
        "localexp logs latest",
        "localexp logs -f latest              # until it has ended",
        "localexp logs --rank 2 3f2a          # of a distributed script",
    ),
)
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended, also if it has yet to begin.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines of what is there.")
@click.option("--rank", type=click.IntRange(min=0), help="Of a distributed script, the process with this RANK.")
@options.workspace_path
def logs(run: str, follow: bool, tail: int | None, rank: int | None, workspace: str | None) -> None:
    """Print what the script of a RUN wrote to standard output and standard error.

    Of a distributed script that is rank 0, and then how the others have ended if one has failed.

    RUN is its id, the beginning of its id, or 'latest'. Into a file or a pipe go the bytes as they were written. With
    -f it is said on standard error how the run has ended; with --tail the lines that it prints later come all.
    """
    opened = options.opened(workspace)
    found = find_run(opened, run)
    if found.type is None:
        raise UserErrorException(
            f"run {found.id} is an interactive run, which has no log; see 'localexp show {found.id}'"
        )
    if rank is not None:
        _check_has_rank(found, rank)
    path = found._layout.log if rank is None else found._layout.rank_log(rank)
    is_to_come = follow and not found._current().has_ended
    if not os.path.exists(path) and not is_to_come:
        _check_is_not_lost(opened._store, found, path)
        raise UserErrorException(f"run {found.id} is {found.status} and has no {_missing(found, rank)}")
    follower = _follower(found, rank, tail)
    if not follow:
        follower.finish()
        return
    say_if_queued(found)
    record = wait(opened._store, found._known(), follower)
    follower.finish()
    click.echo(ended(record), err=True)


def _check_has_rank(run: Run, rank: int) -> None:
    ranks = Ranks.of(run._known().definition_parts().get("distributed"))
    if ranks is None:
        raise UserErrorException(f"run {run.id} is not distributed, and so has no rank {rank}; leave out --rank")
    if rank >= ranks.count:
        raise UserErrorException(
            f"run {run.id} has {counted(ranks.count, 'process', 'processes')}, the last of rank {ranks.count - 1}, and "
            f"so no rank {rank}"
        )


def _check_is_not_lost(store: Store, run: Run, path: str) -> None:
    with store.main.reading() as db:
        names = artifacts.of_run(db, run._known().key)
    if any(run._layout.artifact(name) == path for name in names):
        raise UserErrorException(
            f"the log of run {run.id} is gone: it was the file {path}; restore that from a backup, and see "
            "'localexp doctor'"
        )


def _missing(run: Run, rank: int | None) -> str:
    build_log = run._layout.build_log
    if not os.path.exists(run._layout.log) and os.path.exists(build_log):
        return f"log, as its script has not begun; that of building its environment is the file {build_log}"
    log = "log" if rank is None else f"log of rank {rank}"
    if not run._known().has_ended:
        return f"{log} yet; 'localexp logs -f {run.id}' waits for it"
    return f"{log}; see 'localexp show {run.id}'"


def _follower(run: Run, rank: int | None, tail: int | None) -> RunFollower | LogFollower:
    as_it_is = not sys.stdout.isatty()
    if rank is None:
        return RunFollower(run._layout, run._known(), sys.stdout, as_it_is=as_it_is, tail=tail)
    return LogFollower(run._layout.rank_log(rank), sys.stdout, as_it_is=as_it_is, tail=tail)
