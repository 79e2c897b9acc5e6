"""``localexp submit --target inline`` runs a script in the process of the command."""

from __future__ import annotations

from localexp import Workspace
from tests.cli.command import complaint, localexp, printed, strict_json
from tests.processes import Project


def test_it_shows_the_output_once_and_exits_as_the_script_does(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import sys, warnings\nprint('hello')\nwarnings.warn('mind')\nsys.exit(3)")

    result = localexp(
        "submit", "--workspace", workspace.path, "--target", "inline", "--tag", "a=b", "train.py", at=project.path
    )

    [run] = workspace.experiments["project"].get_runs()
    assert (result.returncode, result.stdout) == (3, f"hello\nRunId: {run.id}\n")
    assert "train.py:3: UserWarning: mind" in result.stderr
    assert "\nError: the script exited with code 3" in result.stderr
    assert run.get_details()["target"] == "inline"


def test_json_is_all_that_is_on_standard_output(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print('hello')")

    result = localexp(
        "submit", "--workspace", workspace.path, "--target", "inline", "--json", "train.py", at=project.path
    )

    assert strict_json(result.stdout)["status"] == "Completed"
    assert result.stderr == "hello\n"


def test_one_that_is_reused_shows_its_log_and_a_rerun_runs_here_too(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print('hello')")
    submit = ("submit", "--workspace", workspace.path, "--target", "inline", "--reuse", "train.py")
    printed(localexp(*submit, at=project.path))

    shown = localexp(*submit, at=project.path).stdout
    again = printed(localexp("rerun", "latest", at=project.path))

    rerun, first = workspace.experiments["project"].get_runs()
    assert {"hello", f"RunId: {first.id}", "Status: Completed"} <= set(shown.splitlines())
    assert again == f"hello\nRunId: {rerun.id}\n"
    assert "leave out '--detach'" in complaint(localexp("rerun", "--detach", "latest", at=project.path), 2)


def test_it_cannot_be_detached(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    command = ["submit", "--workspace", workspace.path, "--target", "inline", "--detach", "train.py"]

    assert "leave out '--detach'" in complaint(localexp(*command, at=project.path), 2)
    assert workspace.experiments == {}
