"""``localexp demo``."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.resources import files

import click

from localexp.cli import options, table
from localexp.cli.main import INTERRUPTED
from localexp.cli.run_table import show_runs
from localexp.config import ScriptRunConfig
from localexp.errors import ActivityFailedException, UserErrorException
from localexp.execution import ending
from localexp.execution.details import summaries
from localexp.experiment import Experiment
from localexp.run import Run
from localexp.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER = "localexp-demo"
_LEARNING_RATES = (0.03, 0.1, 0.3)


@click.command(
    short_help="Try it all: a small project, and three runs of it.", epilog=options.examples("localexp demo")
)
@options.as_json
def demo(as_json: bool) -> None:
    """Write a small project into ./localexp-demo, run it with three learning rates at once, and compare the runs."""
    _write_project()
    workspace = Workspace(_FOLDER)
    try:
        runs = _run_all(workspace, show=not as_json)
    except KeyboardInterrupt:
        click.echo(f"\nWhat was started goes on. See it with: localexp runs --workspace {_FOLDER}", err=True)
        sys.exit(INTERRUPTED)
    found = summaries(workspace._store, [run._current() for run in runs])
    if as_json:
        table.show_json(found)
    else:
        _show(found)
    for run in runs:
        if run.status != "Completed":
            reason = ending.message_of(run._known().error_parts())
            raise ActivityFailedException(
                f"run {run.id} is {run.status}: {reason}; see 'localexp logs --workspace {_FOLDER} {run.id}'"
            )


def _write_project() -> None:
    """Write the project's files; those that are there already are the user's, and stay."""
    try:
        os.makedirs(_FOLDER, exist_ok=True)
        for part in files("localexp.demo").joinpath("project").iterdir():
            path = os.path.join(_FOLDER, part.name)
            if part.is_file() and not os.path.lexists(path):
                with open(path + ".part", "wb") as file:
                    file.write(part.read_bytes())
                os.replace(path + ".part", path)
    except OSError as error:
        raise UserErrorException(
            f"cannot write the demo's project to {os.path.abspath(_FOLDER)}: {error.strerror}; "
            "run 'localexp demo' in another folder"
        ) from error


def _run_all(workspace: Workspace, show: bool) -> list[Run]:
    runs = [_submit(Experiment(workspace, "iris"), rate) for rate in _LEARNING_RATES]
    if not show:
        _wait(runs)
        return runs
    click.echo(f"{_FOLDER}{os.sep} holds a project that learns to tell three kinds of Iris apart.")
    click.echo(f"Started {len(runs)} runs of it at once, each a process in its own copy of the project.")
    with click.progressbar(runs, label="Training", show_eta=False, show_pos=True) as waited:
        _wait(waited)
    return runs


def _submit(experiment: Experiment, rate: float) -> Run:
    config = ScriptRunConfig(_FOLDER, "train.py", ["--learning-rate", rate])
    return experiment.submit(config, tags={"learning_rate": str(rate)})


def _wait(runs: Iterable[Run]) -> None:
    for run in runs:
        run.wait_for_completion(raise_on_error=False)


def _show(found: list[dict[str, object]]) -> None:
    click.echo()
    show_runs(found)
    click.echo()
    new_blobs = " + ".join(str(run["new_blobs"]) for run in found)
    click.echo(f"Their snapshots newly stored {new_blobs} blobs (a blob is the bytes of one file).")
    losses = {loss: str(run["id"]) for run in found if isinstance(loss := _metrics(run).get("loss"), float)}
    if losses:
        click.echo(f"Best by loss: {losses[min(losses)]}, with {table.cell_text(min(losses))}.")
    command = _command()
    click.echo(
        "\nWhat to try next:\n"
        f"  cd {_FOLDER}\n"
        f"  {command} runs                                  list the runs\n"
        f"  {command} best --metric loss --goal min         the best of them, and how to have it again\n"
        f"  {command} show latest                           all that is known of the latest\n"
        f"  {command} logs latest                           what its script has printed\n"
        f"  {command} submit train.py --learning-rate 0.5   a run of your own\n"
        "Edit train.py and submit it again, if you like: each run keeps the source that it ran.\n"
        "Another demo from here adds three more runs, and stores nothing twice."
    )


def _command() -> str:
    """How localexp can be called from anywhere: it may lie in an environment that is not active."""
    called = os.path.abspath(sys.argv[0])
    found = shutil.which("localexp")
    is_on_path = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return "localexp" if is_on_path or not os.path.basename(called).startswith("localexp") else called


def _metrics(run: dict[str, object]) -> dict[str, object]:
    found = run["metrics"]
    assert isinstance(found, dict)
    return found
