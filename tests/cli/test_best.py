"""``localexp best`` shows the runs that are best by a metric."""

from __future__ import annotations

import csv

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project


@pytest.fixture(autouse=True)
def runs(workspace: Workspace) -> None:
    for name, values in (("falls", [3.0, 2.0, 1.0]), ("rises", [0.5, 1.5]), ("breaks", [0.1, float("nan")])):
        run = Experiment(workspace, "digits").start_logging(run_id=name, snapshot_directory=None)
        for value in values:
            run.log("val loss", value)
        run.log_param("lr", values[0])
        run.complete()
    logged_run(workspace, "elsewhere", {"val loss": 0.9}, experiment="letters")


def ids(project: Project, *arguments: str) -> list[str]:
    found = strict_json(printed(localexp("best", *arguments, "--json", at=project.path)))
    return [run["id"] for run in found]


def test_the_last_value_counts_unless_another_is_asked_for(project: Project) -> None:
    assert ids(project, "--metric", "val loss", "--goal", "min") == ["elsewhere", "falls", "rises"]
    assert ids(project, "--metric", "val loss", "--goal", "max") == ["rises", "falls", "elsewhere"]
    assert ids(project, "--metric", "val loss.min", "--goal", "min", "--limit", "2") == ["breaks", "rises"]
    assert ids(project, "--metric", "metrics.val loss.min", "--goal", "min", "--limit", "1") == ["breaks"]
    assert ids(project, "--metric", "metrics.`val loss`.min", "--goal", "min", "--limit", "1") == ["breaks"]


def test_names_that_end_or_begin_as_the_language_has_it(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "odd", {"x.min": 1.0, "metrics.y": 2.0})

    for name in ("`x.min`", '"x.min"', "metrics.`x.min`", "x.min.last", "metrics.metrics.y", "`metrics.y`"):
        assert ids(project, "--metric", name, "--goal", "max") == ["odd"]
    for name, said in (
        ("x.min", "has a metric 'x'; there is one named 'x.min': metrics.`x.min`"),
        ("metrics.y", "there is one named 'metrics.y': metrics.metrics.y"),
        ("`x.min`,status", "one metric says what is best, not '`x.min`,status'"),
        ("metrics.", "the metric is a name such as 'loss'"),
    ):
        assert said in complaint(localexp("best", "--metric", name, "--goal", "max", at=project.path))


def test_a_row_is_shown_by_its_cells(workspace: Workspace, project: Project) -> None:
    with Experiment(workspace, "rows").start_logging(snapshot_directory=None) as run:
        run.log("loss", 0.5)
        run.log_row("row", step=1, w=0.25)

    lines = printed(localexp("best", "--metric", "loss", "--goal", "min", at=project.path)).splitlines()

    assert lines[0].split()[-2:] == ["loss", "row"]
    assert lines[1].split()[-3:] == ["0.5", "step=1,", "w=0.25"]


def test_an_experiment_and_a_filter_narrow_the_runs(project: Project) -> None:
    wanted = ("--metric", "val loss", "--goal", "min")

    assert ids(project, *wanted, "--experiment", "digits") == ["falls", "rises"]
    assert ids(project, *wanted, "--filter", "params.lr < 1") == ["rises"]


def test_the_best_is_shown_with_its_params_and_how_to_have_it_again(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "from localexp import Run\nRun.get_context().log('val loss', 0.25)")
    config = project.config(arguments=["--lr", "7"])
    Experiment(workspace, "digits").submit(config, run_id="scripted").wait_for_completion()

    lines = shown_at_once("best", "--metric", "val loss", "--goal", "min", at=project.path, columns=80).splitlines()

    assert lines[0].split() == ["RUN", "EXPERIMENT", "STATUS", "CREATED", "val", "loss", "lr"]
    assert lines[1].split()[0::5] == ["scripted", "0.25"]
    assert lines[-3:] == [
        "localexp show scripted   # all that is known of the best",
        "localexp rerun scripted   # run it again",
        "localexp snapshot restore scripted DIR   # have its source",
    ]
    text = printed(localexp("best", "--metric", "val loss", "--goal", "max", at=project.path))
    assert "rerun" not in text


def test_csv_has_params_and_metrics(project: Project) -> None:
    text = printed(localexp("best", "--metric", "val loss", "--goal", "max", "--csv", at=project.path))

    first, *_ = csv.DictReader(text.splitlines())
    assert (first["id"], first["value"], first["params.lr"], first["metrics.val loss"]) == (
        "rises",
        "1.5",
        "0.5",
        "1.5",
    )


def test_what_nobody_has_is_said(project: Project) -> None:
    for arguments, message in (
        (("--metric", "val los", "--goal", "min"), "did you mean 'val loss'?"),
        (("--metric", "val loss", "--goal", "min", "--experiment", "none"), "there is no experiment 'none'"),
        (("--metric", "", "--goal", "min"), "the metric is a name such as 'loss'"),
    ):
        assert message in complaint(localexp("best", *arguments, at=project.path))
    assert localexp("best", "--metric", "val loss", at=project.path).returncode == 2


def test_how_to_have_the_best_again_is_never_cut(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "digits_1764313200_9f3a77c1", {"loss": 1.0})

    shown = shown_at_once("best", "--metric", "loss", "--goal", "min", at=project.path, columns=50)

    assert shown.endswith("\nlocalexp show digits_1764313200_9f3a77c1\n")
