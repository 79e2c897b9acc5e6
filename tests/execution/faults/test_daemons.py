"""What a script leaves running ends with its run, however it hides."""

from __future__ import annotations

import sys

import pytest

from localexp.store.owners import Owner, process
from tests.execution.faults.trial import Trial
from tests.processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing shows whose a process is")

# It leaves its session, its parents, the tree and its environment; the file tells its id once it has done so.
FORKING = """
import time
def daemon(folder):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir(folder)
    hidden = f"echo $$ > {pid}.aside; mv {pid}.aside {pid}; exec sleep 600"
    os.execve("/bin/sh", ["sh", "-c", hidden], {environment})

daemon({folder!r})
while not os.path.exists({pid!r}):
    time.sleep(0.01)
"""


def submit_with_daemon(trial: Trial, folder: str, then: str = "", environment: str = "{}") -> Owner:
    """The daemon of a script that goes on to do something else once the daemon is at work."""
    file = trial.folder / "daemon"
    trial.submit(FORKING.format(pid=str(file), folder=folder, environment=environment) + then)
    wait_until(file.exists, "the daemon is at work")
    return process(int(file.read_text()))


@pytest.mark.parametrize("folder", [".", "/"])
@pytest.mark.parametrize(
    ("then", "status", "reason"), [("", "Completed", ""), ("raise ValueError('a')", "Failed", "ValueError: a")]
)
def test_a_daemon_that_outlives_its_script(trial: Trial, folder: str, then: str, status: str, reason: str) -> None:
    daemon = submit_with_daemon(trial, folder, then)

    trial.assert_all_is_well(status, reason)

    assert not daemon.is_alive()


def test_a_daemon_of_a_run_that_is_canceled(trial: Trial) -> None:
    daemon = submit_with_daemon(trial, "/", "import time; time.sleep(600)")
    wait_until(lambda: trial.run.get_status() == "Running", "the run is Running")

    trial.run.cancel()

    trial.assert_all_is_well("Canceled")
    assert not daemon.is_alive()


@pytest.mark.parametrize("folder", [".", "/"])
def test_a_daemon_that_has_kept_its_environment_when_the_supervisor_is_killed(trial: Trial, folder: str) -> None:
    daemon = submit_with_daemon(trial, folder, "import time; time.sleep(600)", environment="os.environ")
    pid = trial.owner().pid

    trial.kill_supervisor()

    trial.assert_all_is_well("Failed", f"the supervisor of the run (process {pid}) died")
    assert not daemon.is_alive()
