"""``localexp cancel`` stops runs, says what became of each, and tells which could not be."""

from __future__ import annotations

import os

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, strict_json
from tests.cli.conftest import Gate
from tests.processes import Project, wait_until


@pytest.fixture
def going_on(workspace: Workspace, project: Project, gate: Gate) -> Run:
    """A run whose script runs until the end of the test."""
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", gate.code)
    run = Experiment(workspace, "digits").submit(project.config())
    wait_until(lambda: run.get_status() == "Running", "the script runs")
    return run


@pytest.fixture
def queued(going_on: Run, workspace: Workspace, project: Project) -> Run:
    """A run that waits until that one has ended."""
    return Experiment(workspace, "digits").submit(project.config())


def test_a_queued_run_is_canceled_at_once_and_a_running_one_is_asked_to_end(
    project: Project, going_on: Run, queued: Run
) -> None:
    assert printed(localexp("cancel", "latest", at=project.path)) == f"{queued.id}  Canceled\n"
    assert printed(localexp("cancel", going_on.id, at=project.path)) == f"{going_on.id}  CancelRequested\n"

    assert going_on.wait_for_completion()["status"] == "Canceled"
    assert queued.get_status() == "Canceled"


def test_with_wait_it_returns_when_they_have_ended(project: Project, going_on: Run, queued: Run) -> None:
    shown = printed(localexp("cancel", "--wait", going_on.id, queued.id, queued.id[:-1], at=project.path))

    assert sorted(shown.splitlines()) == sorted([f"{going_on.id}  Canceled", f"{queued.id}  Canceled"])


def test_json_tells_of_each(project: Project, going_on: Run, queued: Run) -> None:
    first = strict_json(printed(localexp("cancel", "--json", queued.id, at=project.path)))
    second = strict_json(printed(localexp("cancel", "--json", "--wait", going_on.id, at=project.path)))

    assert [(run["id"], run["status"]) for run in first] == [(queued.id, "Canceled")]
    assert [(run["id"], run["status"]) for run in second] == [(going_on.id, "Canceled")]


def test_one_that_cannot_be_canceled_is_said_and_the_others_are(
    workspace: Workspace, project: Project, going_on: Run
) -> None:
    logged_run(workspace, "by-hand")

    result = localexp("cancel", "unknown", "by-hand", going_on.id, at=project.path)

    assert (result.returncode, result.stdout) == (1, f"{going_on.id}  CancelRequested\n")
    unknown, ended = result.stderr.splitlines()
    assert unknown.startswith("Error: no run 'unknown'")
    assert ended.startswith("Error: run by-hand is Completed")
    assert going_on.wait_for_completion()["status"] == "Canceled"


def test_an_interactive_run_of_another_process_is_not_ours_to_cancel(workspace: Workspace, project: Project) -> None:
    run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)

    line = complaint(localexp("cancel", run.id, at=project.path))
    assert f"it is an interactive run of process {os.getpid()} of " in line
    assert "run.complete()" in line

    assert run.get_status() == "Running"
    run.complete()
