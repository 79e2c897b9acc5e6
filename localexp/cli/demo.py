"""``localexp demo``."""

from __future__ import annotations

import os
from importlib.resources import files

import click

from localexp.cli import options, table
from localexp.cli.runs import show_runs
from localexp.config import ScriptRunConfig
from localexp.errors import UserErrorException
from localexp.execution.details import summary
from localexp.experiment import Experiment
from localexp.run import Run
from localexp.workspace import Workspace

_FOLDER = "localexp-demo"
_LEARNING_RATES = (0.03, 0.1, 0.3)


@click.command()
@options.as_json
def demo(as_json: bool) -> None:
    """Write a small project into ./localexp-demo, run it with three learning rates at once, and compare the runs."""
    say = (lambda _: None) if as_json else click.echo
    _write_project(_FOLDER)
    say(f"A project that learns to tell three kinds of Iris apart is in {_FOLDER}{os.sep}.")
    workspace = Workspace(_FOLDER)
    experiment = Experiment(workspace, "iris")
    runs = [
        experiment.submit(
            ScriptRunConfig(_FOLDER, "train.py", ["--learning-rate", rate]), tags={"learning_rate": str(rate)}
        )
        for rate in _LEARNING_RATES
    ]
    say(f"Started {len(runs)} runs, each a process of its own in a checkout of the snapshot.")
    _wait(runs, show=not as_json)
    found = [summary(workspace._store, run._current()) for run in runs]
    if as_json:
        table.show_json(found)
    else:
        _show(found)
    if any(run["status"] != "Completed" for run in found):
        raise UserErrorException(f"not all runs completed; see 'localexp --help' and the logs in {_FOLDER}")


def _write_project(folder: str) -> None:
    """Write the project's files; those that are there already are the user's, and stay."""
    for part in files("localexp.demo").joinpath("project").iterdir():
        path = os.path.join(folder, part.name)
        if part.is_file() and not os.path.exists(path):
            os.makedirs(folder, exist_ok=True)
            with open(path, "xb") as file:
                file.write(part.read_bytes())


def _wait(runs: list[Run], show: bool) -> None:
    with click.progressbar(runs, label="Training", hidden=not show) as waited:
        for run in waited:
            run.wait_for_completion(raise_on_error=False)


def _show(found: list[dict[str, object]]) -> None:
    click.echo()
    show_runs(found)
    click.echo()
    for run in found:
        click.echo(f"{run['id']}: its snapshot newly stored {run['new_blobs']} blob(s)")
    best = min(found, key=_loss)
    click.echo(f"\nBest by loss: {best['id']} with {table.cell_text(_loss(best))}")
    click.echo(
        f"\nWhat to try next, in {_FOLDER}{os.sep}:\n"
        "  localexp runs                                   list the runs\n"
        "  localexp show latest                            all that is known of one\n"
        "  localexp logs latest                            what its script printed\n"
        "  localexp submit train.py --learning-rate 0.5    one more run; edit train.py first, if you like\n"
        "  localexp demo                                   (from here again) three more runs, and no new blob"
    )


def _loss(run: dict[str, object]) -> float:
    metrics = run["metrics"]
    assert isinstance(metrics, dict)
    return float(metrics.get("loss", "inf"))
