"""However many read a run, it goes on, ends once, and each of them sees the same."""

from __future__ import annotations

import pytest

from tests.execution.faults.trial import Trial
from tests.processes import output, python

PROCESSES = 4

READING = """
import sys, threading
from localexp import Run, Workspace
workspace, ends = Workspace(sys.argv[1]), set()
def read():
    run, seen = Run.get(workspace, sys.argv[2]), 0
    while run.get_status() not in ("Completed", "Failed"):
        points = run.get_metrics()["loss"]
        assert points == [float(step) for step in range(len(points))] and len(points) >= seen
        seen = len(points)
    details = run.get_details()
    ends.add((details["status"], details["endTimeUtc"], str(details.get("error")), len(run.get_metrics()["loss"])))
threads = [threading.Thread(target=read) for _ in range(int(sys.argv[3]))]
for thread in threads:
    thread.start()
print("reading", flush=True)
for thread in threads:
    thread.join()
print(ends)
"""


@pytest.mark.parametrize("threads", [5, pytest.param(50, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize(
    ("is_killed", "status", "reason"), [(False, "Completed", ""), (True, "Failed", "the supervisor of the run")]
)
def test_four_processes_of_many_readers_each(
    trial: Trial, is_killed: bool, status: str, reason: str, threads: int
) -> None:
    go = trial.folder / "go"
    trial.submit(f"""
        while not os.path.exists({str(go)!r}):
            log(step := step + 1)
            __import__("time").sleep(0.001)
        """)
    trial.wait_for_points()
    readers = [python(READING, trial.experiment.workspace.path, trial.run.id, threads) for _ in range(PROCESSES)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"

    if is_killed:
        trial.kill_supervisor()
    go.touch()

    assert len({output(reader) for reader in readers}) == 1
    trial.assert_all_is_well(status, reason)
