"""``localexp runs`` lists runs, the newest first."""

from __future__ import annotations

import csv

from localexp import Experiment, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project


def test_the_table_has_a_line_a_run_with_its_last_metrics_and_tags(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.25})
    second = logged_run(workspace, "second", {"loss": 0.125, "accuracy": 0.9}, experiment="letters")
    second.tag("model", "mlp")
    second.tag("best")

    lines = printed(localexp("runs", at=project.path)).splitlines()

    assert lines[0].split() == [*("RUN", "EXPERIMENT", "STATUS", "CREATED", "DURATION", "TAGS", "loss", "accuracy")]
    assert [line.split()[0] for line in lines[1:]] == ["second", "first"]
    assert lines[1].split()[1:3] == ["letters", "Completed"]
    assert lines[1].split()[6:] == ["best", "model=mlp", "0.125", "0.9"]
    assert lines[2].split()[6:] == ["-", "0.25", "-"]


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

    result = localexp("runs", "--experiment", "digits", "--limit", "2", "--json", at=project.path)

    found = strict_json(result.stdout)
    assert [run["id"] for run in found] == ["digits-2", "digits-1"]


def test_no_more_than_twenty_are_listed_unasked(workspace: Workspace, project: Project) -> None:
    for number in range(21):
        logged_run(workspace, f"run-{number:02}")

    assert len(strict_json(localexp("runs", "--json", at=project.path).stdout)) == 20
    assert len(strict_json(printed(localexp("runs", "--limit", "99", "--json", at=project.path)))) == 21


def test_without_runs_the_next_step_is_named(workspace: Workspace, project: Project) -> None:
    assert "localexp submit" in printed(localexp("runs", at=project.path))
    assert strict_json(printed(localexp("runs", "--json", at=project.path))) == []


def test_an_unknown_experiment_is_refused_with_those_that_are_alike(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first")

    line = complaint(localexp("runs", "--experiment", "digit", at=project.path))

    assert "no experiment 'digit'" in line
    assert "did you mean digits?" in line


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
    assert table.splitlines()[1].split()[6:] == ["plot.svg", "step=1,", "loss=0.5"]
    assert "\n  row: step=1, loss=0.5\n" in printed(localexp("show", "latest", at=project.path))


def test_runs_are_filtered_and_sorted_by_what_they_came_to(workspace: Workspace, project: Project) -> None:
    for number, loss in enumerate([0.5, 0.1, 0.9, 0.3]):
        logged_run(workspace, f"run-{number}", {"other": 1.0, "loss": loss})
    logged_run(workspace, "without")

    filtered = ["runs", "--filter", "metrics.loss < 0.6", "--sort", "metrics.loss desc"]
    lines = printed(localexp(*filtered, at=project.path)).splitlines()
    rest = strict_json(printed(localexp("runs", "--filter", "not (metrics.loss < 0.6)", "--json", at=project.path)))

    assert [line.split()[0] for line in lines[1:]] == ["run-0", "run-3", "run-1"]
    assert lines[0].split()[-2:] == ["loss", "other"]
    assert [run["id"] for run in rest] == ["without", "run-2"]


def test_a_filter_that_cannot_be_read_is_shown_with_a_caret(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.5})

    for arguments, shown in (
        (["--filter", "metrics.loss << 3"], ["metrics.loss << 3", "              ^"]),
        (["--sort", "metrics.loss up"], ["metrics.loss up", "             ^"]),
        (["--columns", "status,bogus"], ["status,bogus", "       ^"]),
        (["--columns", "status,loss"], ["status,loss", "       ^"]),
    ):
        result = localexp("runs", *arguments, at=project.path)

        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.splitlines()[1:] == shown
        assert result.stderr.startswith("Error: ")
    assert "did you mean metrics.loss?" in result.stderr


