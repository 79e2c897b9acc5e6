"""Ctrl-C stops the run of a waiting submit, and otherwise ends the command, not the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.cli.interrupt import FirstInterrupt
from localexp.store import snapshots
from tests.cli.command import started
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project, python, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")

SAVES_AND_ENDS = """
import signal
def end(*_):
    print("saving")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
print("begin")
"""
DOES_NOT_END = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("begin")
"""
CANCELING = "Canceling the run; Ctrl-C again leaves that to its supervisor."


def lines_until(command: subprocess.Popen[bytes], line: str) -> list[str]:
    """What a command prints until it prints this line."""
    assert command.stdout is not None
    lines = []
    while (text := command.stdout.readline().decode().rstrip("\n")) != line:
        lines.append(text)
    return lines


def test_a_waiting_submit_asks_the_run_to_stop_and_shows_its_output_to_the_end(
    workspace: Workspace, project: Project, gate: Gate
) -> None:
    project.write("train.py", f"{SAVES_AND_ENDS}\n{gate.code}")
    command = started("submit", "train.py", at=project.path)
    run_id = lines_until(command, "begin")[0].removeprefix("RunId: ")

    command.send_signal(signal.SIGINT)
    output, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors.decode()) == (130, f"\n{CANCELING}\n")
    assert "saving" in output.decode().splitlines()
    assert "Status: Canceled" in output.decode().splitlines()
    assert Run.get(workspace, run_id).get_details()["status"] == "Canceled"


@pytest.mark.parametrize("options", [[], ["--workspace", ".."]])
def test_a_second_interrupt_leaves_the_run_to_its_supervisor(
    workspace: Workspace, project: Project, gate: Gate, options: list[str]
) -> None:
    project.write("train.py", f"{DOES_NOT_END}\n{gate.code}")
    command = started("submit", *options, "train.py", at=project.path)
    run_id = lines_until(command, "begin")[0].removeprefix("RunId: ")

    run = Run.get(workspace, run_id)
    command.send_signal(signal.SIGINT)
    wait_until(lambda: run.get_status() == "CancelRequested", "the run is asked to stop")
    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    follow, show = (" ".join([f"localexp {name}", *options, run_id]) for name in ("logs -f", "show"))
    left = f"The run is CancelRequested, and left to its supervisor. Follow it with: {follow}; see it with: {show}"
    assert (command.returncode, errors.decode()) == (130, f"\n{CANCELING}\n\n{left}\n")
    assert run.get_status() == "CancelRequested"
    gate.open()
    assert run.wait_for_completion()["status"] == "Canceled"


@pytest.mark.parametrize("milliseconds", [1, 15])
def test_two_interrupts_at_nearly_once_cancel_the_run_all_the_same(
    workspace: Workspace, project: Project, gate: Gate, milliseconds: int
) -> None:
    project.write("train.py", f"print('begin')\n{gate.code}")
    command = started("submit", "train.py", at=project.path)
    run_id = lines_until(command, "begin")[0].removeprefix("RunId: ")

    command.send_signal(signal.SIGINT)
    time.sleep(milliseconds / 1000)
    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    said = errors.decode()
    # Of two that come while the process is not at work, the system tells it of one.
    are_one = "The run is Cancel" not in said
    assert command.returncode == 130
    assert f"\n{CANCELING}\n" in said
    assert are_one or f"\n{CANCELING}\n\nThe run is Cancel" in said
    assert are_one or f"localexp show {run_id}\n" in said
    assert Run.get(workspace, run_id).wait_for_completion()["status"] == "Canceled"


def test_a_second_interrupt_in_the_midst_of_the_answer_waits_for_it() -> None:
    told = []

    def answer() -> None:
        interrupt_this_process()
        told.append("answered")

    def look() -> None:
        with FirstInterrupt(answer) as interrupt:
            interrupt_this_process()
            interrupt.look()

    with pytest.raises(KeyboardInterrupt):
        look()

    assert told == ["answered"]


def test_a_second_interrupt_before_anybody_looked_has_the_first_answered() -> None:
    told = []

    def never_look() -> None:
        with FirstInterrupt(lambda: told.append("answered")):
            interrupt_this_process()
            interrupt_this_process()

    with pytest.raises(KeyboardInterrupt):
        never_look()

    assert told == ["answered"]


