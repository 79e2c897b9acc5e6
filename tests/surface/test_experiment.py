"""Experiments: got, created, tagged, archived and had back as Azure ML's are, or better."""

from __future__ import annotations

import os
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from localexp import Experiment, Run, ViewType, Workspace
from localexp.compat.core import Experiment as CompatExperiment
from localexp.compat.core import ViewType as CompatViewType
from localexp.errors import StoreError, UserErrorException
from tests.processes import Project, output, python


def names(found: list[Experiment]) -> list[str]:
    return [experiment.name for experiment in found]


def test_the_constructor_leaves_an_experiment_behind(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits")

    assert [one.id for one in Experiment.list(workspace)] == [experiment.id]
    assert Experiment(workspace, "digits").id == experiment.id


def test_it_is_shown_as_azure_ml_shows_it(workspace: Workspace, experiment: Experiment) -> None:
    assert repr(experiment) == str(experiment) == f"Experiment(Name: digits,\nWorkspace: {workspace.name})"


def test_it_knows_its_workspace_and_warns_of_the_old_name_for_it(workspace: Workspace, experiment: Experiment) -> None:
    assert experiment.workspace is workspace
    with pytest.warns(DeprecationWarning, match="use workspace"):
        assert experiment.workspace_object is workspace


def test_every_parameter_of_azure_mls_constructor_is_taken(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "a b", True, None, datetime.now(timezone.utc), True, object(), _ident="x")

    assert experiment.name == "a b"
    assert experiment.archived_time is None


def test_by_its_id_it_is_found_whatever_its_state(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()
    Experiment(workspace, "digits")

    found = Experiment(workspace, "digits", _id=experiment.id)

    assert found.id == experiment.id
    assert found.archived_time == experiment.archived_time


@pytest.mark.parametrize("identifier", ["unknown", "", 7])
def test_an_unknown_id_is_refused(workspace: Workspace, identifier: str) -> None:
    with pytest.raises(UserErrorException, match="no experiment 'digits' with the id"):
        Experiment(workspace, "digits", _id=identifier)


def test_an_id_of_another_name_is_refused(workspace: Workspace, experiment: Experiment) -> None:
    with pytest.raises(UserErrorException, match="no experiment 'letters' with the id"):
        Experiment(workspace, "letters", _id=experiment.id)


def test_one_that_was_not_created_has_neither_id_nor_tags_nor_runs(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    assert experiment.id is None
    assert experiment.tags is None
    assert experiment.archived_time is None
    assert list(experiment.get_runs()) == []
    assert Experiment.list(workspace) == []


def test_what_changes_it_is_refused_as_long_as_it_was_not_created(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    for change in (
        experiment.archive,
        experiment.reactivate,
        experiment.refresh,
        lambda: experiment.tag("a"),
        lambda: experiment.set_tags({"a": "b"}),
        lambda: experiment.remove_tags(["a"]),
    ):
        with pytest.raises(UserErrorException, match="has not been created"):
            change()


def test_its_first_run_creates_one_that_was_not(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    with experiment.start_logging(snapshot_directory=None) as run:
        assert run.experiment is experiment

    assert experiment.id == Experiment(workspace, "digits").id
    assert [one.id for one in experiment.get_runs()] == [run.id]


def test_one_that_was_not_created_here_lists_the_runs_of_the_active_one(
    workspace: Workspace, experiment: Experiment
) -> None:
    experiment.start_logging(snapshot_directory=None, run_id="mine").complete()
    other = Experiment(workspace, "digits", _create_in_cloud=False)

    assert [run.id for run in other.get_runs()] == ["mine"]
    assert Run(other, "mine").experiment.id == experiment.id


# Tags


def test_tags_are_merged_and_read_anew(workspace: Workspace, experiment: Experiment) -> None:
    other = Experiment(workspace, "digits")
    assert other.tags == {}

    experiment.tag("team", "red")
    experiment.set_tags({"team": "blue", "bare": None})

    assert other.tags == experiment.tags == {"bare": None, "team": "blue"}


def test_what_is_no_text_becomes_one_and_none_stays(experiment: Experiment) -> None:
    experiment.set_tags({"lr": 0.1, 7: True, "bare": None})  # type: ignore[dict-item]

    assert experiment.tags == {"7": "True", "bare": None, "lr": "0.1"}


def test_the_key_of_a_tag_may_be_empty(experiment: Experiment) -> None:
    experiment.tag("", "x")
    assert experiment.tags == {"": "x"}

    experiment.remove_tags([""])
    assert experiment.tags == {}


def test_tags_that_are_not_there_are_removed_without_an_error(experiment: Experiment) -> None:
    experiment.set_tags({"a": "1", "b": "2"})

    experiment.remove_tags(["a", "nothing"])
    experiment.remove_tags(None)

    assert experiment.tags == {"b": "2"}


@pytest.mark.parametrize("tags", ["a", ["a"], 7])
def test_tags_that_are_no_dict_are_refused(experiment: Experiment, tags: dict[str, str]) -> None:
    with pytest.raises(UserErrorException, match="dict"):
        experiment.set_tags(tags)


@pytest.mark.parametrize("tags", ["ab", {"a": "b"}, 7])
def test_tags_to_remove_that_are_no_list_are_refused(experiment: Experiment, tags: list[str]) -> None:
    experiment.tag("a")

    with pytest.raises(UserErrorException, match="list"):
        experiment.remove_tags(tags)

    assert experiment.tags == {"a": None}


# Archived and active


def test_an_archived_one_is_hidden_unless_asked_for(workspace: Workspace, experiment: Experiment) -> None:
    Experiment(workspace, "letters")
    experiment.archive()

    assert names(Experiment.list(workspace)) == ["letters"]
    assert list(workspace.experiments) == ["letters"]
    assert names(Experiment.list(workspace, view_type=ViewType.ArchivedOnly)) == ["digits"]
    assert names(Experiment.list(workspace, view_type=ViewType.All)) == ["digits", "letters"]


def test_the_time_of_archiving_is_in_utc_and_stands(experiment: Experiment) -> None:
    experiment.archive()
    first = experiment.archived_time
    experiment.archive()

    assert first is not None
    assert first.tzinfo == timezone.utc
    assert abs(datetime.now(timezone.utc) - first) < timedelta(minutes=5)
    assert experiment.archived_time == first


def test_another_object_learns_of_it_when_refreshed(workspace: Workspace, experiment: Experiment) -> None:
    other = Experiment(workspace, "digits")
    experiment.archive()
    assert other.archived_time is None

    other.refresh()

    assert other.archived_time == experiment.archived_time


def test_writing_to_an_archived_one_creates_a_new_one_of_that_name(
    workspace: Workspace, experiment: Experiment
) -> None:
    experiment.archive()

    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1)

    new = Experiment(workspace, "digits")
    assert new.id != experiment.id
    assert run.experiment.id == new.id
    assert [one.id for one in new.get_runs()] == [run.id]
    assert list(experiment.get_runs()) == []
    assert run.number == 1
    assert Run(experiment, run.id).experiment.id == new.id


def test_submitting_to_an_archived_one_creates_a_new_one_of_that_name(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "pass")
    experiment.archive()

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.experiment.id != experiment.id
    assert run.experiment.archived_time is None


def test_the_runs_of_an_archived_one_can_be_read_and_tagged(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1)
    experiment.archive()

    run.tag("late", "yes")
    [found] = experiment.get_runs()

    assert found.get_metrics() == {"loss": 1}
    assert found.get_tags() == {"late": "yes"}


def test_it_can_be_made_active_again(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()

    experiment.reactivate()
    experiment.reactivate()

    assert experiment.archived_time is None
    assert Experiment(workspace, "digits").id == experiment.id


def test_it_stays_archived_while_another_active_one_has_its_name(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()
    other = Experiment(workspace, "digits")

    with pytest.raises(UserErrorException, match=f"the id {other.id} has its name"):
        experiment.reactivate()
    other.archive()
    experiment.reactivate()

    assert Experiment(workspace, "digits").id == experiment.id


def test_it_cannot_be_renamed(experiment: Experiment) -> None:
    experiment.archive()

    with pytest.raises(UserErrorException, match="cannot be renamed, to 'letters'"):
        experiment.reactivate(new_name="letters")

    assert experiment.archived_time is not None


# Lists


def test_a_list_is_by_name_and_holds_all_of_one_name(workspace: Workspace) -> None:
    for _ in range(3):
        Experiment(workspace, "digits").archive()
    Experiment(workspace, "digits")
    Experiment(workspace, "any")

    found = Experiment.list(workspace, view_type=ViewType.All)

    assert isinstance(found, list)
    assert names(found) == ["any", "digits", "digits", "digits", "digits"]
    assert len({one.id for one in found}) == 5
    assert len(Experiment.list(workspace, "digits", ViewType.ArchivedOnly)) == 3
    assert names(Experiment.list(workspace, experiment_name="digits")) == ["digits"]
    assert Experiment.list(workspace, experiment_name="dig") == []


def test_a_list_can_be_of_those_with_a_tag_or_with_all_tags_of_a_dict(workspace: Workspace) -> None:
    Experiment(workspace, "one").tag("team", "red")
    Experiment(workspace, "two").set_tags({"team": "blue", "bare": None})
    Experiment(workspace, "three")

    def tagged(tags: str | dict[str, object]) -> list[str]:
        return names(Experiment.list(workspace, tags=tags))

    assert tagged("team") == ["one", "two"]
    assert tagged("bare") == ["two"]
    assert tagged({"team": "red"}) == ["one"]
    assert tagged({"team": "blue", "bare": None}) == ["two"]
    assert tagged({"team": None}) == []
    assert tagged({}) == ["one", "three", "two"]


def test_view_types_are_plain_texts() -> None:
    assert (ViewType.ActiveOnly, ViewType.All, ViewType.ArchivedOnly) == ("ActiveOnly", "All", "ArchivedOnly")
    assert CompatViewType is ViewType


@pytest.mark.parametrize(
    "arguments", [{"view_type": "Active"}, {"view_type": None}, {"experiment_name": 7}, {"tags": 7}, {"tags": ["a"]}]
)
def test_a_list_of_no_such_kind_is_refused(workspace: Workspace, arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"view type|text|dict"):
        Experiment.list(workspace, **arguments)  # type: ignore[arg-type]


def test_a_list_of_the_compat_class_holds_objects_of_it(workspace: Workspace) -> None:
    CompatExperiment(workspace, "ä" * 3, _skip_name_validation=True)
    CompatExperiment(workspace, "a" * 100)

    assert [type(one) for one in CompatExperiment.list(workspace)] == [CompatExperiment] * 2
    with pytest.raises(UserErrorException, match="1 to 255"):
        CompatExperiment(workspace, "with space")


# Elsewhere


def test_the_experiment_of_a_directory_is_named_like_it(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "below" / "digits").mkdir(parents=True)

    with pytest.warns(DeprecationWarning, match="from_directory is deprecated"):
        found = Experiment.from_directory(tmp_path / "below" / "digits", auth=None)

    assert found.name == "digits"
    assert found.workspace.path == workspace.path
    assert found.id == Experiment(workspace, "digits").id


def test_a_directory_in_no_workspace_has_no_experiment(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(UserErrorException, match="no workspace"):
        Experiment.from_directory(os.fspath(tmp_path))


def test_the_documentation_is_azure_mls() -> None:
    assert Experiment.get_docs_url().startswith("https://learn.microsoft.com/python/api/azureml-core/")
    assert Experiment.get_docs_url().endswith("experiment")


def test_it_can_be_pickled_and_had_elsewhere(experiment: Experiment) -> None:
    experiment.tag("a", "b")
    code = """
        import pickle, sys
        print(pickle.loads(bytes.fromhex(sys.argv[1])).tags)
        """

    assert output(python(code, pickle.dumps(experiment).hex())) == "{'a': 'b'}\n"
    assert pickle.loads(pickle.dumps(experiment)).id == experiment.id


def test_one_that_was_not_created_is_not_by_pickling_it(workspace: Workspace) -> None:
    found = pickle.loads(pickle.dumps(Experiment(workspace, "digits", _create_in_cloud=False)))

    assert (found.name, found.id) == ("digits", None)
    assert Experiment.list(workspace) == []


def test_a_store_that_may_only_be_read_refuses_changes(workspace: Workspace, experiment: Experiment) -> None:
    workspace._store.main.is_read_only = True

    for change in (experiment.archive, lambda: experiment.tag("a")):
        with pytest.raises(StoreError, match="may only be read"):
            change()
    assert experiment.tags == {}
