"""Canceling: whatever the script does, the run is Canceled, once, and nothing of it is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import UserErrorException
from localexp.execution.canceling import request_cancel
from localexp.store import checkouts, clock, runs, states
from localexp.store.owners import Owner, process, this_process
from tests.processes import Project, of_the_dead, python, wait_until


def printed(run: Run) -> str:
    log = Path(run._layout.log)
    return log.read_text() if log.exists() else ""


def started(experiment: Experiment, project: Project, script: str) -> Run:
    """A run whose script has printed that it is ready."""
    project.write("train.py", script)
    run = experiment.submit(project.config())
    # Of a line with several words an unbuffered script writes one at a time.
    wait_until(lambda: "ready" in printed(run) and printed(run).endswith("\n"), "the script is ready")
    wait_until(lambda: run.get_status() == "Running", "the run is Running")
    return run


def test_a_canceled_script_ends_and_what_it_made_is_kept(experiment: Experiment, project: Project) -> None:
    run = started(
        experiment,
        project,
        """
        import time
        from localexp import Run
        Run.get_context().log("loss", 1.0)
        open("outputs/partial.txt", "w").write("so far")
        print("ready", flush=True)
        time.sleep(600)
        """,
    )

    run.cancel()
    details = run.wait_for_completion()

    assert details["status"] == "Canceled"
    assert "error" not in details
    assert details["exitCode"] == -signal.SIGTERM
    assert run.get_metrics() == {"loss": 1.0}
    assert "outputs/partial.txt" in run.get_file_names()


def test_until_the_script_has_ended_the_status_is_cancel_requested(experiment: Experiment, project: Project) -> None:
    run = started(
        experiment,
        project,
        """
        import os, signal, time
        def end(*_):
            while not os.path.exists("outputs/go"):
                time.sleep(0.01)
            raise SystemExit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    with experiment.workspace._store.main.reading() as db:
        tree = checkouts.of_run(db, run._known().key)
    assert tree is not None

    run.cancel()
    assert run.status == "CancelRequested"
    assert Run.get(experiment.workspace, run.id).get_status() == "CancelRequested"
    run.cancel()
    Path(experiment.workspace._store.layout.checkout(tree.folder), "outputs", "go").touch()

    assert run.wait_for_completion()["status"] == "Canceled"
    # It was killed if this machine was too slow for the grace that it has.
    assert run.get_details()["exitCode"] in (0, -signal.SIGKILL)


