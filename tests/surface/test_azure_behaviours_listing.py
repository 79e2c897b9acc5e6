"""Runs are listed and related as in Azure ML (azure-ml-v1.md, sections 1 and 2.5), or differ from it on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localexp
from localexp import Experiment, Run
from localexp.errors import LocalexpError, RunNotFound, UserErrorException
from tests.processes import Project


@pytest.fixture
def parent(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None, run_id="parent") as run:
        yield run


def ended(experiment: Experiment, run_id: str, **words: object) -> Run:
    """A run of the experiment that has ended."""
    run = experiment.start_logging(snapshot_directory=None, run_id=run_id, **words)  # type: ignore[arg-type]
    run.complete()
    return run


def ids(runs: object) -> set[str]:
    return {run.id for run in runs}  # type: ignore[attr-defined]


def test_a_filter_by_tag_takes_a_key_whatever_its_value(experiment: Experiment) -> None:
    ended(experiment, "bare", tags={"model": None})
    ended(experiment, "full", tags={"model": "mlp"})
    ended(experiment, "none")

    assert ids(experiment.get_runs(tags="model")) == {"bare", "full"}


def test_a_filter_by_tags_takes_values_that_all_must_be_equal(experiment: Experiment) -> None:
    ended(experiment, "one", tags={"model": "mlp", "year": "2026"})
    ended(experiment, "two", tags={"model": "mlp"})
    ended(experiment, "bare", tags={"model": None})

    assert ids(experiment.get_runs(tags={"model": "mlp", "year": "2026"})) == {"one"}
    assert ids(experiment.get_runs(tags={"model": None})) == {"bare"}


def test_a_filter_by_properties_is_like_that_by_tags(experiment: Experiment) -> None:
    ended(experiment, "one").add_properties({"origin": "lab"})
    ended(experiment, "two").add_properties({"origin": "field"})

    assert ids(experiment.get_runs(properties="origin")) == {"one", "two"}
    assert ids(experiment.get_runs(properties={"origin": "lab"})) == {"one"}


def test_a_filter_by_type_also_asks_the_property_runsource(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    script = experiment.submit(project.config())
    ended(experiment, "own").add_properties({"azureml.runsource": "mine"})
    script.wait_for_completion()

    assert ids(experiment.get_runs(type="azureml.scriptrun")) == {script.id}
    assert ids(experiment.get_runs(type="mine")) == {"own"}


def test_filters_are_joined_by_and(experiment: Experiment) -> None:
    ended(experiment, "both", tags={"a": "1"}).add_properties({"b": "2"})
    ended(experiment, "tag", tags={"a": "1"})

    assert ids(experiment.get_runs(tags="a", properties="b")) == {"both"}


def test_a_filter_by_status_is_exact(experiment: Experiment, parent: Run) -> None:
    ended(experiment, "over")

    assert ids(Run.list(experiment, status="Completed")) == {"over"}
    assert ids(Run.list(experiment, status="completed")) == set()


def test_children_are_listed_on_request_only(experiment: Experiment, parent: Run) -> None:
    parent.child_run(run_id="child").complete()

    assert ids(experiment.get_runs()) == {"parent"}
    assert ids(experiment.get_runs(include_children=True)) == {"parent", "child"}


@pytest.mark.parametrize("wrong", [["model"], 3, {"model", "year"}])
def test_a_filter_of_the_wrong_type_is_refused_at_the_call(experiment: Experiment, wrong: object) -> None:
    for name in ("tags", "properties"):
        words: dict[str, Any] = {name: wrong}
        with pytest.raises(ValueError, match=name):
            experiment.get_runs(**words)
        with pytest.raises(ValueError, match=name):
            Run.list(experiment, **words)


def test_the_order_of_runs_differs_and_is_that_in_which_they_were_made(experiment: Experiment, parent: Run) -> None:
    parent.child_run(run_id="a").complete()
    parent.child_run(run_id="b").complete()
    ended(experiment, "c")

    assert [run.id for run in experiment.get_runs(include_children=True)] == ["c", "b", "a", "parent"]


def test_a_run_is_got_by_its_id(experiment: Experiment) -> None:
    ended(experiment, "one")

    assert Run.get(experiment.workspace, "one").id == "one"
    assert experiment.workspace.get_run("one").id == "one"
    assert Run(experiment, "one").id == "one"
    assert localexp.get_run(experiment, "one").id == localexp.get_run(experiment, "one", rehydrate=False).id == "one"


@pytest.mark.parametrize(
    "get",
    [
        lambda experiment: Run(experiment, "nothing"),
        lambda experiment: localexp.get_run(experiment, "nothing"),
        lambda experiment: Run.get(experiment.workspace, "nothing"),
    ],
)
def test_an_unknown_run_differs_and_is_a_key_error_of_ours(
    experiment: Experiment, get: Callable[[Experiment], Run]
) -> None:
    with pytest.raises(RunNotFound, match="nothing") as caught:
        get(experiment)

    assert isinstance(caught.value, (KeyError, LocalexpError))


def test_a_run_of_another_experiment_differs_and_is_refused(experiment: Experiment) -> None:
    ended(Experiment(experiment.workspace, "other"), "elsewhere")

    with pytest.raises(UserErrorException, match="other"):
        Run(experiment, "elsewhere")


def test_a_child_has_begun_and_knows_its_parent(parent: Run) -> None:
    child = parent.child_run()

    assert child.get_status() == "Running"
    assert child.parent is not None
    assert child.parent.id == "parent"
    assert child.experiment.id == parent.experiment.id
    assert parent.parent is None
    child.complete()


def test_a_child_is_named_after_its_parent(parent: Run) -> None:
    with parent.child_run("fold 1") as child, parent.child_run() as nameless:
        assert parent.name == "run_parent"
        assert child.name == "run_parent>fold 1"
        assert nameless.name == "run_parent>"


def test_a_child_ends_with_its_block(parent: Run) -> None:
    with parent.child_run() as child:
        child.log("loss", 1)

    assert child.get_status() == "Completed"
    assert parent.get_status() == "Running"


def test_the_end_of_a_parent_does_not_end_its_children(experiment: Experiment) -> None:
    parent = experiment.start_logging(snapshot_directory=None)
    child = parent.child_run()

    parent.complete()

    assert child.get_status() == "Running"
    child.complete()


def test_children_are_created_by_count_with_their_number_as_a_tag(parent: Run) -> None:
    children = parent.create_children(count=3)

    assert [child.get_tags() for child in children] == [{"azureml.batch_child_number": str(n)} for n in range(3)]
    assert {child.get_status() for child in children} == {"Running"}
    for child in children:
        child.complete()


def test_children_are_created_one_a_value_of_a_tag(parent: Run) -> None:
    children = parent.create_children(tag_key="fold", tag_values=["a", "b"])

    assert [child.get_tags()["fold"] for child in children] == ["a", "b"]
    for child in children:
        child.complete()


@pytest.mark.parametrize(
    "words",
    [{}, {"count": 1, "tag_key": "a", "tag_values": ["b"]}, {"tag_key": "a"}, {"tag_values": ["b"]}, {"count": 101}],
)
def test_create_children_takes_a_count_or_a_tag_and_at_most_a_hundred(parent: Run, words: dict[str, object]) -> None:
    with pytest.raises(UserErrorException):
        parent.create_children(**words)  # type: ignore[arg-type]

    assert list(parent.get_children()) == []


def test_children_of_children_are_got_on_request_only(parent: Run) -> None:
    with parent.child_run(run_id="child") as child, child.child_run(run_id="grandchild"):
        pass

    assert ids(parent.get_children()) == {"child"}
    assert ids(parent.get_children(recursive=True)) == {"child", "grandchild"}


def test_children_are_filtered_by_tags_and_status(parent: Run) -> None:
    for name in ("a", "b"):
        with parent.child_run(run_id=name) as child:
            child.tag("name", name)
    running = parent.child_run(run_id="c")

    assert ids(parent.get_children(tags={"name": "a"})) == {"a"}
    assert ids(parent.get_children(tags="name")) == {"a", "b"}
    assert ids(parent.get_children(status="Running")) == {"c"}
    running.complete()


def test_children_by_type_differ_and_may_have_it_as_a_property(parent: Run) -> None:
    with parent.child_run(run_id="a") as child, parent.child_run(run_id="b"):
        child.add_properties({"azureml.runsource": "mine"})

    assert ids(parent.get_children(type="mine")) == {"a"}


def test_a_submitted_child_knows_its_parent(parent: Run, project: Project) -> None:
    project.write("train.py", "")

    child = parent.submit_child(project.config(), tags={"fold": "1"})
    child.wait_for_completion()

    assert child.parent is not None
    assert child.parent.id == "parent"
    assert child.get_tags() == {"fold": "1"}
    assert child.type == "azureml.scriptrun"


def test_a_class_is_registered_for_a_type_once() -> None:
    Run.add_type_provider("azure-behaviours.sweep", lambda experiment, run_dto: Run(experiment, run_dto.run_id))

    with pytest.raises(ValueError, match=r"azure-behaviours\.sweep"):
        Run.add_type_provider("azure-behaviours.sweep", lambda experiment, run_dto: Run(experiment, run_dto.run_id))
