"""``localexp submit``."""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext, redirect_stdout

import click

from localexp.cli import attended, options
from localexp.config import Environment, ScriptRunConfig
from localexp.execution.targets import INLINE, LOCAL
from localexp.experiment import checked_name, submitted
from localexp.snapshot.take import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord


@click.command(
    short_help="Run a script, from a snapshot of its directory.",
    context_settings={"allow_interspersed_args": False},
    epilog=options.examples(
        "localexp submit train.py --lr 0.1",
        "localexp submit --experiment digits --tag model=mlp train.py",
        "localexp submit --command 'sh train.sh'",
        "localexp submit --detach --requirements requirements.txt train.py",
        "localexp submit --target inline train.py      # in this process, for a debugger",
    ),
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
@click.option("--python", metavar="PATH", help="The interpreter, or its name on PATH; by default the one of localexp.")
@click.option(
    "--requirements",
    type=click.Path(),
    metavar="FILE",
    help="Run in a virtual environment that holds this, built once and then shared.",
)
@options.ignore_parents
@click.option("--max-snapshot-size", type=options.SIZE, metavar="SIZE", help="The most that may be captured, as 4GiB.")
@click.option("--max-snapshot-files", type=click.IntRange(0), metavar="N", help="The most files, likewise.")
@click.option("--force", is_flag=True, help="Capture a home directory or the top of a file system too.")
@options.now
@click.option("--reuse", is_flag=True, help="If the same is Completed already, show that run in place of a new one.")
@click.option("--max-duration", type=click.IntRange(1), metavar="SECONDS", help="Cancel it if it runs for longer.")
@click.option(
    "--target", metavar="NAME", default=LOCAL, show_default=True, help="Or 'inline': in this process, for a debugger."
)
@options.detach
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
    python: str | None,
    requirements: str | None,
    ignore_parents: bool,
    max_snapshot_size: int | None,
    max_snapshot_files: int | None,
    force: bool,
    now: bool,
    reuse: bool,
    max_duration: int | None,
    target: str,
    detach: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Capture the source directory, run SCRIPT of it with ARGS, show its output, and exit with its exit code.

    Options of localexp stand before SCRIPT; all that follows it goes to the script. Ctrl-C cancels the run; a second
    one leaves that to its supervisor.
    """
    _check_one_of_both(script, command)
    attended.check_may_return(target == INLINE, detach)
    known_tags = options.parsed_tags(tags)
    opened = options.opened(workspace)
    config = ScriptRunConfig(
        source,
        None if script is None else _relative_to_source(script, source),
        list(arguments),
        compute_target=target,
        environment=_environment(python, requirements),
        max_run_duration_seconds=max_duration,
        command=command,
        inputs=[_relative_to_source(path, source) for path in inputs],
    )
    name = _name_of_folder(source) if experiment is None else experiment
    snapshot = Options(
        max_bytes=max_snapshot_size, max_files=max_snapshot_files, ignore_parents=ignore_parents, force=force
    )
    reused: list[RunRecord] = []
    # What a script prints in this process is no part of what is to be read as JSON.
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        run = submitted(
            opened,
            checked_name(name),
            config,
            known_tags,
            snapshot=snapshot,
            now=now,
            reuse=reuse,
            when_reused=reused.append,
        )
    for record in reused:
        click.echo(f"Reused run {record.id}, which is {record.status} and the same.", err=True)
    sys.exit(attended.exit_code(run, detach, as_json, workspace, has_shown_log=target == INLINE and not reused))


def _environment(python: str | None, requirements: str | None) -> Environment:
    if requirements is None:
        environment = Environment("default-environment")
    else:
        environment = Environment.from_pip_requirements(os.path.basename(requirements), requirements)
    environment.python.interpreter_path = python or environment.python.interpreter_path
    return environment


def _check_one_of_both(script: str | None, command: str | None) -> None:
    if script is None and command is None:
        raise click.UsageError("Missing argument 'SCRIPT' or option '--command'.", click.get_current_context())
    if script is not None and command is not None:
        message = f"There is '--command' and a SCRIPT, {script!r}: give one of both, and arguments within the command."
        raise click.UsageError(message, click.get_current_context())


def _relative_to_source(path: str, source: str) -> str:
    """A script or input may be named from the source directory, or from here if it lies in the source directory."""
    if os.path.exists(os.path.join(source, path)):
        return os.path.relpath(os.path.join(source, path), source)
    return os.path.relpath(path, source) if os.path.exists(path) else path


def _name_of_folder(source: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", os.path.basename(os.path.abspath(source))).strip("-_")[:36]
    return name if len(name) >= 3 else "default"
