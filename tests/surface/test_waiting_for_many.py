"""``workspace.wait`` returns when all runs have ended, whatever becomes of those who answer for them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import RunNotFound, UserErrorException
from localexp.store.owners import Owner
from tests.processes import Project, wait_until


def submitted(experiment: Experiment, project: Project, script: str) -> Run:
    project.write("train.py", script)
    return experiment.submit(project.config())


def test_runs_come_back_as_they_were_given_each_once(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    fine = submitted(experiment, project, "")
    failing = submitted(experiment, project, "raise SystemExit(1)")
    by_hand = experiment.start_logging(snapshot_directory=None)
    by_hand.complete()

    ended = workspace.wait([by_hand.id, failing, fine.id, by_hand, failing.id])

    assert [(run.id, run.status) for run in ended] == [
        (by_hand.id, "Completed"),
        (failing.id, "Failed"),
        (fine.id, "Completed"),
    ]
    assert ended[1] is failing


def test_nothing_is_waited_for_at_once(workspace: Workspace) -> None:
    assert workspace.wait([]) == []
    assert workspace.wait(iter(())) == []


def test_every_run_of_a_long_queue_is_waited_for(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    project.write("train.py", "")
    submitted = [experiment.submit(project.config()) for _ in range(5)]

    ended = workspace.wait(reversed(submitted))

    assert [run.get_status() for run in ended] == ["Completed"] * 5
    starts = [run.get_details()["startTimeUtc"] for run in submitted]
    assert starts == sorted(starts)


def test_a_dead_supervisor_is_noticed_and_the_queue_goes_on(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    workspace.set_setting("max_concurrent_runs", 1)
    stuck = submitted(experiment, project, "import time; time.sleep(600)")
    wait_until(lambda: stuck.get_status() == "Running", "the script runs")
    queued = submitted(experiment, project, "")
    owner = stuck._known().owner
    assert owner is not None
    os.kill(Owner.parse(owner).pid, signal.SIGKILL)

    ended = workspace.wait([queued, stuck])

    assert [run.status for run in ended] == ["Completed", "Failed"]
    assert "supervisor" in stuck.get_details()["error"]["error"]["message"]


def test_an_unknown_run_is_found_out_before_anything_is_waited_for(
    workspace: Workspace, experiment: Experiment
) -> None:
    with experiment.start_logging(snapshot_directory=None) as run, pytest.raises(RunNotFound, match="unknown"):
        workspace.wait([run.id, "unknown"])


def test_what_can_never_end_is_refused(workspace: Workspace, experiment: Experiment, project: Project) -> None:
    by_hand = experiment.start_logging(snapshot_directory=None)
    with pytest.raises(UserErrorException, match="waiting for it would never end: call its complete"):
        workspace.wait([by_hand])
    by_hand.complete()

    script = submitted(
        experiment,
        project,
        """
        from localexp import Run, errors
        run = Run.get_context()
        try:
            run.experiment.workspace.wait([run])
        except errors.UserErrorException as error:
            run.tag("refused", str(error))
        """,
    )
    assert workspace.wait([script])[0].status == "Completed"
    assert "would wait for ever" in str(script.get_tags()["refused"])


@pytest.mark.parametrize("wanted", ["a-run", None, 3])
def test_one_run_is_no_list(workspace: Workspace, wanted: object) -> None:
    with pytest.raises(UserErrorException, match="takes a list of runs"):
        workspace.wait(wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [None, 3, ["a-run"]])
def test_what_is_no_run_is_refused(workspace: Workspace, wanted: object) -> None:
    with pytest.raises(UserErrorException, match="give a run or its id"):
        workspace.wait([wanted])  # type: ignore[list-item]


def test_a_run_of_another_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    with Experiment(other, "digits").start_logging(snapshot_directory=None) as run:
        pass

    with pytest.raises(UserErrorException, match="wait for it there"):
        workspace.wait([run])
