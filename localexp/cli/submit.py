"""``localexp submit``."""

from __future__ import annotations

import os
import re
import shlex
import sys

import click

from localexp.cli import options, table
from localexp.cli.interrupt import FirstInterrupt
from localexp.cli.main import INTERRUPTED
from localexp.cli.standing import ended, say_if_queued
from localexp.cli.suggestion import suggested_command
from localexp.config import ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.execution.details import summary
from localexp.experiment import checked_name, submitted
from localexp.run import Run
from localexp.snapshot.take import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localexp.store.runs import RunRecord

_FIRST_SIGNAL = 128


@click.command(
    short_help="Run a script, from a snapshot of its directory.", context_settings={"allow_interspersed_args": False}
)
@click.argument("script", required=False)
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--command", metavar="COMMAND", help="A command line for the shell in place of SCRIPT and ARGS.")
@click.option("--experiment", help="The experiment; by default named like the source directory.")
@click.option("--source", type=click.Path(), default=".", show_default=True, help="The directory to capture.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag; may be given several times.")
@click.option(
    "--input", "inputs", multiple=True, metavar="PATH", help="What the snapshot lacks and SCRIPT reads; several times."
)
@options.ignore_parents
@click.option("--max-snapshot-size", type=options.SIZE, metavar="SIZE", help="The most that may be captured, as 4GiB.")
@click.option("--max-snapshot-files", type=click.IntRange(0), metavar="N", help="The most files, likewise.")
@click.option("--force", is_flag=True, help="Capture a home directory or the top of a file system too.")
@click.option("--now", is_flag=True, help="Start at once, however many runs are at work.")
@click.option("--max-duration", type=click.IntRange(1), metavar="SECONDS", help="Cancel it if it runs for longer.")
@click.option("--detach", is_flag=True, help="Return as soon as the run is started or in the queue; print its id.")
@options.workspace_path
@options.as_json
def submit(
    script: str | None,
    arguments: tuple[str, ...],
    command: str | None,
    experiment: str | None,
    source: str,
    tags: tuple[str, ...],
    inputs: tuple[str, ...],
    ignore_parents: bool,
    max_snapshot_size: int | None,
    max_snapshot_files: int | None,
    force: bool,
    now: bool,
    max_duration: int | None,
    detach: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Capture the source directory, run SCRIPT of it with ARGS, show its output, and exit with its exit code.

    Options of localexp stand before SCRIPT; all that follows it goes to the script. Ctrl-C cancels the run; a second
    one leaves that to its supervisor.
    """
    _check_one_of_both(script, command)
    known_tags = options.parsed_tags(tags)
    opened = options.opened(workspace)
    config = ScriptRunConfig(
        source,
        None if script is None else _relative_to_source(script, source),
        list(arguments),
        max_run_duration_seconds=max_duration,
        command=command,
        inputs=[_relative_to_source(path, source) for path in inputs],
    )
    name = _name_of_folder(source) if experiment is None else experiment
    snapshot = Options(
        max_bytes=max_snapshot_size, max_files=max_snapshot_files, ignore_parents=ignore_parents, force=force
    )
    run = submitted(opened, checked_name(name), config, known_tags, snapshot=snapshot, now=now)
    if detach:
        say_if_queued(run)
        exit_code = 0
    else:
        exit_code = _wait(run, not as_json, "" if workspace is None else f" --workspace {shlex.quote(workspace)}")
    if as_json:
        table.show_json(summary(opened._store, run._current()))
    elif detach:
        click.echo(run.id)
    sys.exit(exit_code)


def _check_one_of_both(script: str | None, command: str | None) -> None:
    if script is None and command is None:
        raise click.UsageError("Missing argument 'SCRIPT' or option '--command'.", click.get_current_context())
    if script is not None and command is not None:
        message = f"There is '--command' and a SCRIPT, {script!r}: give one of both, and arguments within the command."
        raise click.UsageError(message, click.get_current_context())


def _wait(run: Run, show_output: bool, where: str) -> int:
    """Wait for the run, show what becomes of it, and return the exit code."""
    try:
        with FirstInterrupt(lambda: _cancel(run)) as interrupt:
            say_if_queued(run)
            # What went wrong is said below, on standard error.
            details = run._waited(show_output, interrupt.look)
    except KeyboardInterrupt:
        _say_left(run._current(), where)
        return INTERRUPTED
    _show_end(details, show_output)
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


def _show_end(details: dict[str, Any], show_output: bool) -> None:
    for said in details.get("warnings", []):
        # Those of the snapshot were shown when it was taken.
        if said["source"] != "snapshot":
            click.echo(f"Warning: {table.one_line(said['message'])}", err=True)
    error = details.get("error")
    if show_output and isinstance(error, dict):
        click.echo(f"Error: {table.one_line(error['error']['message'])}", err=True)
        if "input" in error["error"]:
            click.echo(f"Try: {suggested_command(sys.argv, error['error']['input'])}", err=True)


def _exit_code(run: Run) -> int:
    code = run._known().exit_code
    if code is None or (code == 0 and run.status != "Completed"):
        return 1
    return code if code >= 0 else _FIRST_SIGNAL - code


def _relative_to_source(path: str, source: str) -> str:
    """A script or input may be named from the source directory, or from here if it lies in the source directory."""
    if os.path.exists(os.path.join(source, path)):
        return os.path.relpath(os.path.join(source, path), source)
    return os.path.relpath(path, source) if os.path.exists(path) else path


def _name_of_folder(source: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", os.path.basename(os.path.abspath(source))).strip("-_")[:36]
    return name if len(name) >= 3 else "default"
