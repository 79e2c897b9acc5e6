"""``localexp submit`` runs a script, shows what it prints, and exits as it did."""

from __future__ import annotations

import re
import sys

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import localexp, printed, strict_json
from tests.processes import Project


def test_the_output_of_the_script_is_shown(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print('learning')")

    shown = printed(localexp("submit", "train.py", at=project.path))

    [run] = Experiment(workspace, "project").get_runs()
    lines = shown.splitlines()
    assert lines[0] == f"RunId: {run.id}"
    assert "learning" in lines
    assert "Status: Completed" in lines
    assert run.get_status() == "Completed"


def test_the_exit_code_of_the_script_is_passed_on(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "raise SystemExit(3)")

    result = localexp("submit", "train.py", at=project.path)

    assert result.returncode == 3
    assert result.stderr == "Error: the script exited with code 3\n"
    assert "Traceback" not in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to be killed by")
def test_a_script_that_is_killed_exits_with_128_and_the_signal(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import os; os.kill(os.getpid(), 9)")

    result = localexp("submit", "train.py", at=project.path)

    assert result.returncode == 137
    assert re.fullmatch(r"Error: the script was killed by SIGKILL; its peak memory was [0-9.]+ MiB\n", result.stderr)


def test_what_follows_the_script_goes_to_the_script(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import sys; print(sys.argv[1:])")
    arguments = ["--lr", "0.1", "--help", "--json", "--detach", "--tag", "--", "-x", "", "ü"]

    shown = printed(localexp("submit", "train.py", *arguments, at=project.path))

    assert str(arguments) in shown.splitlines()


def test_tags_are_kept(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    tags = ["--tag", "a=b", "--tag", "c", "--tag", "d=", "--tag", "e=f=g"]

    found = strict_json(printed(localexp("submit", *tags, "--json", "train.py", at=project.path)))

    assert found["tags"] == {"a": "b", "c": None, "d": "", "e": "f=g"}
    shown = printed(localexp("show", found["id"], at=project.path)).splitlines()
    assert [line for line in shown if line in ("  a: b", "  c", "  d: ", "  e: f=g")] == [
        "  a: b",
        "  c",
        "  d: ",
        "  e: f=g",
    ]


def test_json_is_all_that_is_printed_and_the_exit_code_is_still_the_scripts(
    workspace: Workspace, project: Project
) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        Run.get_context().log("loss", 0.5)
        print("not JSON")
        raise SystemExit(4)
        """,
    )

    result = localexp("submit", "--experiment", "digits", "--json", "train.py", at=project.path)

    found = strict_json(result.stdout)
    assert (result.returncode, result.stderr) == (4, "")
    assert (found["experiment"], found["status"], found["exit_code"]) == ("digits", "Failed", 4)
    assert found["metrics"] == {"loss": 0.5}


def test_a_source_directory_elsewhere_may_be_named(workspace: Workspace, project: Project) -> None:
    project.write("src/model.py", "NAME = 'mlp'")
    project.write("src/train.py", "import model; print(model.NAME)")

    for script in ("train.py", "src/train.py"):
        shown = printed(localexp("submit", "--source", "src", script, at=project.path))
        assert "mlp" in shown.splitlines()

    assert [run.experiment.name for run in Experiment(workspace, "src").get_runs()] == ["src", "src"]


def test_a_command_line_may_stand_in_place_of_a_script(workspace: Workspace, project: Project) -> None:
    project.write("greet.sh", "echo hello $1; exit 5")

    result = localexp("submit", "--command", "sh greet.sh you", at=project.path)

    assert "hello you" in result.stdout.splitlines()
    assert (result.returncode, result.stderr) == (5, "Error: the script exited with code 5; its last line: hello you\n")


def test_a_run_that_takes_too_long_is_canceled_and_the_limit_is_named(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import time; time.sleep(600)")

    result = localexp("submit", "--max-duration", "1", "train.py", at=project.path)

    assert result.returncode == 128 + 15
    assert "Status: Canceled" in result.stdout.splitlines()
    assert result.stderr == "Error: the script had not ended after 1 s, the max_run_duration_seconds of the run\n"


@pytest.mark.parametrize(("name", "experiment"), [("my model (2)", "my-model-2"), ("ü", "default"), ("_x_", "default")])
def test_a_folder_of_any_name_gives_an_experiment_one(
    workspace: Workspace, project: Project, name: str, experiment: str
) -> None:
    project.write(f"{name}/train.py", "")

    printed(localexp("submit", "train.py", at=project.path / name))

    assert list(workspace.experiments) == [experiment]
