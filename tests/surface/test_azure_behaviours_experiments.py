"""Experiments behave as in Azure ML (azure-ml-v1.md, section 1), or differ from it on purpose."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest

from localexp import Experiment, Run, Workspace
from localexp.compat import core
from localexp.errors import UserErrorException
from localexp.experiment import ViewType


def ended(experiment: Experiment, **words: object) -> Run:
    """A run of the experiment that has ended."""
    run = experiment.start_logging(snapshot_directory=None, **words)  # type: ignore[arg-type]
    run.complete()
    return run


def named(experiments: list[Experiment]) -> list[str]:
    return [experiment.name for experiment in experiments]


def test_constructing_an_experiment_leaves_it_behind(workspace: Workspace) -> None:
    first = Experiment(workspace, "digits")

    assert Experiment(workspace, "digits").id == first.id
    assert list(workspace.experiments) == ["digits"]


def test_an_id_is_a_uuid(experiment: Experiment) -> None:
    assert experiment.id is not None
    assert str(uuid.UUID(experiment.id)) == experiment.id


@pytest.mark.parametrize("name", ["x", "aé", "ab中", "a_b-c", "0", "A" * 255])
def test_the_compatible_class_takes_the_names_that_the_sdk_really_took(workspace: Workspace, name: str) -> None:
    assert core.Experiment(workspace, name).name == name


@pytest.mark.parametrize("name", ["", "é", "_a", "-a", "a.b", "a b", "A" * 256])
def test_the_compatible_class_refuses_what_the_sdk_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException, match="name"):
        core.Experiment(workspace, name)


def test_a_line_end_after_a_name_differs_and_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UserErrorException, match="name"):
        core.Experiment(workspace, "digits\n")


def test_names_differ_by_default_and_keep_to_the_documented_rule(workspace: Workspace) -> None:
    for name in ("ab", "A" * 37, "aé"):
        with pytest.raises(UserErrorException, match="3 to 36"):
            Experiment(workspace, name)


def test_an_experiment_is_shown_by_name_and_workspace(experiment: Experiment) -> None:
    assert str(experiment) == repr(experiment) == f"Experiment(Name: digits,\nWorkspace: {experiment.workspace.name})"


def test_a_notebook_differs_and_shows_a_table_of_the_newest_runs(experiment: Experiment) -> None:
    run = ended(experiment, display_name="first try")

    shown = experiment._repr_html_()

    assert "<table" in shown
    for text in ("digits", "first try", run.get_status()):
        assert text in shown


def test_workspace_object_is_another_name_of_workspace(experiment: Experiment, workspace: Workspace) -> None:
    with pytest.warns(DeprecationWarning, match="workspace"):
        assert experiment.workspace_object is workspace


def test_an_object_that_is_not_to_create_has_neither_id_nor_tags_and_leaves_nothing(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    assert (experiment.id, experiment.tags, experiment.archived_time) == (None, None, None)
    assert workspace.experiments == {}


@pytest.mark.parametrize("call", ["archive", "reactivate", "refresh"])
def test_without_an_id_there_is_nothing_to_change(workspace: Workspace, call: str) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    with pytest.raises(UserErrorException):
        getattr(experiment, call)()


def test_without_an_id_there_is_nothing_to_tag(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits", _create_in_cloud=False)

    with pytest.raises(UserErrorException):
        experiment.tag("a", "b")
    with pytest.raises(UserErrorException):
        experiment.set_tags({"a": "b"})
    with pytest.raises(UserErrorException):
        experiment.remove_tags(["a"])


def test_set_tags_leaves_the_other_tags_of_an_experiment(experiment: Experiment) -> None:
    experiment.set_tags({"a": "1", "b": "2"})
    experiment.tag("b", "3")
    experiment.tag("bare")

    experiment.refresh()

    assert experiment.tags == {"a": "1", "b": "3", "bare": None}


def test_removing_no_tags_of_an_experiment_does_nothing(experiment: Experiment) -> None:
    experiment.set_tags({"a": "1", "b": "2"})

    experiment.remove_tags(None)
    experiment.remove_tags(["a"])

    experiment.refresh()
    assert experiment.tags == {"b": "2"}


def test_a_tag_of_an_experiment_that_is_no_text_becomes_one(experiment: Experiment) -> None:
    experiment.set_tags({"depth": 3, "none": None})

    experiment.refresh()

    assert experiment.tags == {"depth": "3", "none": None}


def test_tags_of_an_experiment_differ_and_are_read_anew_without_refresh(experiment: Experiment) -> None:
    other = Experiment(experiment.workspace, "digits")

    other.tag("a", "1")

    assert experiment.tags == {"a": "1"}


def test_refresh_reads_whether_an_experiment_is_archived(experiment: Experiment) -> None:
    other = Experiment(experiment.workspace, "digits")
    other.archive()

    experiment.refresh()

    assert isinstance(experiment.archived_time, datetime)


def test_an_archived_experiment_is_not_listed_by_default(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()

    assert isinstance(experiment.archived_time, datetime)
    assert Experiment.list(workspace) == []
    assert workspace.experiments == {}
    assert named(Experiment.list(workspace, view_type=ViewType.ArchivedOnly)) == ["digits"]


def test_writing_to_an_archived_experiment_makes_an_active_one_of_that_name(experiment: Experiment) -> None:
    experiment.archive()

    run = ended(experiment)

    assert run.experiment.name == "digits"
    assert run.experiment.id != experiment.id
    assert run.experiment.archived_time is None


def test_a_reactivated_experiment_is_listed_again(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()

    experiment.reactivate()

    assert experiment.archived_time is None
    assert named(Experiment.list(workspace)) == ["digits"]


def test_reactivating_under_another_name_is_refused(experiment: Experiment) -> None:
    experiment.archive()

    with pytest.raises(UserErrorException, match="new_name"):
        experiment.reactivate("numbers")


def test_reactivating_is_refused_while_another_active_one_has_the_name(experiment: Experiment) -> None:
    experiment.archive()
    ended(experiment)

    with pytest.raises(UserErrorException, match="digits"):
        experiment.reactivate()


def test_a_list_of_experiments_is_a_plain_list(workspace: Workspace, experiment: Experiment) -> None:
    assert type(Experiment.list(workspace)) is list


def test_a_list_of_experiments_takes_a_whole_name(workspace: Workspace) -> None:
    Experiment(workspace, "digits")
    Experiment(workspace, "digits2")

    assert named(Experiment.list(workspace, "digits")) == ["digits"]
    assert Experiment.list(workspace, "dig") == []


def test_a_list_of_all_experiments_may_hold_a_name_twice(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()
    Experiment(workspace, "digits")

    assert named(Experiment.list(workspace, view_type=ViewType.All)) == ["digits", "digits"]


def test_a_list_of_experiments_takes_a_tag_or_values_of_tags(workspace: Workspace) -> None:
    Experiment(workspace, "bare").tag("team")
    Experiment(workspace, "full").set_tags({"team": "vision", "year": "2026"})
    Experiment(workspace, "none")

    assert sorted(named(Experiment.list(workspace, tags="team"))) == ["bare", "full"]
    assert named(Experiment.list(workspace, tags={"team": "vision", "year": "2026"})) == ["full"]
    assert Experiment.list(workspace, tags={"team": "vision", "year": "2025"}) == []


def test_experiments_are_deleted_by_id(workspace: Workspace, experiment: Experiment) -> None:
    assert experiment.id is not None

    Experiment.delete(workspace, experiment.id)

    assert Experiment.list(workspace, view_type=ViewType.All) == []
    with pytest.raises(UserErrorException):
        Experiment.delete(workspace, experiment.id)


def test_deleting_an_experiment_differs_and_is_refused_while_a_run_is_active(experiment: Experiment) -> None:
    assert experiment.id is not None
    with experiment.start_logging(snapshot_directory=None) as run, pytest.raises(UserErrorException, match=run.id):
        Experiment.delete(experiment.workspace, experiment.id)

    Experiment.delete(experiment.workspace, experiment.id)


def test_from_directory_warns_that_it_is_deprecated(workspace: Workspace) -> None:
    with pytest.warns(DeprecationWarning, match="from_directory"):
        experiment = Experiment.from_directory(workspace.path)

    assert experiment.workspace.path == workspace.path


def test_the_documentation_is_found_without_an_object() -> None:
    assert Experiment.get_docs_url().startswith("https://")
    assert Run.get_docs_url().startswith("https://")


def test_the_portal_differs_and_is_a_page_on_the_disk(experiment: Experiment) -> None:
    assert experiment.get_portal_url().startswith("file://")


def test_runs_come_one_by_one_and_newest_first(experiment: Experiment) -> None:
    first, second = ended(experiment), ended(experiment)

    runs = experiment.get_runs()

    assert isinstance(runs, Iterator)
    assert [run.id for run in runs] == [second.id, first.id]
