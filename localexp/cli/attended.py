"""A run that a command has begun, and shows until it has ended."""

from __future__ import annotations

import shlex
import sys

import click

from localexp.cli import table
from localexp.cli.full_disk import FullDiskNotice
from localexp.cli.interrupt import FirstInterrupt
from localexp.cli.main import INTERRUPTED
from localexp.cli.standing import ended, say_if_queued
from localexp.cli.suggestion import suggested_command
from localexp.errors import UserErrorException
from localexp.execution.details import summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localexp.run import Run
    from localexp.store.runs import RunRecord

_FIRST_SIGNAL = 128
# What was said when the run was begun.
_SAID_BEFORE = ("snapshot", "rerun")


def check_may_return(runs_here: bool, detach: bool) -> None:
    """Refuse to leave a script alone that runs in this process."""
    if runs_here and detach:
        message = "What runs inline is run by this process, which cannot return before: leave out '--detach'."
        raise click.UsageError(message, click.get_current_context())


def exit_code(run: Run, detach: bool, as_json: bool, workspace: str | None, has_shown_log: bool = False) -> int:
    """Wait for the run unless it is left alone, show what becomes of it, and return the exit code.

    With ``has_shown_log`` what the script printed has been seen, as it ran in this process.
    """
    if has_shown_log and not as_json:
        click.echo(f"RunId: {run.id}")
    code = 0
    if detach:
        say_if_queued(run)
    else:
        code = wait_for(run, not as_json and not has_shown_log, not as_json, workspace)
    if as_json:
        table.show_json(summary(run._workspace._store, run._current()))
    elif detach:
        click.echo(run.id)
    return code


def wait_for(run: Run, show_output: bool, show_error: bool, workspace: str | None) -> int:
    """Wait for the run, show what becomes of it, and return the exit code; Ctrl-C cancels it."""
    where = "" if workspace is None else f" --workspace {shlex.quote(workspace)}"
    notice = FullDiskNotice(run._workspace._store.layout.root)

    def meanwhile() -> None:
        interrupt.look()
        notice.look()

    try:
        with FirstInterrupt(lambda: _cancel(run)) as interrupt:
            say_if_queued(run)
            # What went wrong is said below, on standard error.
            details = run._waited(show_output, meanwhile)
    except KeyboardInterrupt:
        _say_left(run._current(), where)
        return INTERRUPTED
    _show_end(details, show_error)
    return INTERRUPTED if interrupt.has_come else _exit_code(run)


def _say_left(record: RunRecord, where: str) -> None:
    show = f"localexp show{where} {record.id}"
    if record.has_ended:
        click.echo(f"\n{ended(record)}\nSee it with: {show}", err=True)
        return
    follow = f"localexp logs -f{where} {record.id}"
    said = f"The run is {record.status}, and left to its supervisor. Follow it with: {follow}; see it with: {show}"
    click.echo(f"\n{said}", err=True)


def _cancel(run: Run) -> None:
    click.echo("\nCanceling the run; Ctrl-C again leaves that to its supervisor.", err=True)
    try:
        run.cancel()
    except UserErrorException:
        # It is just ending by itself.
        return


def _show_end(details: dict[str, Any], show_error: bool) -> None:
    for said in details.get("warnings", []):
        if said["source"] not in _SAID_BEFORE:
            click.echo(f"Warning: {table.one_line(said['message'])}", err=True)
    error = details.get("error")
    if show_error and isinstance(error, dict):
        click.echo(f"Error: {table.one_line(error['error']['message'])}", err=True)
        # A rerun has the inputs that it has.
        if "input" in error["error"] and "origin" not in details:
            click.echo(f"Try: {suggested_command(sys.argv, error['error']['input'])}", err=True)


def _exit_code(run: Run) -> int:
    code = run._known().exit_code
    if code is None or (code == 0 and run.status != "Completed"):
        return 1
    return code if code >= 0 else _FIRST_SIGNAL - code
