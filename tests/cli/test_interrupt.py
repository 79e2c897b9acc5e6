"""Ctrl-C ends the command, not the run."""

from __future__ import annotations

import signal
import sys

import pytest

from localexp import Run, Workspace
from tests.cli.command import started
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")


@pytest.mark.parametrize("options", [[], ["--workspace", ".."]])
def test_the_run_goes_on_and_the_command_says_how_to_follow_it(
    workspace: Workspace, project: Project, gate: Gate, options: list[str]
) -> None:
    project.write("train.py", f"print('begin', flush=True)\n{gate.code}")
    command = started("submit", *options, "train.py", at=project.path)
    assert command.stdout is not None
    run_id = command.stdout.readline().decode().removeprefix("RunId: ").strip()
    while command.stdout.readline() != b"begin\n":
        pass

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert command.returncode == 130
    *_, line = errors.decode().splitlines()
    follow = " ".join(["localexp logs -f", *options, run_id])
    assert line == f"The run goes on. Follow it with: {follow}"
    assert b"Traceback" not in errors
    run = Run.get(workspace, run_id)
    assert run.get_status() == "Running"
    gate.open()
    assert run.wait_for_completion()["status"] == "Completed"


def test_following_a_log_can_be_stopped(workspace: Workspace, project: Project, gate: Gate) -> None:
    from localexp import Experiment

    project.write("train.py", f"print('begin', flush=True)\n{gate.code}")
    run = Experiment(workspace, "digits").submit(project.config())
    command = started("logs", "-f", run.id, at=project.path)
    assert command.stdout is not None
    assert command.stdout.readline() == b"begin\n"

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors.strip()) == (130, b"Interrupted.")
    gate.open()
    assert run.wait_for_completion()["status"] == "Completed"
