"""What cannot be submitted is refused in one line, and leaves nothing behind."""

from __future__ import annotations

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, contents, localexp
from tests.processes import Project


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py"], "no script missing.py in the source directory"),
        (["folder"], "folder is a directory"),
        ([""], "is a directory"),
        (["ignored.py"], "line 1 of .gitignore, 'ignored.py'"),
        (["../outside.py"], "../outside.py lies outside the source directory"),
        (["--source", "nowhere", "train.py"], "nowhere does not exist"),
        (["--source", "train.py", "train.py"], "train.py is not a directory"),
        (["--experiment", "a b", "train.py"], "the experiment name 'a b' does not fit"),
        (["--experiment", "\x1b[31mred", "train.py"], "the experiment name '\\x1b[31mred' does not fit"),
        (["--experiment", "", "train.py"], "not empty, not ''"),
        (["--tag", "=b", "train.py"], "the tag '=b' has no name"),
    ],
)
def test_a_submission_that_cannot_be_is_refused_and_makes_no_run(
    workspace: Workspace, project: Project, arguments: list[str], said: str
) -> None:
    for name in ("train.py", "ignored.py", "folder/train.py", "../outside.py"):
        project.write(name, "")
    project.write(".gitignore", "ignored.py\n")
    before = contents(project.path)

    line = complaint(localexp("submit", *arguments, at=project.path))

    assert said in line
    assert contents(project.path) == before
    assert [run for experiment in workspace.experiments.values() for run in experiment.get_runs()] == []


def test_a_refused_submission_makes_no_experiment(workspace: Workspace, project: Project) -> None:
    complaint(localexp("submit", "--experiment", "digits", "missing.py", at=project.path))

    assert list(workspace.experiments) == []


def test_a_detached_submission_is_refused_alike(workspace: Workspace, project: Project) -> None:
    for option in ("--detach", "--json"):
        assert "no script missing.py" in complaint(localexp("submit", option, "missing.py", at=project.path))


def test_a_misspelt_option_is_not_taken_for_the_script(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")

    line = complaint(localexp("submit", "--tags", "a=b", "train.py", at=project.path), exit_code=2)

    assert "--tags" in line
    assert list(Experiment(workspace, "project").get_runs()) == []
