"""Ctrl-C while a run is started, in a process that goes on: no run depends on that process afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from localexp import Experiment, Run, Workspace
from localexp.store.owners import Owner
from tests.processes import Project, output, python, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")

# Where Ctrl-C may come: before the supervisor is there, and when it is.
PLACES = ["start", "_start_supervisor", "_collect_ended"]
# When the run has just been recorded, which takes the longest.
RECORDED = "_add_run _give_back"


def without_its_supervisor(run: Run) -> None:
    """Have nobody answer for a run, which keeps its place until somebody notices."""
    wait_until(lambda: run.get_status() == "Running", "the script runs")
    supervisor = Owner.parse(str(run._known().owner))
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")


def interrupted(code: str, function: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that has had Ctrl-C come when a function of this name was called in this code, and goes on.

    Of several names the last counts, from when the others were called.
    """
    process = python(
        f"""
        import os, signal, sys
        from localexp import Experiment, ScriptRunConfig, Workspace

        names = sys.argv[1].split()

        def interrupt(frame, event, argument):
            if event == "call" and frame.f_code.co_name == names[0] and "localexp" in frame.f_code.co_filename:
                del names[0]
                if not names:
                    sys.setprofile(None)
                    os.kill(os.getpid(), signal.SIGINT)

        sys.setprofile(interrupt)
        try:
            {code}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        sys.stdin.read()
        """,
        function,
        *arguments,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "interrupted\n"
    return process


@pytest.mark.parametrize("function", PLACES)
def test_a_run_of_the_queue_goes_back_there(
    workspace: Workspace, experiment: Experiment, project: Project, function: str
) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", "import time; time.sleep(600)")
    first = experiment.submit(project.config())
    project.write("train.py", "")
    queued = experiment.submit(project.config())
    without_its_supervisor(first)

    passer_by = interrupted(
        "Workspace(sys.argv[2]).get_run(sys.argv[3]).get_status()", function, workspace.path, queued.id
    )

    assert queued.wait_for_completion()["status"] == "Completed"
    assert first.get_status() == "Failed"
    output(passer_by)


@pytest.mark.parametrize("function", [RECORDED, *PLACES])
def test_a_run_that_is_just_submitted_is_canceled(
    workspace: Workspace, experiment: Experiment, project: Project, function: str
) -> None:
    project.write("train.py", "import time; time.sleep(600)")

    submitter = interrupted(
        "Experiment(Workspace(sys.argv[2]), 'digits').submit(ScriptRunConfig(sys.argv[3], 'train.py'))",
        function,
        workspace.path,
        project.path,
    )

    [run] = experiment.get_runs()
    assert run.wait_for_completion()["status"] == "Canceled"
    assert not os.path.exists(run._layout.handover)
    output(submitter)