def test_a_name_that_no_run_has_is_said(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "first", {"loss": 0.5})

    result = localexp("runs", "--filter", "metrics.los < 1", at=project.path)

    assert result.stdout == "No runs match.\n"
    assert result.stderr == "Warning: no run here has a metric 'los'; did you mean 'loss'?\n"

    result = localexp("runs", "--columns", "status,metrics.los", "--sort", "metrics.los", "--csv", at=project.path)

    assert result.stdout.splitlines()[1:] == ["first,Completed,"]
    assert result.stderr == "Warning: no run here has a metric 'los'; did you mean 'loss'?\n"


def test_pages_follow_one_another(workspace: Workspace, project: Project) -> None:
    for number in range(5):
        logged_run(workspace, f"run-{number}", {"loss": number / 10})
    asked = ["runs", "--sort", "metrics.loss", "--limit", "2", "--columns", "metrics.loss", "--json"]

    seen: list[str] = []
    after: list[str] = []
    for _ in range(3):
        result = localexp(*asked, *after, at=project.path)
        seen += [run["id"] for run in strict_json(result.stdout)]
        after = result.stderr.removeprefix("There are more; the next page: ").split()

    assert seen == [f"run-{number}" for number in range(5)]
    assert after == []


def test_columns_are_those_that_are_named(workspace: Workspace, project: Project) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="odd", snapshot_directory=None)
    for value in (3, 1, 2):
        run.log("val loss", value)
    run.log_param("lr", 0.1)
    run.tag("model", "mlp")
    run.add_properties({"made": "here"})
    run.complete()
    loss = "metrics.`val loss`"
    named = f"status, {loss}.min,{loss},{loss}.count,params.lr,tags.model,properties.made"

    [found] = strict_json(printed(localexp("runs", "--columns", named, "--json", at=project.path)))
    [row] = csv.DictReader(printed(localexp("runs", "--columns", named, "--csv", at=project.path)).splitlines())

    assert found == {
        "id": "odd",
        "status": "Completed",
        "metrics.`val loss`.min": 1,
        "metrics.`val loss`": 2,
        "metrics.`val loss`.count": 3,
        "params.lr": 0.1,
        "tags.model": "mlp",
        "properties.made": "here",
    }
    assert list(row) == list(found)
    assert list(row.values()) == ["odd", "Completed", "1.0", "2", "3", "0.1", "mlp", "here"]


def test_csv_has_whole_numbers_and_no_formulas(workspace: Workspace, project: Project) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="odd", snapshot_directory=None, tags={"=cmd": "@x"})
    for name, value in {"third": -1 / 3, "nan": float("nan"), "text": "=1+1", "minus": "-1"}.items():
        run.log(name, value)
    run.fail("+boom")

    [row] = csv.DictReader(printed(localexp("runs", "--csv", at=project.path)).splitlines())

    assert float(row["metrics.third"]) == -1 / 3
    assert (row["metrics.nan"], row["metrics.text"], row["metrics.minus"]) == ("NaN", "'=1+1", "-1")
    assert (row["error"], row["exit_code"], row["tags"]) == ("'+boom", "", '{"=cmd": "@x"}')


def test_params_that_are_alike_are_said_below_the_table(workspace: Workspace, project: Project) -> None:
    for number, rate in enumerate((0.1, 0.2)):
        with Experiment(workspace, "digits").start_logging(snapshot_directory=None, run_id=f"run-{number}") as run:
            run.log_params({"lr": rate, "epochs": 5})

    lines = shown_at_once("runs", at=project.path, columns=80).splitlines()
    piped = printed(localexp("runs", at=project.path)).splitlines()

    assert lines[0].split()[-1:] == ["lr"]
    assert lines[3:] == ["Alike in all: epochs=5"]
    assert sorted(piped[0].split()[-2:]) == ["epochs", "lr"]


def test_the_reason_of_a_failure_is_in_the_table(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "good")
    Experiment(workspace, "digits").start_logging(run_id="bad", snapshot_directory=None).fail("no luck")

    lines = shown_at_once("runs", at=project.path, columns=120).splitlines()

    assert lines[0].endswith("REASON")
    assert lines[1].endswith("no luck")
