"""A script has the environment of whoever submitted it, which nobody else sees and nothing keeps."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.store.owners import this_process
from tests.processes import NOBODY, Project, output, python

SUBMITTING = """
    import os, sys
    from localexp import Experiment, ScriptRunConfig, Workspace
    experiment = Experiment(Workspace(sys.argv[1]), "digits")
    config = ScriptRunConfig(sys.argv[2], "train.py")
    config.run_config.environment_variables = {"TOKEN": "hidden-3141", "PLAIN": "a=b\\nc é"}
    print(experiment.submit(config).id)
    """


@pytest.fixture
def full(experiment: Experiment, project: Project) -> Run:
    """The one run that may be at work, which goes on until it is canceled."""
    experiment.workspace.set_setting("max_concurrent_runs", 1)
    project.write("endless.py", "import time; time.sleep(600)")
    project.write("train.py", "import os; print([os.environ.get(name) for name in ('TOKEN', 'PLAIN', 'SHELL_OF')])")
    return experiment.submit(project.config("endless.py"))


def test_a_run_from_the_queue_has_the_environment_of_its_submitter(
    workspace: Workspace, experiment: Experiment, project: Project, full: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = output(python(SUBMITTING, workspace.path, project.path, SHELL_OF="the submitter")).strip()
    run = Run.get(workspace, identifier)
    assert run.get_status() == "Queued"
    monkeypatch.setenv("SHELL_OF", "the reader")

    full.cancel()
    run.wait_for_completion()

    assert Path(run._layout.log).read_text() == "['hidden-3141', 'a=b\\nc é', 'the submitter']\n"


@pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")
def test_an_environment_that_waits_is_for_its_user_alone_and_is_gone_afterwards(
    workspace: Workspace, experiment: Experiment, project: Project, full: Run
) -> None:
    waiting = Run.get(workspace, output(python(SUBMITTING, workspace.path, project.path)).strip())
    canceled = Run.get(workspace, output(python(SUBMITTING, workspace.path, project.path)).strip())
    for run in (waiting, canceled):
        assert stat.S_IMODE(os.stat(run._layout.handover).st_mode) == 0o600
    assert not os.path.exists(full._layout.handover)

    canceled.cancel()
    full.cancel()
    waiting.wait_for_completion()

    assert canceled.get_status() == "Canceled"
    for run in (waiting, canceled):
        assert not os.path.exists(run._layout.handover)
    with closing(sqlite3.connect(workspace._store.layout.database)) as db:
        assert not [row for row in db.iterdump() if "hidden-3141" in row]


def test_a_run_whose_environment_was_removed_or_cut_off_says_so_and_holds_up_no_other(
    experiment: Experiment, project: Project, full: Run
) -> None:
    removed, cut, empty = [experiment.submit(ScriptRunConfig(project.path, "train.py")) for _ in range(3)]
    os.unlink(removed._layout.handover)
    os.truncate(cut._layout.handover, os.path.getsize(cut._layout.handover) // 2)
    os.truncate(empty._layout.handover, 0)

    full.cancel()
    messages = [
        str(run.wait_for_completion(raise_on_error=False)["error"]["error"]["message"]) for run in (removed, cut, empty)
    ]

    assert "environment" in messages[0]
    assert sys.platform != "linux" or "No such file" in messages[0]
    assert all("what was kept to start it is damaged" in message for message in messages[1:])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as somebody else")
def test_nobody_starts_the_queued_script_of_another_user_which_holds_up_no_other(
    experiment: Experiment, project: Project, full: Run
) -> None:
    run, next_one = [experiment.submit(ScriptRunConfig(project.path, "train.py")) for _ in range(2)]
    os.chown(run._layout.handover, NOBODY, NOBODY)

    full.cancel()

    assert next_one.wait_for_completion()["status"] == "Completed"
    assert [run.get_status() for _ in range(3)] == ["Queued"] * 3
    os.chown(run._layout.handover, 0, 0)
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_queued_run_that_came_with_a_copy_of_a_workspace_is_not_started(
    workspace: Workspace, experiment: Experiment, project: Project, full: Run
) -> None:
    run = experiment.submit(ScriptRunConfig(project.path, "train.py"))
    handover, host = Path(run._layout.handover), this_process().host.encode()
    there = handover.read_bytes().replace(host, b"elsewhere", 1)
    handover.write_bytes(there)

    full.cancel()
    full.wait_for_completion()

    assert [Run.get(workspace, run.id).get_status() for _ in range(3)] == ["Queued"] * 3
    assert handover.read_bytes() == there
    run.cancel()
    assert not handover.exists()


def test_what_was_kept_to_start_a_run_and_is_damaged_is_said_to_be(
    experiment: Experiment, project: Project, full: Run
) -> None:
    run = experiment.submit(ScriptRunConfig(project.path, "train.py"))
    handover = Path(run._layout.handover)
    handover.write_bytes(handover.read_bytes().partition(b"train.py")[0].rpartition(b"2\n")[0])

    full.cancel()
    error = run.wait_for_completion(raise_on_error=False)["error"]["error"]

    assert "damaged" in error["message"]
