"""A command finds its workspace upwards, by ``LOCALEXP_WORKSPACE``, or by ``--workspace``."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import Workspace
from tests.cli.command import complaint, contents, localexp, logged_run, printed
from tests.processes import Project


@pytest.mark.parametrize("arguments", [["runs"], ["show", "latest"], ["logs", "latest"], ["submit", "train.py"]])
def test_without_a_workspace_the_command_that_makes_one_is_named(folder: Path, arguments: list[str]) -> None:
    (folder / "train.py").write_text("")

    line = complaint(localexp(*arguments, at=folder))

    assert str(folder) in line
    assert "'localexp init'" in line
    assert contents(folder) == {"train.py": b""}


def test_the_nearest_workspace_upwards_is_found(folder: Path) -> None:
    inner = folder / "inner"
    (inner / "deep" / "er").mkdir(parents=True)
    for place in (folder, inner):
        with_run = Workspace(place)
        logged_run(with_run, f"run-of-{place.name}")
        with_run.close()

    shown = printed(localexp("runs", at=inner / "deep" / "er"))

    assert "run-of-inner" in shown
    assert f"run-of-{folder.name}" not in shown


def test_the_variable_wins_over_the_nearest_and_the_option_over_both(
    workspace: Workspace, project: Project, folder: Path
) -> None:
    logged_run(workspace, "nearest")
    for name in ("by-variable", "by-option"):
        with_run = Workspace(folder / name)
        logged_run(with_run, name)
        with_run.close()
    variable = str(folder / "by-variable")

    shown = printed(localexp("runs", at=project.path, LOCALEXP_WORKSPACE=variable))
    option = ["--workspace", str(folder / "by-option")]
    shown_by_option = printed(localexp("runs", *option, at=project.path, LOCALEXP_WORKSPACE=variable))

    assert "by-variable" in shown
    assert "nearest" not in shown
    assert "by-option" in shown_by_option
    assert "by-variable" not in shown_by_option


def test_a_variable_that_points_nowhere_is_refused(workspace: Workspace, project: Project, folder: Path) -> None:
    nowhere = str(folder / "nowhere")

    line = complaint(localexp("runs", at=project.path, LOCALEXP_WORKSPACE=nowhere))

    assert f"LOCALEXP_WORKSPACE is '{nowhere}'" in line
    assert f"'localexp init {nowhere}'" in line
    assert contents(folder) == {}


@pytest.mark.parametrize(
    "arguments", [["runs"], ["show", "latest"], ["logs", "latest"], ["submit", "train.py"]], ids=lambda given: given[0]
)
def test_an_option_that_points_nowhere_is_refused_and_makes_no_workspace(
    workspace: Workspace, project: Project, folder: Path, arguments: list[str]
) -> None:
    project.write("train.py", "")
    nowhere = str(folder / "nowhere")

    line = complaint(localexp(arguments[0], "--workspace", nowhere, *arguments[1:], at=project.path))

    assert f"'{nowhere}'" in line
    assert f"'localexp init {nowhere}'" in line
    assert contents(folder) == {}


def test_the_folder_of_a_name_with_line_breaks_still_gives_one_line(folder: Path) -> None:
    (folder / "a\n\x1b[31mb").mkdir()

    line = complaint(localexp("runs", at=folder / "a\n\x1b[31mb"))

    assert line.isprintable()


def test_a_current_folder_that_is_gone_is_said_to_be(folder: Path) -> None:
    result = localexp(
        "runs", at=folder, through=["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"]
    )

    assert "current folder no longer exists" in complaint(result)
