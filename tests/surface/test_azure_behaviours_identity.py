"""What a run is and is called is as in Azure ML (azure-ml-v1.md, sections 2.1 and 2.7), or differs on purpose."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from localexp import Experiment, Run, RunStatus
from localexp.compat.core.run import RunStatus as CompatibleRunStatus
from localexp.errors import UserErrorException
from localexp.store.states import ENDED
from tests.processes import Project


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None) as run:
        yield run


def again(run: Run) -> Run:
    """The same run as another process would see it."""
    return Run.get(run.experiment.workspace, run.id)


def test_a_run_is_shown_by_experiment_id_type_and_status(run: Run) -> None:
    assert str(run) == repr(run) == f"Run(Experiment: digits,\nId: {run.id},\nType: None,\nStatus: Running)"


def test_a_display_name_that_is_set_is_seen_by_others_at_once(run: Run) -> None:
    run.display_name = "first"

    assert run.display_name == again(run).display_name == "first"


def test_a_description_that_is_set_is_seen_by_others_at_once(run: Run) -> None:
    run.description = "a try"

    assert run.description == again(run).description == "a try"


def test_numbers_of_runs_count_in_their_experiment(experiment: Experiment, run: Run) -> None:
    with Experiment(experiment.workspace, "other").start_logging(snapshot_directory=None) as elsewhere:
        pass
    with experiment.start_logging(snapshot_directory=None) as second:
        pass

    assert (run.number, second.number, elsewhere.number) == (1, 2, 1)


def test_reading_the_number_differs_and_does_not_warn(run: Run) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run.number == 1


def test_the_status_is_that_of_the_last_look_until_asked_anew(run: Run) -> None:
    other = again(run)
    run.complete()

    assert other.status == "Running"
    assert other.get_status() == other.status == "Completed"


def test_a_detailed_status_has_status_and_details(run: Run) -> None:
    assert run.get_detailed_status() == {"status": "Running", "details": None}


def test_a_type_is_the_property_runsource_if_the_run_has_none(run: Run) -> None:
    run.add_properties({"azureml.runsource": "mine"})

    assert again(run).type == "mine"


def test_set_tags_leaves_the_other_tags_of_a_run(run: Run) -> None:
    run.set_tags({"a": "1", "b": "2"})
    run.tag("b", "3")
    run.tag("bare")

    assert run.tags == run.get_tags() == again(run).get_tags() == {"a": "1", "b": "3", "bare": None}


def test_a_tag_of_a_run_that_is_no_text_becomes_one(run: Run) -> None:
    run.tag("depth", 3)
    run.set_tags({"lr": 0.1, "none": None})

    assert run.get_tags() == {"depth": "3", "lr": "0.1", "none": None}


def test_tags_that_are_no_dict_differ_and_are_a_user_error(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.set_tags("model")  # type: ignore[arg-type]


def test_tags_are_removed_by_a_list_of_keys(run: Run) -> None:
    run.set_tags({"a": "1", "b": "2"})

    run.remove_tags(["a", "never"])

    assert run.get_tags() == {"b": "2"}


def test_tags_and_properties_of_a_run_differ_and_are_those_of_now(run: Run) -> None:
    other = again(run)
    assert (other.tags, "origin" in other.properties) == ({}, False)

    run.tag("a", "1")
    run.add_properties({"origin": "lab"})

    assert other.tags == {"a": "1"}
    assert other.properties["origin"] == "lab"


def test_an_empty_tag_key_differs_and_is_kept(run: Run) -> None:
    run.tag("", "value")

    assert run.get_tags() == {"": "value"}


def test_properties_are_added(run: Run) -> None:
    run.add_properties({"origin": "lab", "number": 3})

    assert run.properties == run.get_properties() == again(run).get_properties()
    assert {"origin": "lab", "number": "3"}.items() <= run.get_properties().items()


@pytest.mark.parametrize("nothing", [{}, None])
def test_adding_no_properties_does_nothing(run: Run, nothing: dict[str, str]) -> None:
    before = run.get_properties()

    run.add_properties(nothing)

    assert run.get_properties() == before


def test_a_property_is_never_changed(run: Run) -> None:
    run.add_properties({"origin": "lab"})
    run.add_properties({"origin": "lab"})

    with pytest.raises(UserErrorException, match="origin"):
        run.add_properties({"origin": "field"})

    assert run.get_properties()["origin"] == "lab"


def test_secrets_differ_and_come_from_environment_variables(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("exact-name", "first")
    monkeypatch.setenv("DATA_BASE", "second")

    assert run.get_secret("exact-name") == "first"
    assert run.get_secrets(["exact-name", "data-base"]) == {"exact-name": "first", "data-base": "second"}
    with pytest.raises(UserErrorException, match=r"no-such.*NO_SUCH"):
        run.get_secret("no-such")


def test_the_portal_of_a_run_differs_and_is_a_page_on_the_disk(run: Run) -> None:
    assert run.get_portal_url().startswith("file://")


def test_details_have_the_keys_of_azure_ml_and_times_as_texts(run: Run) -> None:
    run.complete()

    details = run.get_details()

    assert {"runId", "target", "status", "startTimeUtc", "endTimeUtc", "properties", "logFiles"} <= details.keys()
    assert details["runId"] == run.id
    assert details["startTimeUtc"].endswith("Z")
    assert details["startTimeUtc"] <= details["endTimeUtc"]


def test_details_leave_out_what_there_is_not(run: Run) -> None:
    run.complete()

    details = run.get_details()

    assert None not in details.values()
    assert "runDefinition" not in details
    assert "error" not in details


def test_details_differ_and_have_the_exit_code(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "raise SystemExit(3)")

    run = experiment.submit(project.config())
    run.wait_for_completion(raise_on_error=False)

    assert run.get_details()["exitCode"] == 3
    assert not {"services", "submittedBy"} & run.get_details().keys()


def test_statuses_are_azure_mls() -> None:
    assert CompatibleRunStatus is RunStatus
    assert len(RunStatus.list()) == 15
    assert RunStatus.CANCELED == "Canceled"
    assert set(RunStatus.get_post_processing_statuses()) == {"CancelRequested", "Finalizing"}
    over = set(RunStatus.list()) - {*RunStatus.get_running_statuses(), *RunStatus.get_post_processing_statuses()}
    assert over == ENDED


def test_the_environment_of_a_submitted_run_is_had_back(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    config = project.config()
    config.run_config.environment.name = "mine"

    run = experiment.submit(config)
    run.wait_for_completion()

    assert run.get_environment().name == "mine"


def test_an_interactive_run_has_no_environment(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.get_environment()
