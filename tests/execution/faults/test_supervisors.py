"""A supervisor can be killed at any time: the next reader ends its run with the truth."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from localexp.store import runs
from localexp.store.owners import Owner, process
from tests.execution.faults.trial import Trial
from tests.left_behind import processes
from tests.processes import python, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing shows who supervises a run")

# What takes so long that a supervisor can be met while it is at it.
MANY = 400

SCRIPTS = {
    "NotStarted": "",
    "Preparing": "",
    "Running": """
        while True:
            log(step := step + 1)
        """,
    "CancelRequested": """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        while True:
            log(step := step + 1)
            time.sleep(0.001)
        """,
    "Finalizing": f"""
        for number in range({MANY}):
            open(f"outputs/{{number}}", "w").close()
        """,
}


def kill_supervisor_in(status: str, trial: Trial) -> int:
    """Kill the supervisor of the newest run while that has a status, from which nothing can move it meanwhile."""
    store, killed = trial.experiment.workspace._store, list[int]()

    def is_met() -> bool:
        if not is_newest(status, trial):
            return False
        with store.main.writing() as db:
            if is_newest(status, trial):
                killed.extend(killed_supervisor_of(runs.newest_ids(db, 1)[0]))
        return bool(killed)

    wait_until(is_met, f"the run is {status}")
    return killed[0]


def is_newest(status: str, trial: Trial) -> bool:
    """Whether the newest run has a status, and somebody who answers for it."""
    with trial.experiment.workspace._store.main.reading() as db:
        [record] = [runs.find(db, identifier) for identifier in runs.newest_ids(db, 1)] or [None]
    return record is not None and record.status == status and record.owner is not None


def killed_supervisor_of(run_id: str) -> list[int]:
    """Kill a supervisor if it has been started.

    Nobody may wait for that with the store locked: who submits writes to it once more before.
    """
    found = [process(one.pid) for one in processes() if run_id in one.command]
    for supervisor in found:
        os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not any(supervisor.is_alive() for supervisor in found), "the supervisor is dead")
    return [supervisor.pid for supervisor in found]


def submit_until(is_met: Event, trial: Trial, script: str) -> None:
    """Submit a run, and another if it has come to its end before anybody met it in the state that is looked for."""
    trial.submit(script)
    while not is_met.wait(0.01):
        if trial.record().has_ended:
            trial.submit(script)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("NotStarted", "the supervisor of the run (process {pid}) died"),
        ("Preparing", "the supervisor of the run (process {pid}) died"),
        ("Running", "the supervisor of the run (process {pid}) died"),
        ("Finalizing", "the process that was ending the run (process {pid}) died"),
    ],
)
def test_a_supervisor_that_is_killed_while_its_run_is(trial: Trial, status: str, reason: str) -> None:
    for number in range(MANY):
        trial.project.write(f"data/{number}", "")

    is_met = Event()
    with ThreadPoolExecutor(1) as thread:
        submitted = thread.submit(submit_until, is_met, trial, SCRIPTS[status])
        pid = kill_supervisor_in(status, trial)
        is_met.set()
        submitted.result()

    trial.assert_all_is_well("Failed", reason.format(pid=pid))


def test_a_supervisor_that_is_killed_while_its_run_is_to_be_canceled(trial: Trial) -> None:
    trial.submit(SCRIPTS["CancelRequested"])
    wait_until(lambda: "ready" in trial.printed(), "the script is ready")
    trial.run.cancel()

    kill_supervisor_in("CancelRequested", trial)

    trial.assert_all_is_well("Canceled")


def queue_until(is_met: Event, trial: Trial) -> None:
    """Submit a run behind another one, and again if it has come to its end before anybody met it as it was started."""
    for number in itertools.count():
        go = trial.folder / f"go-{number}"
        trial.project.write("before.py", f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)")
        before = trial.experiment.submit(trial.project.config("before.py"))
        trial.submit("")
        assert trial.run.get_status() == "Queued"
        go.touch()
        wait_until(lambda: is_met.is_set() or trial.record().has_ended, "somebody has met the run, or it has ended")
        assert before.wait_for_completion()["status"] == "Completed"
        if is_met.is_set():
            return


def test_a_supervisor_that_is_killed_while_its_run_is_still_queued(trial: Trial) -> None:
    trial.experiment.workspace.set_setting("max_concurrent_runs", 1)
    is_met = Event()
    with ThreadPoolExecutor(1) as thread:
        submitted = thread.submit(queue_until, is_met, trial)
        pid = kill_supervisor_in("Queued", trial)
        is_met.set()
        submitted.result()

    trial.assert_all_is_well("Failed", f"the supervisor of the run (process {pid}) died")


def test_a_submitting_process_that_is_killed_with_the_supervisor_before_that_has_begun(trial: Trial) -> None:
    trial.config("")
    submitting = python(
        """
        import sys
        from localexp import Experiment, ScriptRunConfig, Workspace
        experiment = Experiment(Workspace(sys.argv[1]), "digits")
        while True:
            experiment.submit(ScriptRunConfig(sys.argv[2], "train.py")).wait_for_completion()
        """,
        trial.experiment.workspace.path,
        trial.project.path,
    )
    store = trial.experiment.workspace._store

    def are_killed() -> bool:
        if not is_newest("NotStarted", trial):
            return False
        with store.main.writing() as db:
            if is_newest("NotStarted", trial) and killed_supervisor_of(runs.newest_ids(db, 1)[0]):
                submitting.kill()
                submitting.communicate()
        return submitting.returncode is not None

    wait_until(are_killed, "both are killed")
    # Of the points of runs that came to their end before nothing more is said.
    trial.config("")
    trial.run = next(trial.experiment.get_runs())

    trial.assert_all_is_well("Completed")


@pytest.mark.parametrize("first", ["script", "supervisor"])
def test_a_supervisor_and_its_script_that_are_both_killed(trial: Trial, first: str) -> None:
    trial.submit(SCRIPTS["Running"])
    trial.wait_for_points(more=100)
    wait_until(lambda: trial.record().process, "the script is known")
    script, supervisor = Owner.parse(str(trial.record().process)), trial.owner()

    # A supervisor that is stopped does not see what befalls its script.
    os.kill(supervisor.pid, signal.SIGSTOP)
    for pid in [script.pid, supervisor.pid] if first == "script" else [supervisor.pid, script.pid]:
        os.kill(pid, signal.SIGKILL)

    trial.assert_all_is_well("Failed", f"the supervisor of the run (process {supervisor.pid}) died")
