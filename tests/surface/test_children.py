"""Runs with a parent: how they begin, what they are called, and that they end on their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import RunNotFound, UserErrorException
from localexp.store import runs, tags
from tests.processes import Project, output, python


@pytest.fixture
def parent(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


def parent_of(run: Run) -> int | None:
    return run._known().parent


def test_a_child_is_running_in_the_experiment_of_its_parent_without_a_snapshot(parent: Run) -> None:
    child = parent.child_run("fold 1")

    assert child.get_status() == "Running"
    assert child.experiment.name == parent.experiment.name
    assert parent_of(child) == parent._known().key
    assert child.display_name == "fold 1"
    assert child.get_snapshot_id() is None
    assert child.number == parent.number + 1
    child.complete()
    parent.complete()


def test_a_childs_name_is_its_parents_and_its_own(parent: Run) -> None:
    child = parent.child_run("fold 1")
    grandchild = child.child_run()
    named = grandchild.child_run("deep")

    assert parent.name == f"run_{parent.id}"
    assert child.name == f"run_{parent.id}>fold 1"
    assert grandchild.name == f"run_{parent.id}>fold 1>"
    assert named.name == f"run_{parent.id}>fold 1>>deep"
    for run in (named, grandchild, child, parent):
        run.complete()


def test_a_child_is_a_context_manager_and_logs_to_itself_alone(parent: Run) -> None:
    with parent.child_run() as child:
        child.log("loss", 1.0)

    assert child.get_status() == "Completed"
    assert child.get_metrics() == {"loss": 1.0}
    assert parent.get_metrics() == {}
    assert parent.get_status() == "Running"
    parent.complete()


def test_an_exception_in_a_childs_block_inside_its_parents_fails_both(experiment: Experiment) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        experiment.start_logging(snapshot_directory=None) as parent,
        parent.child_run() as child,
    ):
        raise ZeroDivisionError("divided")

    assert (child.get_status(), parent.get_status()) == ("Failed", "Failed")


@pytest.mark.parametrize("ending", ["complete", "fail", "cancel"])
def test_the_end_of_a_parent_does_not_end_its_children(parent: Run, ending: str) -> None:
    child = parent.child_run()

    getattr(parent, ending)()
    child.log("loss", 1.0)

    assert child.get_status() == "Running"
    child.complete()
    assert child.get_metrics() == {"loss": 1.0}


def test_a_parent_that_has_ended_can_have_another_child(parent: Run) -> None:
    parent.complete()

    with parent.child_run() as child:
        child.log("score", 3)

    assert parent_of(child) == parent._known().key


def test_a_child_of_an_archived_experiment_is_in_it(workspace: Workspace, parent: Run) -> None:
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _experiments SET archived_at = 1")

    child = parent.child_run()

    assert child._known().experiment == parent._known().experiment
    child.complete()
    parent.complete()


def test_a_childs_id_may_be_chosen_and_must_be_free(parent: Run) -> None:
    assert parent.child_run(run_id="mine").id == "mine"

    with pytest.raises(UserErrorException, match="mine"):
        parent.child_run(run_id="mine")
    with pytest.raises(UserErrorException, match="does not fit"):
        parent.child_run(run_id="not/mine")

    parent.experiment.workspace.get_run("mine").complete()
    parent.complete()


def test_a_count_of_children_may_be_an_integer_of_numpy(parent: Run) -> None:
    assert len(parent.create_children(np.int64(2))) == 2
    for count in (True, 2.5, -1, "2"):
        with pytest.raises(UserErrorException, match=f"a whole number that is not negative, not {count!r}"):
            parent.create_children(count)  # type: ignore[arg-type]


def test_values_of_tags_without_end_are_too_many(parent: Run) -> None:
    with pytest.raises(UserErrorException, match="100 children at most"):
        parent.create_children(tag_key="n", tag_values=map(str, itertools.count()))


def test_a_count_of_children_makes_so_many_that_carry_their_numbers(parent: Run) -> None:
    children = parent.create_children(3)

    assert [child.get_tags() for child in children] == [{"azureml.batch_child_number": str(n)} for n in range(3)]
    assert {child.get_status() for child in children} == {"Running"}
    assert {parent_of(child) for child in children} == {parent._known().key}
    for run in (*children, parent):
        run.complete()


def test_values_of_a_tag_make_a_child_each(parent: Run) -> None:
    children = parent.create_children(tag_key="lr", tag_values=["0.1", None])

    assert [child.get_tags() for child in children] == [{"lr": "0.1"}, {"lr": None}]
    for run in (*children, parent):
        run.complete()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"count": 1, "tag_key": "lr"},
        {"count": 1, "tag_key": "lr", "tag_values": ["1"]},
        {"tag_key": "lr"},
        {"tag_values": ["1"]},
        {"tag_key": "lr", "tag_values": "12"},
        {"count": -1},
        {"count": "3"},
        {"count": 101},
        {"count": 10**12},
        {"tag_key": "lr", "tag_values": [str(n) for n in range(101)]},
    ],
)
def test_children_that_cannot_be_created_are_refused_and_none_is_made(
    parent: Run, arguments: dict[str, object]
) -> None:
    with pytest.raises(UserErrorException):
        parent.create_children(**arguments)  # type: ignore[arg-type]

    parent.complete()
    with parent.experiment.workspace._store.main.reading() as db:
        assert runs.newest_ids(db, 10) == [parent.id]


def test_no_children_are_an_empty_list(parent: Run) -> None:
    assert parent.create_children(0) == []
    parent.complete()


def test_children_that_end_with_the_interpreter_end_before_their_parents(workspace: Workspace) -> None:
    printed = output(
        python(
            """
            import sys
            from localexp import Experiment, Workspace
            parent = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None)
            child = parent.child_run()
            print(parent.id, child.id, child.child_run().id)
            """,
            workspace.path,
        )
    )
    ended = [Run.get(workspace, run_id)._known().ended_at or 0 for run_id in printed.split()]

    assert sorted(ended, reverse=True) == ended
    assert {Run.get(workspace, run_id).get_status() for run_id in printed.split()} == {"Completed"}


def test_a_submitted_child_runs_on_its_own_in_the_experiment_of_its_parent(parent: Run, project: Project) -> None:
    project.write("train.py", "from localexp import Run; Run.get_context().log('ran', 1)")

    child = parent.submit_child(project.config(), tags={"fold": "1"})
    child.wait_for_completion()

    assert parent_of(child) == parent._known().key
    assert child.experiment.name == parent.experiment.name
    assert child.get_metrics() == {"ran": 1}
    assert child.get_tags() == {"fold": "1"}
    assert child.name == f"run_{parent.id}>"
    parent.complete()


def test_a_child_of_a_submitted_run_completes_on_its_own(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        from localexp import Run
        run = Run.get_context()
        with run.child_run("fold 1", run_id="child") as child:
            child.log("loss", 1.0)
        print(child.get_status(), run.get_status())
        raise SystemExit(3)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion(raise_on_error=False)
    child = Run.get(experiment.workspace, "child")

    assert run.get_status() == "Failed"
    assert child.get_status() == "Completed"
    assert child.get_metrics() == {"loss": 1.0}
    assert child.name == f"run_{run.id}>fold 1"


def test_a_child_that_is_open_when_its_submitted_script_dies_is_failed(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        """
        import os, signal
        from localexp import Run
        Run.get_context().child_run(run_id="child").log("loss", 1.0)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    run = experiment.submit(project.config())
    run.wait_for_completion(raise_on_error=False)
    child = Run.get(experiment.workspace, "child")

    assert child.get_status() == "Failed"
    assert "died without ending it" in str(child.get_details()["error"])
    assert child.get_metrics() == {"loss": 1.0}


def test_a_parent_that_has_been_deleted_has_no_more_children(parent: Run) -> None:
    parent.complete()
    with parent.experiment.workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs")

    for begin in (parent.child_run, lambda: parent.create_children(2)):
        with pytest.raises(RunNotFound, match=parent.id):
            begin()


def test_tags_of_children_are_texts_that_the_store_can_hold(parent: Run) -> None:
    (child,) = parent.create_children(tag_key="lr", tag_values=[0.5])  # type: ignore[list-item]

    with parent.experiment.workspace._store.main.reading() as db:
        assert tags.of_run(db, child._known().key) == {"lr": "0.5"}
    child.complete()
    parent.complete()
