"""``Run.get_context`` behaves as in Azure ML (azure-ml-v1.md, sections 2.8 and 2.9), or differs from it on purpose."""

from __future__ import annotations

import re

import pytest

from localexp import Experiment, Run
from localexp.compat.core.run import _OfflineRun, _SubmittedRun
from localexp.errors import RunEnvironmentException
from localexp.offline import OfflineRun
from tests.processes import Project

ABSENT = [
    "experiment",
    "parent",
    "status",
    "get_status",
    "get_details",
    "get_metrics",
    "tags",
    "properties",
    "display_name",
    "register_model",
    "download_file",
    "get_file_names",
    "wait_for_completion",
    "remove_tags",
    "start",
    "name",
    "number",
    "get_portal_url",
]


@pytest.fixture
def offline() -> OfflineRun:
    run = Run.get_context()
    assert isinstance(run, OfflineRun)
    return run


def seen_by(experiment: Experiment, project: Project, code: str) -> Run:
    """The run of a script that ends well."""
    project.write("train.py", "from localexp import Run\nrun = Run.get_context()\n" + code)
    run = experiment.submit(project.config())
    run.wait_for_completion()
    return run


def test_an_offline_run_is_told_by_its_id(offline: OfflineRun) -> None:
    assert re.fullmatch(r"OfflineRun_[0-9a-f-]{36}", offline.id)


def test_each_call_outside_a_run_gives_a_new_one(offline: OfflineRun) -> None:
    assert Run.get_context() is not offline


def test_an_offline_run_is_told_by_its_class_and_is_no_run(offline: OfflineRun) -> None:
    assert _OfflineRun is OfflineRun
    assert isinstance(offline, _OfflineRun)
    assert not issubclass(OfflineRun, Run)
    assert issubclass(_SubmittedRun, Run)


@pytest.mark.parametrize("name", ABSENT)
def test_an_offline_run_is_told_by_what_it_lacks(offline: OfflineRun, name: str) -> None:
    assert not hasattr(offline, name)


def test_an_offline_run_prints_what_would_be_logged(offline: OfflineRun, capsys: pytest.CaptureFixture[str]) -> None:
    offline.log("loss", 0.5)
    offline.log_list("values", [1, 2])
    offline.tag("model", "mlp")
    offline.upload_file("a.txt", "made/a.txt")

    assert capsys.readouterr().out == (
        "Attempted to log scalar metric loss:\n0.5\n"
        "Attempted to log list metric values:\n[1, 2]\n"
        "Attempted to add tag model with value mlp\n"
        "Attempted to track file a.txt at made/a.txt\n"
    )


def test_an_offline_run_takes_none_where_a_run_does(offline: OfflineRun, capsys: pytest.CaptureFixture[str]) -> None:
    offline.set_tags(None)
    offline.add_properties(None)

    assert capsys.readouterr().out == ""


def test_an_offline_run_prints_where_its_block_begins_and_ends(
    offline: OfflineRun, capsys: pytest.CaptureFixture[str]
) -> None:
    with offline as same:
        assert same is offline

    assert capsys.readouterr().out == f"[START] Run {offline.id} context\n[STOP] Run {offline.id} context\n"


def test_the_end_of_an_offline_run_is_silent(offline: OfflineRun, capsys: pytest.CaptureFixture[str]) -> None:
    offline.complete()
    offline.cancel()

    assert capsys.readouterr().out == ""


def test_a_child_of_an_offline_run_is_named_after_it(offline: OfflineRun) -> None:
    assert offline.child_run("fold").id == f"{offline.id}.fold"


def test_an_offline_run_differs_and_takes_steps_and_timeouts(
    offline: OfflineRun, capsys: pytest.CaptureFixture[str]
) -> None:
    offline.log("loss", 0.5, step=3)
    offline.flush(timeout_seconds=1)

    assert "3" in capsys.readouterr().out


def test_a_script_may_insist_on_being_a_run() -> None:
    with pytest.raises(RunEnvironmentException):
        Run.get_context(allow_offline=False)
    with pytest.raises(RunEnvironmentException), pytest.warns(DeprecationWarning, match="get_context"):
        Run.get_submitted_run()


def test_a_script_gets_the_same_object_each_time(experiment: Experiment, project: Project) -> None:
    run = seen_by(
        experiment,
        project,
        "run.log('same', run is Run.get_context())\nrun.log('run', isinstance(run, Run))\nrun.tag('id', run.id)",
    )

    assert run.get_metrics() == {"same": True, "run": True}
    assert run.get_tags() == {"id": run.id}


def test_complete_in_a_script_does_not_set_the_status(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "run.complete()\nrun.log('status', run.get_status())\nrun.log('after', 1)")

    assert run.get_metrics() == {"status": "Running", "after": 1}
    assert run.get_status() == "Completed"


def test_fail_in_a_script_does_not_set_the_status(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "run.fail('diverged')")

    assert run.get_status() == "Completed"
    assert "diverged" in str(run.get_details()["warnings"])


def test_cancel_in_a_script_only_warns(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "run.cancel()\nrun.log('after', 1)")

    assert run.get_metrics() == {"after": 1}
    assert run.get_status() == "Completed"


def test_a_block_in_a_script_gives_the_run(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "with run as same: run.log('same', same is run)")

    assert run.get_metrics() == {"same": True}


def test_a_script_reaches_its_experiment_and_workspace(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "run.tag(run.experiment.name, run.experiment.workspace.path)")

    assert run.get_tags() == {"digits": experiment.workspace.path}


def test_a_script_reads_its_own_metrics(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "run.log('loss', 1)\nrun.tag('read', run.get_metrics()['loss'])")

    assert run.get_tags() == {"read": "1"}


def test_a_script_starts_children(experiment: Experiment, project: Project) -> None:
    run = seen_by(experiment, project, "with run.child_run('fold') as child: child.log('loss', 1)")

    [child] = run.get_children()
    assert child.get_metrics() == {"loss": 1}
    assert child.get_status() == "Completed"


def test_the_exit_of_a_script_decides_how_its_run_ends(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import sys\nsys.exit(0)")
    good = experiment.submit(project.config())
    project.write("train.py", "import sys\nsys.exit(2)")
    bad = experiment.submit(project.config())

    assert good.wait_for_completion()["status"] == "Completed"
    assert bad.wait_for_completion(raise_on_error=False)["status"] == "Failed"
