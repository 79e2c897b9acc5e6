"""Whatever dies, whoever looks next sees a run that has ended, why, and everything it had said."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from localexp import Experiment, Run, Workspace
from localexp.execution import ending, handover, ownership
from localexp.store import runs, states
from localexp.store.clock import now
from localexp.store.owners import Owner, process, this_process
from localexp.store.store import Store
from tests.processes import KILL_AT_CALL, PATIENCE_SECONDS, Project, output, python, wait_until

ENDLESS = """
import os, subprocess, sys, time
from localexp import Run
run = Run.get_context()
for step in range(5):
    run.log("loss", float(step), step=step)
open("outputs/partial.txt", "w").write("so far")
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def record_of(run: Run) -> runs.RunRecord:
    with run.experiment.workspace._store.main.reading() as db:
        found = runs.find(db, run.id)
    assert found is not None
    return found


def started(experiment: Experiment, project: Project) -> tuple[Run, Owner, list[Owner]]:
    """An endless run, its supervisor, and the two processes of its script."""
    project.write("train.py", ENDLESS)
    run = experiment.submit(project.config())
    log = Path(run._layout.log)
    wait_until(lambda: log.exists() and log.read_text().count("\n"), "the script has printed its process ids")
    owner = record_of(run).owner
    assert owner is not None
    return run, Owner.parse(owner), [process(int(pid)) for pid in log.read_text().split()]


def test_after_the_supervisor_was_killed_the_next_reader_sees_a_failed_run(
    experiment: Experiment, project: Project
) -> None:
    run, supervisor, script = started(experiment, project)

    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    assert run.get_status() == "Failed"
    assert run.get_metrics() == {"loss": [0.0, 1.0, 2.0, 3.0, 4.0]}
    assert "outputs/partial.txt" in run.get_file_names()
    assert not any(one.is_alive() for one in script)
    assert f"the supervisor of the run (process {supervisor.pid}) died" in str(run.get_details()["error"])
    assert os.listdir(run.experiment.workspace._store.layout.checkouts) == []


def test_the_reason_is_still_known_when_the_reader_that_found_it_has_died_too(
    experiment: Experiment, project: Project
) -> None:
    run, supervisor, _ = started(experiment, project)
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    reader = python(
        """
        import os, signal, sys
        from localexp import Workspace

        def kill(frame, event, argument):
            if event == "call" and frame.f_code.co_name == "_kill_what_is_left":
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(kill)
        Workspace(sys.argv[1]).get_run(sys.argv[2]).get_status()
        """,
        experiment.workspace.path,
        run.id,
    )
    reader.communicate()

    assert reader.returncode == -signal.SIGKILL
    assert run.get_status() == "Failed"
    assert f"the supervisor of the run (process {supervisor.pid}) died" in str(run.get_details()["error"])


def test_a_run_of_another_workspace_that_has_the_same_id_is_left_alone(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "import time\nprint('ready', flush=True)\ntime.sleep(600)")
    elsewhere = Experiment(Workspace(tmp_path / "elsewhere"), "digits")
    run, other = [one.submit(project.config(), run_id="baseline") for one in (experiment, elsewhere)]
    for one in (run, other):
        wait_until(partial(is_running, one), "the script runs")
    supervisor = Owner.parse(str(record_of(run).owner))
    script = Owner.parse(str(record_of(other).process))

    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    assert run.get_status() == "Failed"
    assert script.is_alive()
    other.cancel()
    other.wait_for_completion()


def is_running(run: Run) -> bool:
    return record_of(run).status == "Running"


def test_waiting_ends_when_the_supervisor_is_killed(experiment: Experiment, project: Project) -> None:
    run, supervisor, _ = started(experiment, project)

    os.kill(supervisor.pid, signal.SIGKILL)

    assert run.wait_for_completion(raise_on_error=False)["status"] == "Failed"


def test_many_readers_end_a_run_once(experiment: Experiment, project: Project) -> None:
    run, supervisor, _ = started(experiment, project)
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    readers = [
        python(
            """
            import sys
            from localexp import Run, Workspace
            run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
            details = run.wait_for_completion(raise_on_error=False)
            print(details["status"], details["endTimeUtc"], run.get_file_names(), run.get_metrics())
            """,
            experiment.workspace.path,
            run.id,
        )
        for _ in range(8)
    ]

    assert len({output(reader) for reader in readers}) == 1
    assert run.get_status() == "Failed"


