"""A script that runs for longer than it may is ended, with everything it has started, and its run says why."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from localexp import Experiment, RunConfiguration, ScriptRunConfig
from localexp.errors import RunConfigurationException
from localexp.store.owners import Owner, process
from tests.processes import Project, output, python, wait_until

FOR_EVER = """
    import time
    from localexp import Run
    Run.get_context().log("loss", 1.0)
    open("outputs/partial.txt", "w").write("so far")
    time.sleep(600)
    """


def test_a_script_that_is_not_done_in_time_is_canceled_with_the_reason(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", FOR_EVER)

    run = experiment.submit(ScriptRunConfig(project.path, "train.py", max_run_duration_seconds=1))
    details = run.wait_for_completion()

    assert details["status"] == "Canceled"
    assert details["error"]["error"]["message"] == (
        "the script had not ended after 1 s, the max_run_duration_seconds of the run"
    )
    assert details["exitCode"] == -signal.SIGTERM
    assert run.get_metrics() == {"loss": 1.0}
    assert "outputs/partial.txt" in run.get_file_names()


def test_the_limit_of_a_run_configuration_counts(experiment: Experiment, project: Project) -> None:
    project.write("train.py", FOR_EVER)
    configuration = RunConfiguration()
    configuration.max_run_duration_seconds = 1

    run = experiment.submit(ScriptRunConfig(project.path, "train.py", run_config=configuration))

    assert run.wait_for_completion()["status"] == "Canceled"


def test_a_script_that_ends_in_time_is_left_alone(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('done')")

    run = experiment.submit(ScriptRunConfig(project.path, "train.py", max_run_duration_seconds=60))

    assert run.wait_for_completion()["status"] == "Completed"


def test_a_script_that_has_reached_its_limit_and_lost_its_supervisor_is_canceled_with_the_reason(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: open("outputs/asked", "w").close())
        while True:
            time.sleep(600)
        """,
    )
    run = experiment.submit(ScriptRunConfig(project.path, "train.py", max_run_duration_seconds=1))
    wait_until(lambda: run.get_status() == "CancelRequested", "the limit is reached")
    wait_until(lambda: "outputs/asked" in run.get_file_names(), "the script has been asked to end")
    record = run._known()
    assert record.owner is not None
    assert record.process is not None

    os.kill(Owner.parse(record.owner).pid, signal.SIGKILL)
    details = run.wait_for_completion()

    assert details["status"] == "Canceled"
    assert "max_run_duration_seconds" in details["error"]["error"]["message"]
    assert not Owner.parse(record.process).is_alive()


@pytest.mark.parametrize("seconds", [0, -1, "60", True, float("nan"), float("inf"), 10**400])
def test_what_is_no_limit_is_refused(experiment: Experiment, project: Project, seconds: object) -> None:
    project.write("train.py", "")
    config = ScriptRunConfig(project.path, "train.py", max_run_duration_seconds=seconds)  # type: ignore[arg-type]

    with pytest.raises(RunConfigurationException, match="max_run_duration_seconds"):
        experiment.submit(config)

    assert list(experiment.get_runs()) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_a_script_hears_that_it_is_to_end_though_its_submitter_does_not(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "import signal; print(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ()))")

    submitter = python(
        """
        import signal, sys
        from localexp import Experiment, ScriptRunConfig, Workspace
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
        run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py"))
        print(run.wait_for_completion()["status"], open(run._layout.log).read())
        """,
        experiment.workspace.path,
        project.path,
    )

    assert output(submitter).split() == ["Completed", "False"]


def test_a_supervisor_that_is_told_to_end_ends_the_script_and_says_so(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import os, time\nprint('ready', os.getpid(), flush=True)\ntime.sleep(600)")
    run = experiment.submit(project.config())
    log = Path(run._layout.log)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "the script is ready")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    script, owner = process(int(log.read_text().split()[1])), run._known().owner
    assert owner is not None

    os.kill(Owner.parse(owner).pid, signal.SIGTERM)
    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == "Failed"
    assert "told to end by SIGTERM" in details["error"]["error"]["message"]
    assert not script.is_alive()
