"""A small run costs little: a transaction at its start, and one at its end that folds what it said."""

from __future__ import annotations

import os
import shutil

import pytest

from localexp import Experiment, Run, Workspace
from localexp.store import runs
from tests.processes import output, python
from tests.statements import statements_of

LOG = """
import os, sys
from localexp import Experiment, Workspace
run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(run_id="mine", snapshot_directory=None)
run.log("loss", 0.5)
run.tag("model", "mlp")
run.complete()
"""


def is_unfolded(experiment: Experiment, run_id: str) -> bool:
    with experiment.workspace._store.main.reading() as db:
        record = runs.find(db, run_id)
    assert record is not None
    return bool(record.unfolded)


def folder_of(experiment: Experiment, run_id: str) -> str:
    return experiment.workspace._store.layout.run(experiment.name, run_id).folder


def test_a_run_with_tags_and_metrics_costs_two_transactions(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = statements_of(experiment.workspace, monkeypatch)
    for _ in range(3):
        run = experiment.start_logging(snapshot_directory=None)
        run.tag("model", "mlp")
        for name in "abc":
            run.log(name, 0.5)
        run.complete()

    assert said.count("COMMIT") == 2 * 3
    assert [run.get_metrics() for run in experiment.get_runs()] == [{"a": 0.5, "b": 0.5, "c": 0.5}] * 3


def test_a_run_that_said_much_is_folded_before_its_end_holds_the_lock(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for step in range(5000):
        run.log("loss", float(step))
    said = statements_of(experiment.workspace, monkeypatch)
    run.complete()

    assert said.count("COMMIT") == 2
    assert len(run.get_metrics()["loss"]) == 5000


def test_a_process_that_exits_leaves_nothing_to_be_looked_for(experiment: Experiment) -> None:
    output(python(LOG, experiment.workspace.path))

    assert not is_unfolded(experiment, "mine")
    assert not os.path.exists(folder_of(experiment, "mine"))


def test_the_next_run_says_that_the_last_has_no_journal(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None)
    first.log("loss", 0.5)
    first.complete()
    experiment.start_logging(snapshot_directory=None)

    assert not is_unfolded(experiment, first.id)


def test_a_process_that_dies_after_the_end_leaves_that_to_a_reader(experiment: Experiment) -> None:
    output(python(LOG + "os._exit(0)", experiment.workspace.path))
    assert is_unfolded(experiment, "mine")

    run = Run.get(experiment.workspace, "mine")

    assert run.get_metrics() == {"loss": 0.5}
    assert run.get_tags() == {"model": "mlp"}
    assert not is_unfolded(experiment, "mine")


def test_a_late_word_is_found_though_the_end_said_that_there_was_nothing_left(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0.5)
    run.complete()
    run.tag("late", "yes")
    experiment.start_logging(snapshot_directory=None)

    assert Run.get(experiment.workspace, run.id).get_tags() == {"late": "yes"}
    assert not os.path.exists(folder_of(experiment, run.id))


def test_a_process_whose_store_was_deleted_exits_without_a_word(experiment: Experiment) -> None:
    code = LOG + "import shutil; shutil.rmtree(os.path.join(sys.argv[1], '.localexp'))"
    process = python(code, experiment.workspace.path)

    assert process.communicate() == ("", "")
    assert process.returncode == 0
    assert not os.path.exists(os.path.join(experiment.workspace.path, ".localexp"))


def test_a_run_is_not_taken_for_one_of_a_deleted_store_that_lay_in_the_same_place(experiment: Experiment) -> None:
    first = experiment.start_logging(snapshot_directory=None)
    first.log("loss", 0.5)
    first.complete()
    shutil.rmtree(experiment.workspace._store.layout.root)
    again = Experiment(Workspace(experiment.workspace.path), "digits")

    run = again.start_logging(snapshot_directory=None)
    run.log("loss", 0.25)
    run.tag("model", "mlp")

    assert Run.get(again.workspace, run.id).get_metrics() == {"loss": 0.25}
    assert [found.id for found in again.get_runs(tags="model")] == [run.id]
    run.complete()


def test_runs_that_begin_together_leave_nothing_to_be_looked_for_when_one_after_the_other_has_ended(
    experiment: Experiment,
) -> None:
    parent = experiment.start_logging(snapshot_directory=None)
    children = parent.create_children(5)
    for child in children:
        child.log("loss", 0.5)
        child.complete()
    parent.complete()

    assert [is_unfolded(experiment, child.id) for child in children] == [False] * 5
