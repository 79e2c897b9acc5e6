"""Submitted runs wait for their turn: never too many at once, in the order of their submits, none forgotten."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.execution.processes import SUPERVISOR
from localexp.store import checkouts, runs
from localexp.store.owners import Owner, process
from tests.left_behind import of_workspaces_below, processes
from tests.processes import Project, output, python, wait_until

AT_ONCE = "max_concurrent_runs"

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing shows which processes supervise")

# What a script says of itself: its run, and when it was at work, by a clock that all processes share.
SPAN = """
import os, time
begin = time.monotonic()
{work}
with open({spans!r}, "a") as file:
    file.write(f"{{os.environ['LOCALEXP_RUN_ID']}} {{begin}} {{time.monotonic()}}\\n")
"""

SUBMITTING = """
import sys
from localexp import Experiment, ScriptRunConfig, Workspace
experiment = Experiment(Workspace(sys.argv[1]), "digits")
for _ in range(int(sys.argv[3])):
    experiment.submit(ScriptRunConfig(sys.argv[2], "train.py"))
"""


class Spans:
    """When each script was at work, as the scripts say themselves."""

    def __init__(self, project: Project, file: Path, work: str = "time.sleep(0.05)") -> None:
        self._file = file
        self._file.touch()
        project.write("train.py", SPAN.format(work=work, spans=str(file)))

    def in_order(self) -> list[str]:
        """Ids of the runs whose scripts came to their end, in the order of their beginnings."""
        return [run_id for _, _, run_id in sorted(self._read())]

    def most_at_once(self) -> int:
        events = [(begin, 1) for begin, _, _ in self._read()] + [(end, -1) for _, end, _ in self._read()]
        most = now = 0
        for _, change in sorted(events):
            now += change
            most = max(most, now)
        return most

    def _read(self) -> list[tuple[float, float, str]]:
        lines = [line.split() for line in self._file.read_text().splitlines()]
        return [(float(begin), float(end), run_id) for run_id, begin, end in lines]


@pytest.fixture
def spans(project: Project, tmp_path: Path) -> Spans:
    return Spans(project, tmp_path / "spans")


def statuses(workspace: Workspace) -> dict[str, str]:
    """Of all runs by id, in the order of their submits, as they stand and judged by nobody."""
    with workspace._store.main.reading() as db:
        found = [runs.find(db, identifier) for identifier in reversed(runs.newest_ids(db, 1000))]
    return {record.id: record.status for record in found if record is not None}


def supervisors(workspace: Workspace) -> list[Owner]:
    with workspace._store.main.reading() as db:
        found = [runs.find(db, identifier) for identifier in runs.newest_ids(db, 1000)]
    return [Owner.parse(record.owner) for record in found if record is not None and record.owner is not None]


def wait_for_all(experiment: Experiment) -> set[str]:
    return {str(run.wait_for_completion(raise_on_error=False)["status"]) for run in experiment.get_runs()}


def submit_from_processes(workspace: Workspace, project: Project, submitters: int, each: int) -> None:
    submitting = [python(SUBMITTING, workspace.path, project.path, each) for _ in range(submitters)]
    for one in submitting:
        output(one)


@pytest.mark.parametrize("each", [3, pytest.param(10, marks=pytest.mark.exhaustive)])
def test_submits_of_many_processes_take_turns(
    experiment: Experiment, project: Project, spans: Spans, workspace: Workspace, each: int
) -> None:
    workspace.set_setting(AT_ONCE, 2)

    submit_from_processes(workspace, project, 5, each)
    # Nobody reads, and who has submitted is gone: each run that ends starts the next.
    wait_until(lambda: set(statuses(workspace).values()) == {"Completed"}, "all runs are Completed")

    assert len(statuses(workspace)) == 5 * each
    assert spans.most_at_once() <= 2
    assert sorted(spans.in_order()) == sorted(statuses(workspace))


def test_runs_start_in_the_order_of_their_submits(
    experiment: Experiment, project: Project, spans: Spans, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 1)

    submitted = [experiment.submit(project.config()).id for _ in range(5)]

    assert wait_for_all(experiment) == {"Completed"}
    assert spans.in_order() == submitted


def supervising(workspace: Workspace) -> list[Owner]:
    """Processes that are supervisors, whatever they are at."""
    found = [one for one in processes() if one.is_of_workspace_below(workspace.path)]
    return [process(one.pid) for one in found if SUPERVISOR in " ".join(one.command)]


def kill_at_random(workspace: Workspace, kills: int, seed: int, is_all_submitted: threading.Event) -> int:
    """Kill supervisors while there are any or will be, each at some moment of its run; say how many."""

    def is_over() -> bool:
        return is_all_submitted.is_set() and not is_any_active(workspace)

    chosen, killed = random.Random(seed), 0
    for pause in [chosen.uniform(0, 0.1) for _ in range(kills)]:
        wait_until(partial(is_later_than, time.monotonic() + pause), "some time has passed")
        wait_until(lambda: supervising(workspace) or is_over(), "there is a supervisor")
        for owner in chosen.sample(found := supervising(workspace), min(1, len(found))):
            if owner.is_alive():
                os.kill(owner.pid, signal.SIGKILL)
                killed += 1
    return killed


def is_later_than(moment: float) -> bool:
    return time.monotonic() > moment


def is_any_active(workspace: Workspace) -> bool:
    return not set(statuses(workspace).values()) <= {"Completed", "Failed", "Canceled"}


def check_that_killing_supervisors_forgets_none(
    experiment: Experiment, project: Project, spans: Spans, submitters: int, each: int, seed: int
) -> None:
    workspace = experiment.workspace
    workspace.set_setting(AT_ONCE, 3)
    # Of those that are killed at random each may just have ended its run.
    project.write(
        "fatal.py", "import os, signal\nfor pid in os.getppid(), os.getpid():\n    os.kill(pid, signal.SIGKILL)\n"
    )
    experiment.submit(project.config("fatal.py"))

    is_all_submitted = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        killing = thread.submit(kill_at_random, workspace, submitters * each // 2, seed, is_all_submitted)
        try:
            submit_from_processes(workspace, project, submitters, each)
        finally:
            is_all_submitted.set()
        ends = wait_for_all(experiment)
        assert killing.result()

    assert len(statuses(workspace)) == submitters * each + 1
    assert ends == {"Completed", "Failed"}
    for run in experiment.get_runs():
        error = str(run.get_details().get("error"))
        # Until it executes the script the child of a supervisor looks like one, and may be what was killed.
        assert run.get_status() == "Completed" or "died" in error or "killed by SIGKILL" in error, error
    completed = {run_id for run_id, status in statuses(workspace).items() if status == "Completed"}
    assert completed <= set(spans.in_order())
    assert len(spans.in_order()) == len(set(spans.in_order()))
    assert spans.most_at_once() <= 3
    assert not of_workspaces_below(workspace.path)
    with workspace._store.main.reading() as db:
        assert not [run.id for run in experiment.get_runs() if checkouts.of_run(db, run._known().key)]


@only_linux
def test_no_run_is_forgotten_though_supervisors_are_killed(
    experiment: Experiment, project: Project, spans: Spans
) -> None:
    check_that_killing_supervisors_forgets_none(experiment, project, spans, 2, 5, seed=1)


@only_linux
@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_no_run_of_many_is_forgotten_though_supervisors_are_killed(
    experiment: Experiment, project: Project, spans: Spans, seed: int
) -> None:
    check_that_killing_supervisors_forgets_none(experiment, project, spans, 5, 20, seed)


def waiting(project: Project, tmp_path: Path) -> Path:
    """Make the script wait for a file, whose path is returned."""
    go = tmp_path / "go"
    project.write("train.py", f"import os, sys, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)")
    return go


def test_a_run_that_is_canceled_in_the_queue_never_starts_and_holds_up_none(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    experiment.workspace.set_setting(AT_ONCE, 1)
    go = waiting(project, tmp_path)
    first, second, third = [experiment.submit(project.config()) for _ in range(3)]
    assert [run.get_status() for run in (second, third)] == ["Queued", "Queued"]

    second.cancel()

    assert second.get_status() == "Canceled"
    assert second.wait_for_completion()["status"] == "Canceled"
    assert not os.path.exists(second._layout.handover)
    go.touch()
    assert [run.wait_for_completion()["status"] for run in (first, third)] == ["Completed", "Completed"]
    assert "startTimeUtc" not in second.get_details()


def test_a_queue_survives_the_death_of_all_processes(
    experiment: Experiment, project: Project, tmp_path: Path, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 2)
    go = waiting(project, tmp_path)
    submit_from_processes(workspace, project, 1, 5)
    wait_until(lambda: list(statuses(workspace).values())[:2] == ["Running", "Running"], "two runs are Running")
    for owner in supervisors(workspace):
        os.kill(owner.pid, signal.SIGKILL)
    go.touch()
    wait_until(lambda: not any(owner.is_alive() for owner in supervisors(workspace)), "the supervisors are dead")
    assert list(statuses(workspace).values())[2:] == ["Queued"] * 3

    # Any reader does, of any run.
    newest = next(iter(experiment.get_runs()))
    output(
        python(
            "import sys; from localexp import *; Run.get(Workspace(sys.argv[1]), sys.argv[2]).wait_for_completion()",
            workspace.path,
            newest.id,
        )
    )

    assert wait_for_all(experiment) == {"Failed", "Completed"}
    assert list(statuses(workspace).values()) == ["Failed"] * 2 + ["Completed"] * 3


def test_runs_that_wait_for_runs_of_their_own_take_no_place(
    experiment: Experiment, project: Project, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 1)
    project.write(
        "train.py",
        """
        import sys
        from localexp import Run, ScriptRunConfig
        depth, run = int(sys.argv[1]), Run.get_context()
        if depth:
            inner = run.experiment.submit(ScriptRunConfig(".", "train.py", [str(depth - 1)]))
            assert inner.wait_for_completion()["status"] == "Completed"
        run.log("depth", depth)
        """,
    )

    outer = [experiment.submit(project.config(arguments=["2"])) for _ in range(2)]

    assert [run.wait_for_completion()["status"] for run in outer] == ["Completed", "Completed"]
    assert sorted(run.get_metrics()["depth"] for run in experiment.get_runs()) == [0, 0, 1, 1, 2, 2]


@pytest.mark.skipif(os.name == "nt", reason="not every user may make links there")
def test_a_script_that_finds_its_workspace_by_another_path_takes_no_place_either(
    experiment: Experiment, project: Project, tmp_path: Path, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 1)
    link = tmp_path / "link"
    link.symlink_to(workspace.path)
    project.write("inner.py", "")
    project.write(
        "train.py",
        f"""
        from localexp import Experiment, ScriptRunConfig, Workspace
        inner = Experiment(Workspace({str(link)!r}), "inner").submit(ScriptRunConfig(".", "inner.py"))
        assert inner.wait_for_completion()["status"] == "Completed"
        """,
    )

    assert experiment.submit(project.config()).wait_for_completion()["status"] == "Completed"


def test_room_for_more_starts_more_at_once(
    experiment: Experiment, project: Project, tmp_path: Path, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 1)
    go = waiting(project, tmp_path)
    submitted = [experiment.submit(project.config()) for _ in range(4)]
    assert [run.get_status() for run in submitted[1:]] == ["Queued"] * 3

    workspace.set_setting(AT_ONCE, 3)

    running = ["Running"] * 3 + ["Queued"]
    wait_until(lambda: list(statuses(workspace).values()) == running, "three runs are at work")
    go.touch()
    assert wait_for_all(experiment) == {"Completed"}


def test_less_room_ends_nothing_and_starts_no_more_for_now(
    experiment: Experiment, project: Project, tmp_path: Path, workspace: Workspace
) -> None:
    workspace.set_setting(AT_ONCE, 3)
    go = waiting(project, tmp_path)
    for _ in range(4):
        experiment.submit(project.config())

    workspace.set_setting(AT_ONCE, 1)

    wait_until(lambda: list(statuses(workspace).values())[:3] == ["Running"] * 3, "three runs are at work")
    assert list(statuses(workspace).values())[3] == "Queued"
    go.touch()
    assert wait_for_all(experiment) == {"Completed"}


def test_a_run_that_is_to_start_now_waits_for_nobody(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    experiment.workspace.set_setting(AT_ONCE, 1)
    go = waiting(project, tmp_path)
    first, second = experiment.submit(project.config()), experiment.submit(project.config())
    project.write("quick.py", "")

    assert experiment.submit(project.config("quick.py"), now=True).wait_for_completion()["status"] == "Completed"

    assert (first.get_status(), second.get_status()) == ("Running", "Queued")
    go.touch()
    assert wait_for_all(experiment) == {"Completed"}
