"""Lists of runs, by what they are and have; and the relatives of a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import RunNotFound, UserErrorException
from localexp.run import rehydration
from localexp.run.rehydration import RunDto
from localexp.store import runs
from tests.processes import Project, of_the_dead, output, python
from tests.store.rows import add_run


def ids(found: Iterator[Run]) -> list[str]:
    return [run.id for run in found]


def made(experiment: Experiment, identifier: str, **what: object) -> Run:
    """A run that has ended, with these tags or properties, below this parent."""
    with experiment.workspace._store.main.writing() as db:
        parent = what.pop("parent", None)
        key = parent._known().key if isinstance(parent, Run) else None
        add_run(db, experiment._known().key, identifier, parent=key, **what)  # type: ignore[arg-type]
    return Run(experiment, identifier)


def test_runs_come_in_the_order_in_which_they_were_made(experiment: Experiment) -> None:
    for name in ("first", "second", "third"):
        experiment.start_logging(snapshot_directory=None, run_id=name).complete()
    Run(experiment, "first").tag("late")

    assert ids(experiment.get_runs()) == ["third", "second", "first"]


def test_a_list_is_an_iterator_that_is_gone_through_once(experiment: Experiment) -> None:
    made(experiment, "only")
    found = experiment.get_runs()

    assert iter(found) is found
    assert next(found).id == "only"
    assert next(found, None) is None
    assert list(found) == []


def test_a_list_goes_on_whatever_is_made_or_deleted_meanwhile(workspace: Workspace, experiment: Experiment) -> None:
    for number in range(250):
        made(experiment, f"run-{number}")
    found = experiment.get_runs()
    assert next(found).id == "run-249"

    made(experiment, "later")
    assert len(ids(found)) == 249

    found = experiment.get_runs()
    next(found)
    Experiment.delete(workspace, str(experiment.id))
    # What was looked up by then is still named, as it would be had it been deleted a moment later.
    assert len(ids(found)) < 100
    with pytest.raises(UserErrorException, match="was deleted"):
        experiment.get_runs()


def test_tags_by_key_or_by_value(experiment: Experiment) -> None:
    made(experiment, "mlp", said={"model": "mlp", "": "x"})
    made(experiment, "cnn", said={"model": "cnn"})
    made(experiment, "bare", said={"model": None, "seed": "1"})

    assert ids(experiment.get_runs(tags="model")) == ["bare", "cnn", "mlp"]
    assert ids(experiment.get_runs(tags={"model": "mlp"})) == ["mlp"]
    assert ids(experiment.get_runs(tags={"model": None})) == ["bare"]
    assert ids(experiment.get_runs(tags={"model": None, "seed": 1})) == ["bare"]
    assert ids(experiment.get_runs(tags={"model": "mlp", "seed": "1"})) == []
    assert ids(experiment.get_runs(tags="")) == ["mlp"]
    assert ids(experiment.get_runs(tags={})) == ["bare", "cnn", "mlp"]


def test_properties_by_key_or_by_value(experiment: Experiment) -> None:
    made(experiment, "one", properties={"commit": "abc"})
    made(experiment, "two", properties={"commit": "def"}, said={"commit": "abc"})

    assert ids(experiment.get_runs(properties="commit")) == ["two", "one"]
    assert ids(experiment.get_runs(properties={"commit": "abc"})) == ["one"]
    assert ids(experiment.get_runs(properties={"commit": "def"}, tags={"commit": "abc"})) == ["two"]


def test_a_type_is_that_of_the_run_or_its_run_source(experiment: Experiment) -> None:
    made(experiment, "typed", type="sweep")
    made(experiment, "by-property", properties={"azureml.runsource": "sweep"})
    made(experiment, "other", type="azureml.scriptrun")

    assert ids(experiment.get_runs(type="sweep")) == ["by-property", "typed"]
    assert ids(experiment.get_runs("azureml.scriptrun")) == ["other"]


def test_a_status_is_compared_exactly(experiment: Experiment) -> None:
    made(experiment, "done")
    made(experiment, "broken", status="Failed")

    assert ids(Run.list(experiment, status="Failed")) == ["broken"]
    assert ids(Run.list(experiment, status="failed")) == []


def test_children_are_left_out_unless_asked_for(experiment: Experiment) -> None:
    parent = made(experiment, "parent")
    made(experiment, "child", parent=parent, said={"a": "b"})

    assert ids(experiment.get_runs()) == ["parent"]
    assert ids(experiment.get_runs(include_children=True)) == ["child", "parent"]
    assert ids(experiment.get_runs(tags="a")) == []
    assert ids(Run.list(experiment, None, "a", None, None, True)) == ["child"]


def test_a_tag_that_was_removed_is_not_found(experiment: Experiment) -> None:
    run = made(experiment, "run", said={"a": "b", "c": "d"})

    run.remove_tags(["a"])

    assert ids(experiment.get_runs(tags="a")) == []
    assert ids(experiment.get_runs(tags="c")) == ["run"]


def test_a_filter_knows_what_a_run_has_just_said(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.tag("model", "mlp")
        run.add_properties({"commit": "abc"})

        assert ids(experiment.get_runs(tags={"model": "mlp"})) == [run.id]
        assert ids(experiment.get_runs(properties="commit")) == [run.id]
        assert ids(Run.list(experiment, status="Running")) == [run.id]
    assert ids(Run.list(experiment, status="Running")) == []


def test_a_filter_by_status_knows_who_has_died(experiment: Experiment) -> None:
    code = """
        import os, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="dead")
        run.tag("model", "mlp")
        os._exit(1)
        """
    python(code, experiment.workspace.path).communicate()

    assert ids(Run.list(experiment, status="Running")) == []
    assert ids(Run.list(experiment, status="Failed", tags={"model": "mlp"})) == ["dead"]


def test_a_run_that_ends_while_a_list_is_read_is_left_out_of_those_that_go_on(experiment: Experiment) -> None:
    older = experiment.start_logging(snapshot_directory=None)
    newer = experiment.start_logging(snapshot_directory=None)
    found = Run.list(experiment, status="Running")
    assert next(found).id == newer.id

    older.complete()

    assert ids(found) == []
    newer.complete()


@pytest.mark.parametrize(
    "arguments",
    [{"tags": 7}, {"tags": ["a"]}, {"tags": b"a"}, {"properties": ("a", "b")}, {"type": 7}, {"status": ["Failed"]}],
)
def test_a_filter_of_no_such_kind_is_refused_at_the_call(experiment: Experiment, arguments: dict[str, object]) -> None:
    run = made(experiment, "run")

    for call in (Run.list, Run.get_children):
        with pytest.raises(ValueError, match="to filter by"):
            call(experiment if call is Run.list else run, **arguments)  # type: ignore[arg-type]


# Relatives


def test_the_children_of_a_run_are_its_own_and_with_theirs_if_asked(experiment: Experiment) -> None:
    top = made(experiment, "top")
    middle = made(experiment, "middle", parent=top)
    low = made(experiment, "low", parent=middle)
    made(experiment, "lowest", parent=low)
    made(experiment, "other-top")
    made(experiment, "late", parent=top)

    assert ids(top.get_children()) == ["late", "middle"]
    assert ids(top.get_children(recursive=True)) == ["late", "lowest", "low", "middle"]
    assert ids(middle.get_children(True)) == ["lowest", "low"]
    assert ids(low.get_children()) == ["lowest"]


def test_children_can_be_filtered_likewise(experiment: Experiment) -> None:
    top = made(experiment, "top", said={"a": "1"})
    child = made(experiment, "child", parent=top, said={"a": "1"}, type="sweep")
    made(experiment, "grandchild", parent=child, said={"a": "1"}, status="Failed", properties={"p": "q"})
    made(experiment, "stranger", said={"a": "1"})

    assert ids(top.get_children(tags={"a": "1"})) == ["child"]
    assert ids(top.get_children(tags="a", recursive=True)) == ["grandchild", "child"]
    assert ids(top.get_children(True, None, "p")) == ["grandchild"]
    assert ids(top.get_children(True, type="sweep")) == ["child"]
    assert ids(top.get_children(True, status="Failed")) == ["grandchild"]


def test_many_descendants_come_page_by_page(experiment: Experiment) -> None:
    top = made(experiment, "top")
    above = top
    for number in range(230):
        above = made(experiment, f"run-{number}", parent=above if number % 2 else top)

    assert ids(top.get_children(recursive=True)) == [f"run-{number}" for number in reversed(range(230))]


def test_a_run_knows_its_parent(experiment: Experiment) -> None:
    top = made(experiment, "top")
    child = made(experiment, "child", parent=top)

    assert top.parent is None
    assert child.parent is not None
    assert child.parent.id == "top"


def test_a_submitted_run_can_have_a_parent(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "from localexp import Run; print(Run.get_context().parent.id)")
    parent = made(experiment, "parent")

    run = experiment.submit(project.config(), _parent_run_id="parent", credential_passthrough=False)
    run.wait_for_completion()

    assert ids(parent.get_children()) == [run.id]
    with open(run._layout.log, encoding="utf-8") as log:
        assert log.read() == "parent\n"


def test_a_child_is_in_the_experiment_of_its_parent_though_that_was_archived(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "pass")
    parent = made(experiment, "parent")
    experiment.archive()

    run = experiment.submit(project.config(), _parent_run_id="parent")
    run.wait_for_completion()

    assert run.experiment.id == experiment.id
    assert ids(parent.get_children()) == [run.id]


def test_a_parent_that_is_not_there_is_refused_before_a_run_is_made(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "pass")
    made(Experiment(experiment.workspace, "letters"), "elsewhere")

    with pytest.raises(RunNotFound, match="nobody"):
        experiment.submit(project.config(), _parent_run_id="nobody")
    with pytest.raises(UserErrorException, match="in the experiment 'letters'"):
        experiment.submit(project.config(), _parent_run_id="elsewhere")

    assert ids(experiment.get_runs(include_children=True)) == []


# Objects of other classes


class Sweep(Run):
    told: RunDto

    def __init__(self, experiment: Experiment, run_dto: RunDto) -> None:
        super().__init__(experiment, run_dto.run_id)
        self.told = run_dto


@pytest.fixture
def sweeps() -> Iterator[None]:
    Run.add_type_provider("sweep", Sweep)
    yield
    rehydration._factories.clear()


@pytest.mark.usefixtures("sweeps")
def test_runs_of_a_type_are_objects_of_the_class_registered_for_it(experiment: Experiment) -> None:
    top = made(experiment, "top", type="sweep", said={"a": "b"})
    made(experiment, "child", parent=top, properties={"azureml.runsource": "sweep"})
    made(experiment, "other", parent=top)

    assert [type(run) for run in experiment.get_runs(include_children=True)] == [Run, Sweep, Sweep]
    assert type(Run.get(experiment.workspace, "top")) is Sweep
    assert type(Run(experiment, "child").parent) is Sweep
    assert [type(run) for run in top.get_children()] == [Run, Sweep]
    assert [type(run) for run in top.get_children(_rehydrate_runs=False)] == [Run, Run]
    assert {type(run) for run in Run.list(experiment, _rehydrate_runs=False)} == {Run}


@pytest.mark.usefixtures("sweeps")
def test_what_makes_the_object_is_told_of_the_run(experiment: Experiment) -> None:
    top = made(experiment, "top")
    made(experiment, "child", parent=top, type="sweep", said={"a": "b"}, properties={"c": "d"}, status="Failed")

    [child] = top.get_children()

    assert isinstance(child, Sweep)
    told = child.told
    assert (told.run_id, told.run_type, told.status, told.parent_run_id) == ("child", "sweep", "Failed", "top")
    assert (told.tags, told.properties) == ({"a": "b"}, {"c": "d"})
    assert told.run_number == 2
    assert told.end_time_utc == datetime(1970, 1, 1, microsecond=1, tzinfo=timezone.utc)
    assert repr(told) == "RunDto(run_id='child', run_type='sweep', status='Failed')"


@pytest.mark.usefixtures("sweeps")
def test_a_type_is_registered_once(experiment: Experiment) -> None:
    with pytest.raises(ValueError, match="'sweep' have a factory already"):
        Run.add_type_provider("sweep", lambda experiment, run_dto: Run(experiment, run_dto.run_id))
    with pytest.raises(ValueError, match="callable"):
        Run.add_type_provider("other", "Sweep")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="run type"):
        Run.add_type_provider("", Sweep)


def test_submitted_runs_are_objects_of_the_class_registered_for_them(experiment: Experiment, project: Project) -> None:
    code = """
        import sys
        from localexp import Experiment, Run, ScriptRunConfig, Workspace
        class Script(Run): pass
        Run.add_type_provider("azureml.scriptrun", lambda experiment, dto: Script(experiment, dto.run_id))
        run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py"))
        run.wait_for_completion()
        print(type(run).__name__)
        """
    project.write("train.py", "pass")

    assert output(python(code, experiment.workspace.path, project.path)) == "Script\n"


def test_a_run_whose_owner_cannot_be_judged_is_listed_as_it_is(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    dead = of_the_dead()
    with experiment.workspace._store.main.writing() as db:
        key = run._known().key
        db.execute("UPDATE _runs SET owner = ? WHERE key = ?", (str(dead).replace(dead.host, "elsewhere"), key))
        found = runs.by_key(db, key)
    assert found.owner is not None

    assert ids(Run.list(experiment, status="Failed")) == [run.id]


def test_a_list_says_what_it_is_without_being_gone_through(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    listed = experiment.get_runs()

    assert repr(listed) == "Runs(Experiment: digits; to be gone through once, or kept by list(...))"
    assert [found.id for found in listed] == [run.id]
