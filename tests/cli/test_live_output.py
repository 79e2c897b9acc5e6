"""What a script prints is shown while it runs."""

from __future__ import annotations

import os

from localexp import Experiment, Workspace
from tests.cli.command import localexp, printed, started
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project, wait_until

_SCRIPT = r"""
import os
os.write(1, b"10%\r50%\r\xff \xc3")
os.write(2, b"\xbc\n")
"""


def test_submit_shows_output_as_it_comes(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", f"{_SCRIPT}\n{gate.code}\nprint('end')")

    command = started("submit", "train.py", at=project.path)
    assert command.stdout is not None
    shown = b""
    while "\ufffd ü\n".encode() not in shown:
        shown += os.read(command.stdout.fileno(), 4096)
    [run] = Experiment(workspace, "project").get_runs()

    assert shown.endswith("10%\r50%\r\ufffd ü\n".encode())
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    gate.open()
    rest, errors = command.communicate(timeout=PATIENCE_SECONDS)
    assert rest.startswith(b"end\n")
    assert (command.returncode, errors) == (0, b"")


def test_logs_follows_a_run_to_its_end(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", f"print('begin', flush=True)\n{gate.code}\nprint('end')")
    run = Experiment(workspace, "digits").submit(project.config())

    command = started("logs", "-f", "latest", at=project.path)
    assert command.stdout is not None
    assert command.stdout.readline() == b"begin\n"
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    gate.open()
    rest, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, rest, errors) == (0, b"end\n", b"The run is Completed.\n")
    assert run.get_status() == "Completed"


def test_logs_without_follow_shows_what_is_there_by_now(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", f"print('begin', flush=True)\n{gate.code}")
    run = Experiment(workspace, "digits").submit(project.config())
    follower = started("logs", "-f", run.id, at=project.path)
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"begin\n"

    assert printed(localexp("logs", run.id, at=project.path)) == "begin\n"

    gate.open()
    follower.communicate(timeout=PATIENCE_SECONDS)


def test_output_that_the_terminal_cannot_show_stops_nothing(workspace: Workspace, project: Project) -> None:
    project.write("train.py", _SCRIPT)

    result = localexp("submit", "train.py", at=project.path, PYTHONIOENCODING="ascii")

    assert (result.returncode, result.stderr) == (0, "")
    assert "50%" in result.stdout
    assert "\\ufffd \\xfc" in result.stdout