def interrupt_this_process() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_run_in_the_queue_is_canceled_at_once(workspace: Workspace, project: Project, gate: Gate) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", gate.code)
    first = Experiment(workspace, "digits").submit(project.config())
    command = started("submit", "--json", "train.py", at=project.path)
    assert command.stderr is not None
    queued = "The run waits in the queue: 1 of 1 runs are at work (max_concurrent_runs).\n"
    assert command.stderr.readline().decode() == queued

    command.send_signal(signal.SIGINT)
    output, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors.decode()) == (130, f"\n{CANCELING}\n")
    assert b'"status": "Canceled"' in output
    assert first.get_status() in ("Preparing", "Running")
    gate.open()
    first.wait_for_completion()


@pytest.mark.parametrize("function", ["walk", "record", "_recorded"])
def test_while_the_snapshot_is_taken_an_interrupt_leaves_nothing(
    workspace: Workspace, project: Project, function: str
) -> None:
    code, said = interrupted_at(function, project)

    assert (code, said.strip()) == (130, "Interrupted.")
    assert [list(experiment.get_runs()) for experiment in workspace.experiments.values()] == []
    with workspace._store.main.reading() as db:
        assert list(snapshots.in_the_making(db)) == []


@pytest.mark.parametrize("function", ["_start_supervisor", "wait_for_all"])
def test_a_run_that_was_interrupted_while_it_started_is_canceled(
    workspace: Workspace, project: Project, function: str
) -> None:
    code, _ = interrupted_at(function, project)

    [run] = Experiment(workspace, "project").get_runs()
    assert (code, run.wait_for_completion()["status"]) == (130, "Canceled")


def interrupted_at(function: str, project: Project) -> tuple[int, str]:
    """The exit code of a submit that has Ctrl-C come when a function of this name is called, and what it said."""
    project.write("train.py", "import time; time.sleep(600)")
    command = python(
        """
        import os, signal, sys
        from localexp.cli.main import main

        os.chdir(sys.argv[2])
        name, sys.argv[1:] = sys.argv[1], ["submit", "train.py"]

        def interrupt(frame, event, argument):
            if event == "call" and frame.f_code.co_name == name and "localexp" in frame.f_code.co_filename:
                sys.setprofile(None)
                os.kill(os.getpid(), signal.SIGINT)

        sys.setprofile(interrupt)
        main()
        """,
        function,
        project.path,
    )
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)
    return command.returncode, errors


def test_following_a_log_can_be_stopped(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", f"print('begin', flush=True)\n{gate.code}")
    run = Experiment(workspace, "digits").submit(project.config())
    command = started("logs", "-f", run.id, at=project.path)
    lines_until(command, "begin")

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors.strip()) == (130, b"Interrupted.")
    gate.open()
    assert run.wait_for_completion()["status"] == "Completed"


def test_waiting_for_runs_can_be_stopped_and_they_go_on(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", gate.code)
    project.write("quick.py", "")
    quick, run = (Experiment(workspace, "digits").submit(project.config(name)) for name in ("quick.py", "train.py"))
    command = started("wait", quick.id, run.id, at=project.path)
    lines_until(command, f"{quick.id}  Completed")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")

    command.send_signal(signal.SIGINT)
    _, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, errors) == (130, b"\nThe runs go on.\n")
    assert run.get_status() == "Running"
    gate.open()
    assert run.wait_for_completion()["status"] == "Completed"


@pytest.mark.parametrize("module", ["click", "localexp.cli.main", "localexp.cli.runs", "localexp.workspace"])
def test_an_interrupt_while_the_command_is_imported_is_one_line(folder: Path, module: str) -> None:
    command = python(
        """
        import os, runpy, signal, sys

        class Interrupt:
            def find_spec(self, name, path=None, target=None):
                if name == module:
                    os.kill(os.getpid(), signal.SIGINT)

        module, sys.argv[1:] = sys.argv[1], ["runs"]
        sys.meta_path.insert(0, Interrupt())
        runpy.run_module("localexp", run_name="__main__", alter_sys=True)
        """,
        module,
    )

    assert command.communicate(timeout=PATIENCE_SECONDS) == ("", "\nInterrupted.\n")
    assert command.returncode == 130
