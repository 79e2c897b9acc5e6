"""``localexp submit``."""

from __future__ import annotations

import os
import re
import shlex
import sys

import click

from localexp.cli import options, table
from localexp.cli.main import INTERRUPTED
from localexp.config import ScriptRunConfig
from localexp.execution.details import summary
from localexp.experiment import checked_name, submitted
from localexp.run import Run
from localexp.snapshot.take import Options

_FIRST_SIGNAL = 128


@click.command(
    short_help="Run a script, from a snapshot of its directory.", context_settings={"allow_interspersed_args": False}
)
@click.argument("script")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--experiment", help="The experiment; by default named like the source directory.")
@click.option("--source", type=click.Path(), default=".", show_default=True, help="The directory to capture.")
@click.option("--tag", "tags", multiple=True, metavar="NAME[=VALUE]", help="A tag; may be given several times.")
@options.ignore_parents
@click.option("--max-snapshot-size", type=options.SIZE, metavar="SIZE", help="The most that may be captured, as 4GiB.")
@click.option("--max-snapshot-files", type=click.IntRange(0), metavar="N", help="The most files, likewise.")
@click.option("--force", is_flag=True, help="Capture a home directory or the top of a file system too.")
@click.option("--detach", is_flag=True, help="Return as soon as the run is started, and print its id.")
@options.workspace_path
@options.as_json
def submit(
    script: str,
    arguments: tuple[str, ...],
    experiment: str | None,
    source: str,
    tags: tuple[str, ...],
    ignore_parents: bool,
    max_snapshot_size: int | None,
    max_snapshot_files: int | None,
    force: bool,
    detach: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Capture the source directory, run SCRIPT of it with ARGS, show its output, and exit with its exit code.

    Options of localexp stand before SCRIPT; all that follows it goes to the script.
    """
    known_tags = options.parsed_tags(tags)
    opened = options.opened(workspace)
    config = ScriptRunConfig(source, _relative_to_source(script, source), list(arguments))
    name = _name_of_folder(source) if experiment is None else experiment
    snapshot = Options(
        max_bytes=max_snapshot_size, max_files=max_snapshot_files, ignore_parents=ignore_parents, force=force
    )
    run = submitted(opened, checked_name(name), config, known_tags, snapshot=snapshot)
    if not detach:
        _wait(run, not as_json, "" if workspace is None else f" --workspace {shlex.quote(workspace)}")
    if as_json:
        table.show_json(summary(opened._store, run._current()))
    elif detach:
        click.echo(run.id)
    if not detach:
        sys.exit(_exit_code(run))


def _wait(run: Run, show_output: bool, where: str) -> None:
    try:
        # What went wrong is said below, on standard error.
        details = run._waited(show_output)
    except KeyboardInterrupt:
        click.echo(f"\nThe run goes on. Follow it with: localexp logs -f{where} {run.id}", err=True)
        sys.exit(INTERRUPTED)
    for said in details.get("warnings", []):
        # Those of the snapshot were shown when it was taken.
        if said["source"] != "snapshot":
            click.echo(f"Warning: {table.one_line(said['message'])}", err=True)
    error = details.get("error")
    if show_output and isinstance(error, dict):
        click.echo(f"Error: {table.one_line(error['error']['message'])}", err=True)


def _exit_code(run: Run) -> int:
    code = run._known().exit_code
    if code is None or (code == 0 and run.status != "Completed"):
        return 1
    return code if code >= 0 else _FIRST_SIGNAL - code


def _relative_to_source(script: str, source: str) -> str:
    """A script may be named from the source directory, or from here if it lies in the source directory."""
    if os.path.exists(os.path.join(source, script)):
        return os.path.relpath(os.path.join(source, script), source)
    return os.path.relpath(script, source) if os.path.exists(script) else script


def _name_of_folder(source: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", os.path.basename(os.path.abspath(source))).strip("-_")[:36]
    return name if len(name) >= 3 else "default"
