"""A submit that has to wait for its turn says so; it can be followed, and others can go first."""

from __future__ import annotations

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli.command import localexp, printed, started
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project

WAITS = "The run waits in the queue: 1 of 1 runs are at work (max_concurrent_runs).\n"


@pytest.fixture
def at_work(workspace: Workspace, project: Project, gate: Gate) -> Run:
    """The one run that may be at work; it is until the gate is opened."""
    printed(localexp("settings", "max_concurrent_runs", "1", at=project.path))
    project.write("held.py", gate.code)
    project.write("train.py", "print('learnt')")
    return Experiment(workspace, "digits").submit(project.config("held.py"))


def test_a_waiting_submit_says_once_that_it_waits_and_then_shows_the_output(
    project: Project, at_work: Run, gate: Gate
) -> None:
    command = started("submit", "train.py", at=project.path)
    assert command.stderr is not None
    said = command.stderr.readline().decode()

    gate.open()
    output, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, said, errors) == (0, WAITS, b"")
    assert "learnt" in output.decode().splitlines()


def test_a_detached_one_says_so_and_its_log_can_be_followed_before_it_begins(
    workspace: Workspace, project: Project, at_work: Run, gate: Gate
) -> None:
    submitted = localexp("submit", "--detach", "train.py", at=project.path)
    run = Run.get(workspace, submitted.stdout.strip())
    assert (submitted.stderr, run.get_status()) == (WAITS, "Queued")
    follower = started("logs", "-f", run.id, at=project.path)
    assert follower.stderr is not None
    said = follower.stderr.readline().decode()

    gate.open()
    output, errors = follower.communicate(timeout=PATIENCE_SECONDS)

    assert (follower.returncode, said, output, errors) == (0, WAITS, b"learnt\n", b"The run is Completed.\n")
    assert run.get_status() == "Completed"


def test_of_one_that_is_canceled_while_it_waits_the_follower_is_told(
    workspace: Workspace, project: Project, at_work: Run, gate: Gate
) -> None:
    run = Experiment(workspace, "digits").submit(project.config())
    follower = started("logs", "-f", run.id, at=project.path)
    assert follower.stderr is not None
    assert follower.stderr.readline().decode() == WAITS

    run.cancel()
    output, errors = follower.communicate(timeout=PATIENCE_SECONDS)

    assert (output, errors) == (b"", b"The run is Canceled.\n")
    gate.open()
    at_work.wait_for_completion()


def test_where_more_are_at_work_than_may_be_by_now_that_is_said(
    workspace: Workspace, project: Project, at_work: Run, gate: Gate
) -> None:
    project.write("endless.py", "import time; time.sleep(600)")
    other = Experiment(workspace, "digits").submit(project.config("endless.py"), now=True)

    submitted = localexp("submit", "--detach", "train.py", at=project.path)

    assert submitted.stderr == (
        "The run waits in the queue: 2 runs, of at most 1, are at work (max_concurrent_runs).\n"
    )
    gate.open()
    other.cancel()
    workspace.wait([at_work, other, submitted.stdout.strip()])


def test_now_bypasses_the_queue(project: Project, at_work: Run, gate: Gate) -> None:
    shown = printed(localexp("submit", "--now", "train.py", at=project.path))

    assert "learnt" in shown.splitlines()
    assert at_work.get_status() == "Running"
    gate.open()
    at_work.wait_for_completion()
