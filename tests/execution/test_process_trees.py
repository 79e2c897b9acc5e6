"""When a run has ended nothing that its script has started is left, however far it has gone away from the script."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import Experiment, Run, ScriptRunConfig
from localexp.store.owners import Owner, process
from tests.processes import Project, wait_until

# A daemon as of old: another session, another parent, another working directory, and an empty environment.
DAEMON = """
    import os, sys, time
    def daemon(name):
        if os.fork():
            return
        os.setsid()
        if os.fork():
            os._exit(0)
        place = os.path.abspath(name)
        code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); os.chdir('/'); time.sleep(600)"
        os.execve(sys.executable, [sys.executable, "-c", code, place], {})
    def wait_for(name):
        while not (os.path.exists(name) and open(name).read()):
            time.sleep(0.01)
    """

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a daemon can escape, as the README says")


def in_checkout(experiment: Experiment, name: str) -> Path:
    """A file of the one checkout that there is."""
    folder = experiment.workspace._store.layout.checkouts
    wait_until(lambda: os.path.isdir(folder) and os.listdir(folder), "there is a checkout")
    [tree] = Path(folder).iterdir()
    return tree / name


def started_with_daemon(experiment: Experiment, project: Project, after: str) -> tuple[Run, Owner]:
    project.write("train.py", f"{dedent(DAEMON)}\ndaemon('outputs/daemon')\nwait_for('outputs/daemon')\n{after}\n")
    run = experiment.submit(project.config())
    said = in_checkout(experiment, "outputs/daemon")
    wait_until(lambda: said.exists() and said.read_text(), "the daemon says who it is")
    return run, process(int(said.read_text()))


@only_linux
def test_a_daemon_ends_with_the_script_that_started_it(experiment: Experiment, project: Project) -> None:
    run, daemon = started_with_daemon(experiment, project, "wait_for('outputs/seen')")
    assert daemon.is_alive()
    in_checkout(experiment, "outputs/seen").write_text("yes")

    assert run.wait_for_completion()["status"] == "Completed"

    assert not daemon.is_alive()


@only_linux
def test_canceling_ends_a_daemon_too(experiment: Experiment, project: Project) -> None:
    run, daemon = started_with_daemon(experiment, project, "time.sleep(600)")

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"
    assert not daemon.is_alive()


def test_what_a_shell_has_started_gets_its_time_to_end_in_order(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import signal, time
        def end(*_):
            open("outputs/checkpoint", "w").write("kept")
            raise SystemExit(0)
        signal.signal(signal.SIGTERM, end)
        open("outputs/ready", "w").close()
        time.sleep(600)
        """,
    )
    run = experiment.submit(ScriptRunConfig(project.path, command="python train.py; true"))
    wait_until(lambda: "outputs/ready" in run.get_file_names(), "the script is ready")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"
    assert "outputs/checkpoint" in run.get_file_names()


def test_a_run_that_a_script_has_submitted_outlives_it(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os, time\nwhile not os.path.exists('outputs/go'): time.sleep(0.01)")
    project.write(
        "submit.py",
        """
        from localexp import Run, ScriptRunConfig
        run = Run.get_context().experiment.submit(ScriptRunConfig(".", "train.py"), run_id="inner", now=True)
        """,
    )
    outer = experiment.submit(project.config("submit.py"))
    outer.wait_for_completion()
    inner = Run(experiment, "inner")
    wait_until(lambda: inner.get_status() == "Running", "the inner run is Running")
    store = experiment.workspace._store

    for tree in Path(store.layout.checkouts).iterdir():
        (tree / "outputs").mkdir(exist_ok=True)
        (tree / "outputs" / "go").touch()

    assert inner.wait_for_completion()["status"] == "Completed"


def warnings_of(run: Run) -> list[str]:
    return [said["message"] for said in run.wait_for_completion().get("warnings", [])]


@only_linux
def test_what_a_script_has_left_running_is_killed_with_a_warning(experiment: Experiment, project: Project) -> None:
    run = experiment.submit(ScriptRunConfig(project.path, command="sleep 600 & sleep 600 & echo done"))

    assert warnings_of(run) == [
        "2 processes that the script had left running had to be killed; have it wait for what it starts"
    ]
    assert run.get_status() == "Completed"


def test_what_is_about_to_end_with_a_script_is_given_the_time_to(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import multiprocessing
        from multiprocessing import shared_memory
        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            worker = context.Process(target=print, args=("worked",))
            worker.start()
            worker.join()
        """,
    )
    run = experiment.submit(ScriptRunConfig(project.path, command="python train.py; (sleep 0.1; echo late > late) &"))

    assert warnings_of(run) == []
    assert "late" in run.get_file_names()
