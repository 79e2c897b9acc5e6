"""A run stands in for the one that a script would be: ``localexp.testing.as_context``."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException
from localexp.offline import OfflineRun
from localexp.testing import as_context
from tests.processes import Project, output, python


def started(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def test_code_for_a_script_finds_the_run_within_the_block(experiment: Experiment) -> None:
    run = started(experiment)
    with as_context(run) as entered:
        assert entered is run
        assert Run.get_context() is run
        assert Run.get_context(allow_offline=False) is run
        with ThreadPoolExecutor() as pool:
            assert pool.submit(Run.get_context).result() is run
    assert isinstance(Run.get_context(), OfflineRun)
    run.complete()


def test_the_block_may_end_by_an_error(experiment: Experiment) -> None:
    run = started(experiment)
    with pytest.raises(ZeroDivisionError), as_context(run):
        raise ZeroDivisionError
    assert isinstance(Run.get_context(), OfflineRun)
    run.complete()


def test_of_several_blocks_the_innermost_counts(experiment: Experiment) -> None:
    outer, inner = started(experiment), started(experiment)
    with as_context(outer):
        with as_context(inner), as_context(outer):
            assert Run.get_context() is outer
        assert Run.get_context() is outer
        with as_context(inner):
            assert Run.get_context() is inner
    outer.complete()
    inner.complete()


def test_an_object_of_its_own_logs_to_the_same_run(experiment: Experiment) -> None:
    with started(experiment) as run, as_context(run):
        own = Run.get_context(used_for_context_manager=True)
        assert own is not run
        own.log("loss", 0.5)
        assert run.get_metrics() == {"loss": 0.5}


def test_an_outer_run_is_out_of_the_way_meanwhile(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOCALEXP_RUN_ID", "LOCALEXP_EXPERIMENT", "LOCALEXP_WORKSPACE", "AZUREML_RUN_ID"):
        monkeypatch.setenv(name, "outer")
    before = dict(os.environ)
    with started(experiment) as run, as_context(run):
        assert Run.get_context() is run
        assert "AZUREML_RUN_ID" not in os.environ
    assert dict(os.environ) == before
    assert Run.get_context().id == "outer"


def test_a_script_that_runs_inline_finds_itself(experiment: Experiment, project: Project) -> None:
    from localexp import ScriptRunConfig

    project.write("train.py", "from localexp import Run; Run.get_context().log('by', 'script')")
    with started(experiment) as run, as_context(run):
        submitted = experiment.submit(ScriptRunConfig(project.path, "train.py", compute_target="inline"))
        assert Run.get_context() is run
    assert submitted.get_metrics() == {"by": "script"}
    assert run.get_metrics() == {}


def test_a_child_process_finds_no_run(experiment: Experiment) -> None:
    with started(experiment) as run, as_context(run):
        child = python("from localexp import Run; print(Run.get_context().id)")
        assert output(child).startswith("OfflineRun")


@pytest.mark.parametrize("other", [None, "digits_1", OfflineRun()])
def test_only_a_run_can_stand_in(other: object) -> None:
    with (
        pytest.raises(UserErrorException, match="cannot stand in for the run of a script"),
        as_context(cast(Any, other)),
    ):
        pass