def test_only_one_of_the_threads_of_a_process_ends_a_run_however_old_what_the_others_know_of_it(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, supervisor, _ = started(experiment, project)
    before = record_of(run)
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")
    real, is_ending, may_end, ends = ending.end, threading.Event(), threading.Event(), list[str]()

    def end(store: Store, record: runs.RunRecord, *others: Any) -> bool:
        ends.append(record.id)
        is_ending.set()
        may_end.wait(PATIENCE_SECONDS)
        return real(store, record, *others)

    monkeypatch.setattr(ending, "end", end)
    first = threading.Thread(target=run.get_status)
    first.start()
    is_ending.wait(PATIENCE_SECONDS)

    ownership.settled(experiment.workspace._store, before)
    second = threading.Thread(target=Run.get(experiment.workspace, run.id).get_status)
    second.start()
    wait_until(lambda: not second.is_alive() or len(ends) > 1, "the second thread knows that the first is at it")
    may_end.set()
    first.join()
    second.join()

    assert ends == [run.id]
    assert run.get_status() == "Failed"
    assert "warnings" not in run.get_details()


def test_a_run_of_a_host_that_cannot_be_judged_stays_as_it_is(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    elsewhere = Owner("another-host", "another-boot", "another-namespace", 1, 1)
    with experiment.workspace._store.main.writing() as db:
        assert states.hand_over(db, record_of(run).key, str(this_process()), str(elsewhere))

    assert Run.get(experiment.workspace, run.id).get_status() == "Running"

    with experiment.workspace._store.main.writing() as db:
        assert states.hand_over(db, record_of(run).key, str(elsewhere), str(this_process()))
    run.complete()


def test_a_run_of_this_host_from_before_a_restart_is_failed(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    here = this_process()
    before = Owner(here.host, "an-earlier-boot", here.namespace, here.pid, here.start)
    with experiment.workspace._store.main.writing() as db:
        assert states.hand_over(db, record_of(run).key, str(here), str(before))

    assert run.get_status() == "Failed"
    assert "the machine was restarted" in str(run.get_details()["error"])


def test_a_process_that_got_the_id_of_a_dead_one_is_not_taken_for_it() -> None:
    here = this_process()

    assert here.is_alive()
    assert not here.is_known_dead()
    assert Owner(here.host, here.boot, here.namespace, here.pid, here.start - 1).is_known_dead()


def test_a_process_that_nobody_has_collected_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        owner = process(child.pid)
        wait_until(lambda: not owner.is_alive(), "the process has ended, uncollected")


SUBMITTING = f"""{KILL_AT_CALL}
from localexp import Experiment, ScriptRunConfig, Workspace
import localexp.execution.launch
experiment = Experiment(Workspace(sys.argv[1]), "digits")
config = ScriptRunConfig(sys.argv[2], "train.py")
sys.setprofile(kill_at_call)
experiment.submit(config)
sys.setprofile(None)
print(calls)
"""


def calls_of_submit(workspace: Workspace, project: Project) -> int:
    project.write("train.py", "from localexp import Run; Run.get_context().log('ran', 1)")
    return int(output(python(SUBMITTING, workspace.path, project.path, -1)))


def check_killed_submit(workspace: Workspace, project: Project, at: int) -> None:
    killed = python(SUBMITTING, workspace.path, project.path, at)
    killed.communicate()
    assert killed.returncode in (-signal.SIGKILL, 0)
    for run in Experiment(workspace, "digits").get_runs():
        assert run.wait_for_completion()["status"] == "Completed"
        assert run.get_metrics() == {"ran": 1}


def test_a_submit_killed_at_any_step_leaves_no_run_or_one_that_is_carried_out(
    workspace: Workspace, project: Project
) -> None:
    calls = calls_of_submit(workspace, project)

    for at in range(1, calls, max(1, calls // 5)):
        check_killed_submit(workspace, project, at)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_a_submit_killed_at_every_single_step_leaves_no_run_or_one_that_is_carried_out(
    workspace: Workspace, project: Project
) -> None:
    for at in range(1, calls_of_submit(workspace, project) + 1):
        check_killed_submit(workspace, project, at)


SUPERVISING = f"""{KILL_AT_CALL}
from localexp.execution.supervisor import main
sys.setprofile(kill_at_call)
main(sys.argv[1], sys.argv[2], sys.argv[4])
sys.setprofile(None)
print(calls)
"""


def processes_of(run: Run) -> list[str]:
    """Ids of the living processes that were started as this run, where the system shows it."""
    found = []
    for name in os.listdir("/proc") if sys.platform == "linux" else []:
        try:
            environment = Path(f"/proc/{name}/environ").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        if f"LOCALEXP_RUN_ID={run.id}".encode() in environment.split(b"\0"):
            found.append(name)
    return found


def ended(experiment: Experiment, project: Project) -> Run:
    project.write(
        "train.py", "from localexp import Run; Run.get_context().log('ran', 1); open('outputs/made', 'w').close()"
    )
    run = experiment.submit(project.config())
    run.wait_for_completion()
    return run


def not_started(experiment: Experiment, first: Run) -> Run:
    """A run whose supervisor the test starts itself: a copy of one that has ended."""
    record = record_of(first)
    store = experiment.workspace._store
    identifier = f"run-{now()}"
    layout = store.layout.run("digits", identifier)
    os.makedirs(layout.journals)
    os.makedirs(os.path.dirname(layout.log))
    with store.main.writing() as db:
        runs.create(
            db,
            identifier=identifier,
            experiment=record.experiment,
            status="NotStarted",
            owner=str(this_process()),
            created_at=now(),
            type=record.type,
            definition=record.definition_parts(),
            snapshot=record.snapshot,
        )
    Path(layout.supervisor_log).touch()
    handover.keep(layout, handover.Start.of(record.definition_parts(), dict(os.environ)))
    return Run.get(experiment.workspace, identifier)


def check_killed_supervisor(experiment: Experiment, first: Run, at: int) -> int:
    run = not_started(experiment, first)
    supervisor = python(SUPERVISING, experiment.workspace._store.layout.root, run.id, at, this_process())
    out, err = supervisor.communicate()
    assert supervisor.returncode in (-signal.SIGKILL, 0), err
    if record_of(run).status == "NotStarted":
        return 0
    assert run.wait_for_completion(raise_on_error=False)["status"] in ("Completed", "Failed")
    if run.get_status() == "Completed":
        assert run.get_metrics() == {"ran": 1}
        assert "outputs/made" in run.get_file_names()
    assert not processes_of(run)
    if record_of(run).unfolded:
        # Of a writer that was killed before it could say who it was, its empty file is removed a minute later.
        for journal in Path(run._layout.journals).iterdir():
            assert journal.stat().st_size == 0
            os.utime(journal, (0, 0))
    run.flush()
    assert not record_of(run).unfolded
    return int(out or 0)


def test_a_supervisor_killed_at_any_step_leaves_a_run_with_one_end(experiment: Experiment, project: Project) -> None:
    first = ended(experiment, project)
    calls = check_killed_supervisor(experiment, first, -1)

    for at in range(1, calls, max(1, calls // 6)):
        check_killed_supervisor(experiment, first, at)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_a_supervisor_killed_at_every_single_step_leaves_a_run_with_one_end(
    experiment: Experiment, project: Project
) -> None:
    first = ended(experiment, project)
    for at in range(1, check_killed_supervisor(experiment, first, -1) + 1):
        check_killed_supervisor(experiment, first, at)


def test_what_a_script_made_is_not_lost_though_the_disk_is_full_when_its_run_is_first_to_be_ended(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, supervisor, _ = started(experiment, project)
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("localexp.journal.writer.JournalWriter._reopen", lambda _: None)
        patch.setattr("localexp.journal.fold.mark_done", full)
        with pytest.raises(OSError, match="No space left"):
            run.get_status()

    assert run.get_status() == "Failed"
    assert run.get_file_names() == ["outputs/partial.txt", "user_logs/std_log.txt"]
    assert "warnings" not in run.get_details()


def test_files_that_cannot_be_recorded_stay_where_the_run_says_that_they_are(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, supervisor, _ = started(experiment, project)
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive(), "the supervisor is dead")

    monkeypatch.setattr("localexp.journal.writer.JournalWriter._reopen", lambda _: None)

    assert run.get_status() == "Failed"
    [message] = [said["message"] for said in run.get_details()["warnings"] if said["source"] == "capture"]
    place = message.partition("; ")[2].removesuffix(" has them")
    assert Path(place, "outputs/partial.txt").read_text() == "so far"
