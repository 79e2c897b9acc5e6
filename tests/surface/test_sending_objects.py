"""Runs, experiments and workspaces are sent to other processes, and attach again where they arrive."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import WorkspaceException
from tests.processes import Project, output, python


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_arrives_is_of_the_same_workspace(experiment: Experiment, protocol: int) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1.0)
        sent = pickle.dumps((experiment.workspace, experiment, run), protocol)

    workspace, same_experiment, same_run = pickle.loads(sent)

    assert workspace.path == experiment.workspace.path
    assert (same_experiment.name, same_experiment.id) == (experiment.name, experiment.id)
    assert same_run.id == run.id
    assert same_run.get_metrics() == {"loss": 1.0}
    assert same_run.experiment.workspace is workspace


def test_a_copy_of_a_run_logs_to_the_same_run(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 1.0)

    for copied in (copy.copy(run), copy.deepcopy(run)):
        copied.log("loss", 2.0)

    run.complete()
    assert run.get_metrics() == {"loss": [1.0, 2.0, 2.0]}


def test_a_process_on_its_own_logs_to_a_run_that_it_was_sent(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0)
    (tmp_path / "sent").write_bytes(pickle.dumps(run))

    output(python("import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).log('loss', 1)", tmp_path / "sent"))

    run.complete()
    assert run.get_metrics() == {"loss": [0, 1]}


def test_a_workspace_that_is_gone_is_not_made_anew_where_it_arrives(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        sent = pickle.dumps(run)
    root = experiment.workspace._store.layout.root
    experiment.workspace.close()
    shutil.rmtree(root)

    with pytest.raises(WorkspaceException, match="is gone"):
        pickle.loads(sent)

    assert not os.path.exists(root)


def test_a_submitted_run_is_the_context_in_its_own_processes_and_attached_to_elsewhere(
    experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    project.write(
        "train.py",
        """
        import pickle, sys
        from localexp import Run
        run = Run.get_context()
        run.log("loss", 1.0)
        sent = pickle.dumps(run)
        assert pickle.loads(sent) is run
        open(sys.argv[1], "wb").write(sent)
        """,
    )
    run = experiment.submit(project.config(arguments=[str(tmp_path / "sent")]))
    run.wait_for_completion()

    arrived = pickle.loads((tmp_path / "sent").read_bytes())

    assert type(arrived) is Run
    assert arrived.id == run.id
    assert arrived.get_metrics() == {"loss": 1.0}


def test_a_workspace_can_be_sent_again_from_where_it_has_arrived(workspace: Workspace) -> None:
    assert pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(workspace)))).path == workspace.path