def test_a_script_that_does_not_want_to_end_is_killed(experiment: Experiment, project: Project) -> None:
    run = started(
        experiment,
        project,
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        while True:
            time.sleep(600)
        """,
    )
    experiment.workspace.set_setting("cancel.grace_seconds", 1)

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"
    assert run.get_details()["exitCode"] == -signal.SIGKILL


def test_a_canceled_run_is_canceled_though_its_supervisor_dies(experiment: Experiment, project: Project) -> None:
    run = started(
        experiment,
        project,
        """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", os.getpid(), flush=True)
        time.sleep(600)
        """,
    )
    script = process(int(printed(run).split()[1]))
    owner = run._known().owner
    assert owner is not None

    run.cancel()
    os.kill(Owner.parse(owner).pid, signal.SIGKILL)
    wait_until(lambda: not Owner.parse(owner).is_alive(), "the supervisor is dead")

    assert run.get_status() == "Canceled"
    assert not script.is_alive()


def run_in_the_making(experiment: Experiment, owner: Owner, project: Project) -> Run:
    """A run that has been submitted, by this process or another, and has no supervisor yet."""
    project.write("train.py", "print('ran')")
    first = experiment.submit(project.config())
    first.wait_for_completion()
    store = experiment.workspace._store
    record = first._known()
    layout = store.layout.run("digits", "in-the-making")
    os.makedirs(layout.journals)
    os.makedirs(os.path.dirname(layout.log))
    Path(layout.supervisor_log).touch()
    with store.main.writing() as db:
        runs.create(
            db,
            identifier="in-the-making",
            experiment=record.experiment,
            status="NotStarted",
            owner=str(owner),
            created_at=clock.now(),
            type=record.type,
            definition=record.definition_parts(),
            snapshot=record.snapshot,
        )
    return Run.get(experiment.workspace, "in-the-making")


def test_a_run_canceled_before_its_supervisor_came_never_starts_its_script(
    experiment: Experiment, project: Project
) -> None:
    store = experiment.workspace._store
    parent = process(os.getppid())
    run = run_in_the_making(experiment, parent, project)

    run.cancel()
    supervisor = python(
        "import sys; from localexp.execution.supervisor import main; main(*sys.argv[1:])",
        store.layout.root,
        run.id,
        parent,
    )
    supervisor.communicate()

    assert run.get_status() == "Canceled"
    assert "startTimeUtc" not in run.get_details()
    assert "user_logs/std_log.txt" not in run.get_file_names()


def test_a_run_canceled_while_it_was_prepared_never_gets_to_run(experiment: Experiment, project: Project) -> None:
    run = run_in_the_making(experiment, this_process(), project)
    store, key, me = experiment.workspace._store, run._known().key, str(this_process())
    with store.main.writing() as db:
        assert states.move(db, key, me, "Preparing", time=1)
        assert states.move(db, key, me, "CancelRequested", time=2)
        for status in ("Preparing", "Running", "Finalizing", "Completed", "Failed"):
            assert not states.move(db, key, me, status, time=3)
        assert states.move(db, key, me, "Canceled", time=4)


def test_a_run_whose_submitter_dies_after_it_was_canceled_is_canceled(experiment: Experiment, project: Project) -> None:
    run = run_in_the_making(experiment, process(os.getppid()), project)
    store = experiment.workspace._store

    request_cancel(store, run._known())
    with store.main.writing() as db:
        assert states.hand_over(db, run._known().key, str(process(os.getppid())), str(of_the_dead()))

    assert run.get_status() == "Canceled"


def test_what_a_canceled_run_has_submitted_is_canceled_with_it(experiment: Experiment, project: Project) -> None:
    project.write("inner.py", "import time; time.sleep(600)")
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    outer = started(
        experiment,
        project,
        """
        import time
        from localexp import Run, ScriptRunConfig
        run, config = Run.get_context(), ScriptRunConfig(".", "inner.py")
        run.submit_child(config, run_id="child")
        run.experiment.submit(config, run_id="other")
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    inner = [Run(experiment, name) for name in ("child", "other")]
    wait_until(lambda: inner[0].get_status() == "Running", "the child is Running")
    assert inner[1].get_status() == "Queued"

    outer.cancel()

    assert [run.wait_for_completion()["status"] for run in (outer, *inner)] == ["Canceled"] * 3


def test_what_an_interactive_run_has_submitted_is_canceled_with_it(experiment: Experiment, project: Project) -> None:
    project.write("inner.py", "import time; time.sleep(600)")
    outer = experiment.start_logging(snapshot_directory=None)
    inner = outer.submit_child(project.config("inner.py"))

    outer.cancel()

    assert inner.wait_for_completion()["status"] == "Canceled"


def test_what_has_ended_cannot_be_canceled(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    submitted = experiment.submit(project.config())
    submitted.wait_for_completion()
    logged = experiment.start_logging(snapshot_directory=None)
    logged.complete()

    for run in (submitted, logged, Run.get(experiment.workspace, logged.id)):
        with pytest.raises(UserErrorException, match="Completed"):
            run.cancel()
        assert run.get_status() == "Completed"


def test_an_interactive_run_of_this_process_is_canceled_at_once(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 1.0)

    Run.get(experiment.workspace, run.id).cancel()

    assert run.get_status() == "Canceled"
    with pytest.raises(UserErrorException, match="Canceled"):
        run.log("loss", 2.0)
    with pytest.raises(UserErrorException, match="Canceled"):
        run.complete()


def test_canceling_within_a_block_leaves_it_canceled(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.cancel()

    assert run.get_status() == "Canceled"


def test_an_interactive_run_of_another_process_is_not_ours_to_cancel(workspace: Workspace) -> None:
    other = python(
        """
        import sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
        print(run.id, flush=True)
        sys.stdin.read()
        run.complete()
        """,
        workspace.path,
    )
    assert other.stdout is not None
    run = Run.get(workspace, other.stdout.readline().strip())

    with pytest.raises(UserErrorException, match=rf"an interactive run of process {other.pid} of "):
        run.cancel()

    assert run.get_status() == "Running"
    other.communicate()
    assert run.get_status() == "Completed"


def test_a_script_cannot_cancel_itself_and_is_told(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import warnings
        from localexp import Run
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Run.get_context().cancel()
        print([str(one.message) for one in caught])
        """,
    )
    run = experiment.submit(project.config())

    assert run.wait_for_completion()["status"] == "Completed"
    assert "cannot cancel itself" in Path(run._layout.log).read_text()
