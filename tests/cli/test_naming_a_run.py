"""A run is named by its id, by the beginning of its id, or as the latest."""

from __future__ import annotations

import pytest

from localexp import Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, strict_json
from tests.processes import Project


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("mlp-small", "mlp-small"), ("mlp-l", "mlp-large"), ("mlp", "mlp"), ("latest", "tree")],
)
def test_an_id_or_a_beginning_that_fits_one_run_is_enough(
    workspace: Workspace, project: Project, wanted: str, found: str
) -> None:
    for run_id in ("mlp-small", "mlp-large", "mlp", "tree"):
        logged_run(workspace, run_id)

    assert strict_json(printed(localexp("show", wanted, "--json", at=project.path)))["id"] == found


def test_a_beginning_that_fits_several_runs_is_refused_with_their_ids(workspace: Workspace, project: Project) -> None:
    for run_id in ("mlp-small", "mlp-large", "tree"):
        logged_run(workspace, run_id)

    for command in ("show", "logs"):
        line = complaint(localexp(command, "mlp", at=project.path))
        assert "'mlp' could be any of: mlp-large, mlp-small;" in line
        assert "tree" not in line


def test_of_very_many_that_fit_it_is_said_that_there_are_more(workspace: Workspace, project: Project) -> None:
    for number in range(11):
        logged_run(workspace, f"mlp-{number:02}")

    line = complaint(localexp("show", "mlp", at=project.path))

    assert "could be any of: mlp-10, mlp-09," in line
    assert line.count("mlp-") == 10
    assert "mlp-01, and more; give more of the id" in line


def test_an_unknown_id_is_refused_with_those_that_are_alike(workspace: Workspace, project: Project) -> None:
    for run_id in ("mlp-small", "tree"):
        logged_run(workspace, run_id)

    line = complaint(localexp("show", "mlp-smal1", at=project.path))

    assert "no run 'mlp-smal1'" in line
    assert "did you mean mlp-small?" in line


def test_an_id_like_no_other_is_refused_with_the_command_that_lists_runs(
    workspace: Workspace, project: Project
) -> None:
    logged_run(workspace, "tree")

    assert "'localexp runs' lists" in complaint(localexp("show", "12345", at=project.path))


def test_without_runs_there_is_no_latest(workspace: Workspace, project: Project) -> None:
    for command in ("show", "logs"):
        line = complaint(localexp(command, "latest", at=project.path))
        assert "no runs yet" in line
        assert "localexp submit" in line


@pytest.mark.parametrize("wanted", ["", "%", "_", "*", "mlp\n", "\x1b[31m", b"\xff"])
def test_no_text_is_more_than_a_text(workspace: Workspace, project: Project, wanted: str | bytes) -> None:
    for run_id in ("mlp-small", "tree"):
        logged_run(workspace, run_id)

    line = complaint(localexp("show", wanted, at=project.path))

    assert line.isprintable()


@pytest.mark.parametrize("command", [("show",), ("delete", "--yes"), ("cancel",)])
def test_no_name_at_all_is_not_the_only_run(workspace: Workspace, project: Project, command: tuple[str, ...]) -> None:
    logged_run(workspace, "tree")

    assert "'' is none" in complaint(localexp(*command, "", at=project.path))
    assert [run.id for run in workspace.search_runs()] == ["tree"]


def test_runs_of_an_archived_experiment_are_found_by_its_name_or_id(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "tree", {"loss": 1.0}, experiment="old")
    old = workspace.experiments["old"]
    old.archive()

    for wanted in ("old", str(old.id)):
        for command in (("runs",), ("best", "--metric", "loss", "--goal", "min")):
            [found] = strict_json(printed(localexp(*command, "--experiment", wanted, "--json", at=project.path)))
            assert found["id"] == "tree"
    logged_run(workspace, "oak", experiment="old")
    [found] = strict_json(printed(localexp("runs", "--experiment", "old", "--json", at=project.path)))
    assert found["id"] == "oak"
