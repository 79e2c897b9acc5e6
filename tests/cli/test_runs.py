"""``localexp runs`` lists runs, the newest first."""

from __future__ import annotations

from localexp import Experiment, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, strict_json
from tests.processes import Project


def test_the_table_has_a_line_a_run_with_its_last_metrics_and_tags(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.25})
    second = logged_run(workspace, "second", {"loss": 0.125, "accuracy": 0.9}, experiment="letters")
    second.tag("model", "mlp")
    second.tag("best")

    lines = printed(localexp("runs", at=project.path)).splitlines()

    assert lines[0].split() == ["RUN", "EXPERIMENT", "STATUS", "CREATED", "TAGS", "loss", "accuracy"]
    assert [line.split()[0] for line in lines[1:]] == ["second", "first"]
    assert lines[1].split()[1:3] == ["letters", "Completed"]
    assert lines[1].split()[5:] == ["best", "model=mlp", "0.125", "0.9"]
    assert lines[2].split()[5:] == ["-", "0.25", "-"]


def test_json_lists_objects(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.25}).tag("best")

    found = strict_json(printed(localexp("runs", "--json", at=project.path)))

    assert len(found) == 1
    assert {name: found[0][name] for name in ("id", "experiment", "status", "tags", "metrics")} == {
        "id": "first",
        "experiment": "digits",
        "status": "Completed",
        "tags": {"best": None},
        "metrics": {"loss": 0.25},
    }


def test_an_experiment_and_a_limit_narrow_the_list(workspace: Workspace, project: Project) -> None:
    for number in range(3):
        logged_run(workspace, f"digits-{number}")
        logged_run(workspace, f"letters-{number}", experiment="letters")

    found = strict_json(printed(localexp("runs", "--experiment", "digits", "--limit", "2", "--json", at=project.path)))

    assert [run["id"] for run in found] == ["digits-2", "digits-1"]


def test_no_more_than_twenty_are_listed_unasked(workspace: Workspace, project: Project) -> None:
    for number in range(21):
        logged_run(workspace, f"run-{number:02}")

    assert len(strict_json(printed(localexp("runs", "--json", at=project.path)))) == 20
    assert len(strict_json(printed(localexp("runs", "--limit", "99", "--json", at=project.path)))) == 21


def test_without_runs_the_next_step_is_named(workspace: Workspace, project: Project) -> None:
    assert "localexp submit" in printed(localexp("runs", at=project.path))
    assert strict_json(printed(localexp("runs", "--json", at=project.path))) == []


def test_an_unknown_experiment_is_refused_with_those_that_are_there(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")

    line = complaint(localexp("runs", "--experiment", "digit", at=project.path))

    assert "no experiment 'digit'" in line
    assert "there are: digits" in line


def test_a_limit_of_nothing_is_refused(workspace: Workspace, project: Project) -> None:
    line = complaint(localexp("runs", "--limit", "0", at=project.path), exit_code=2)

    assert "'--limit': 0" in line
    assert "See 'localexp runs --help'" in line


def test_children_are_listed_on_request_and_are_never_the_latest(workspace: Workspace, project: Project) -> None:
    parent = Experiment(workspace, "digits").start_logging(run_id="parent", snapshot_directory=None)
    parent.child_run("fold", run_id="child").complete()
    parent.complete()

    listed = strict_json(printed(localexp("runs", "--json", at=project.path)))
    with_children = strict_json(printed(localexp("runs", "--children", "--json", at=project.path)))
    latest = strict_json(printed(localexp("show", "latest", "--json", at=project.path)))

    assert [run["id"] for run in listed] == ["parent"]
    assert [(run["id"], run["parent"]) for run in with_children] == [("child", "parent"), ("parent", None)]
    assert latest["id"] == "parent"


def test_a_file_is_shown_by_its_name_and_a_row_by_its_cells(workspace: Workspace, project: Project) -> None:
    image = project.write("plot.svg", "<svg/>")
    with Experiment(workspace, "digits").start_logging(snapshot_directory=None) as run:
        run.log_image("plot", image)
        run.log_row("row", step=1, loss=0.5)

    table = printed(localexp("runs", at=project.path))
    [found] = strict_json(printed(localexp("runs", "--json", at=project.path)))

    assert found["metrics"] == {"plot": "plot.svg", "row": {"step": 1, "loss": 0.5}}
    assert table.splitlines()[1].split()[5:] == ["-", "plot.svg", "step=1,", "loss=0.5"]
