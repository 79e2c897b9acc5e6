"""``localexp show`` tells all that is known of a run."""

from __future__ import annotations

import os
import sys

import pytest

from localexp import Experiment, Workspace
from localexp.cli import table
from tests.cli.command import localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project


def test_a_run_is_shown_with_its_tags_metrics_files_and_arguments(workspace: Workspace, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        Run.get_context().log("loss", 0.123456789)
        open("outputs/model.bin", "w").close()
        """,
    )
    config = project.config(arguments=["--name", "a b"])
    run = Experiment(workspace, "digits").submit(config, tags={"model": "mlp"})
    run.wait_for_completion()

    lines = printed(localexp("show", run.id, at=project.path)).splitlines()

    assert lines[0] == f"id: {run.id}"
    for line in (
        "experiment: digits",
        "status: Completed",
        "exit code: 0",
        "  model: mlp",
        "  loss: 0.1235",
        "  outputs/model.bin",
        "  script: train.py",
        "  arguments: --name 'a b'",
    ):
        assert line in lines


def test_json_has_the_whole_values(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "by-hand", {"loss": 0.123456789})

    found = strict_json(printed(localexp("show", "latest", "--json", at=project.path)))

    assert (found["id"], found["status"], found["files"]) == ("by-hand", "Completed", [])
    assert found["metrics"] == {"loss": 0.123456789}


def test_the_reason_of_a_failure_and_warnings_are_shown(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import os; os.mkfifo('outputs/pipe'); raise ValueError('bad learning rate')")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion(raise_on_error=False)

    lines = printed(localexp("show", run.id, at=project.path)).splitlines()

    assert "  message: the script exited with code 1: ValueError: bad learning rate (train.py, line 1)" in lines
    assert "  capture: outputs/pipe is neither a file nor a link, and was not kept" in lines


def test_facts_are_shown_in_a_line_each_and_whole_as_json(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["submit.py", "a b"])
    monkeypatch.setenv("AZUREML_GIT_BRANCH", "main")
    monkeypatch.setenv("AZUREML_GIT_DIRTY", "True")
    with Experiment(workspace, "digits").start_logging(snapshot_directory=str(project.path)) as run:
        facts = run.get_details()["facts"]

    lines = printed(localexp("show", run.id, at=project.path)).splitlines()
    shown = strict_json(printed(localexp("show", run.id, "--json", at=project.path)))

    for line in (
        "facts:",
        f"  invocation: submit.py 'a b' in {os.getcwd()}",
        f"  python: {sys.implementation.name} {sys.version.split()[0]}, {sys.executable}",
        f"  packages: {len(facts['packages'])} distributions",
        "  git: main, with uncommitted changes",
    ):
        assert line in lines
    assert shown["facts"] == facts


def test_the_next_steps_are_those_for_the_run_as_it_stands(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()
    going = Experiment(workspace, "digits").start_logging(run_id="going", snapshot_directory=None)
    going.log("loss", 1)
    going.flush()

    of_script = printed(localexp("show", run.id, at=project.path))
    by_hand = printed(localexp("show", "going", at=project.path))

    assert of_script.endswith(f"next:\n  localexp logs {run.id}\n  localexp rerun {run.id}\n")
    assert by_hand.endswith("next:\n  localexp metrics going\n")
    assert "\nduration: " in of_script
    assert strict_json(printed(localexp("show", run.id, "--json", at=project.path)))["duration"] > 0
    going.complete()


def test_on_a_terminal_long_lines_go_on_below(workspace: Workspace, project: Project) -> None:
    run = Experiment(workspace, "digits").start_logging(run_id="bad", snapshot_directory=None)
    run.fail("no luck " * 20)
    run.tag("note", "数据 集合 " * 20)

    lines = shown_at_once("show", "bad", at=project.path, columns=60).splitlines()

    at = lines.index("error:")
    assert max(map(table.width_of, lines)) <= 60
    assert [line[:6] for line in lines[at + 2 : at + 4]] == ["  mess", "      "]
