"""Runs start as in Azure ML (azure-ml-v1.md, sections 1 and 3), or differ from it on purpose."""

from __future__ import annotations

import os
import re
import sys
import uuid
from copy import deepcopy
from pathlib import Path

import pytest

from localexp import Experiment, Run, RunConfiguration, ScriptRunConfig
from localexp.errors import (
    ExperimentExecutionException,
    RunConfigurationException,
    SnapshotException,
    UserErrorException,
)
from tests.processes import Project, wait_until


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_an_interactive_run_is_running_at_once(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        assert run.status == run.get_status() == "Running"
        assert run.type is None
        assert run.get_details()["target"] == "local"


def test_an_interactive_run_has_a_uuid_and_is_named_after_it(experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        assert str(uuid.UUID(run.id)) == run.id
        assert run.name == f"run_{run.id}"


def test_an_interactive_run_begins_with_what_it_was_given(experiment: Experiment) -> None:
    words = {"run_id": "mine", "display_name": "first", "description": "a try", "tags": {"a": "1"}}
    with experiment.start_logging(snapshot_directory=None, **words) as run:  # type: ignore[arg-type]
        assert (run.id, run.display_name, run.description, run.get_tags()) == tuple(words.values())


def test_start_logging_takes_its_parameters_by_position(experiment: Experiment, here: Path) -> None:
    with experiment.start_logging("a name", "mine", False, None) as run:
        assert run.id == "mine"
        assert run.get_snapshot_id() is None


def test_start_logging_takes_no_properties(experiment: Experiment) -> None:
    with pytest.raises(TypeError, match="properties"):
        experiment.start_logging(snapshot_directory=None, properties={"a": "1"})  # type: ignore[call-arg]


def test_an_interactive_run_captures_the_working_directory(experiment: Experiment, here: Path) -> None:
    (here / "train.py").write_text("print(1)")

    with experiment.start_logging() as run:
        pass

    assert run.snapshot is not None
    assert run.snapshot.open("train.py").read() == b"print(1)"


def test_a_directory_that_cannot_be_captured_is_an_error(experiment: Experiment, here: Path) -> None:
    with pytest.raises(SnapshotException):
        experiment.start_logging(snapshot_directory=here / "nowhere")

    assert list(experiment.get_runs()) == []


def test_a_working_directory_that_is_too_large_differs_and_only_warns(experiment: Experiment, here: Path) -> None:
    experiment.workspace.set_setting("snapshot.max_files", 1)
    (here / "a").touch()
    (here / "b").touch()

    with pytest.warns(UserWarning, match="without a snapshot"), experiment.start_logging() as run:
        pass

    assert run.get_snapshot_id() is None


def test_outputs_that_were_asked_for_are_created_at_once_and_kept_at_the_end(
    experiment: Experiment, here: Path
) -> None:
    with experiment.start_logging(outputs="results", snapshot_directory=None) as run:
        assert (here / "results").is_dir()
        (here / "results" / "model.txt").write_text("weights")

    assert "results/model.txt" in run.get_file_names()


def test_outputs_are_not_tracked_on_request(experiment: Experiment, here: Path) -> None:
    (here / "outputs").mkdir()
    (here / "outputs" / "model.txt").write_text("weights")

    with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
        pass

    assert run.get_file_names() == []


def test_the_default_outputs_differ_and_are_never_created(experiment: Experiment, here: Path) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        assert list(here.iterdir()) == []
        (here / "outputs").mkdir()
        (here / "outputs" / "model.txt").write_text("weights")

    assert run.get_file_names() == ["outputs/model.txt"]


def test_outputs_of_a_child_differ_and_are_only_tracked_if_asked_for(experiment: Experiment, here: Path) -> None:
    (here / "outputs").mkdir()
    (here / "outputs" / "model.txt").write_text("weights")
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        with run.child_run() as child:
            pass
        with run.child_run(outputs="outputs") as asked:
            pass

    assert child.get_file_names() == []
    assert asked.get_file_names() == ["outputs/model.txt"]


def test_streams_and_logs_differ_and_are_left_alone(
    experiment: Experiment, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        print("printed")

    assert capsys.readouterr().out == "printed\n"
    assert list(here.iterdir()) == []
    assert run.get_file_names() == []


def test_submit_does_not_wait(experiment: Experiment, project: Project, tmp_path: Path) -> None:
    project.write("train.py", f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)")

    run = experiment.submit(project.config())

    wait_until(lambda: run.get_status() == "Running", "the script runs")
    (tmp_path / "go").touch()
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_submitted_run_has_an_id_of_experiment_seconds_and_eight_digits(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "")

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert re.fullmatch(r"digits_\d{10}_[0-9a-f]{8}", run.id)
    assert run.type == "azureml.scriptrun"


def test_the_id_of_a_submitted_run_may_be_given(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")

    run = experiment.submit(project.config(), run_id="mine")
    run.wait_for_completion()

    assert run.id == "mine"


def test_submit_takes_no_other_keyword(experiment: Experiment, project: Project) -> None:
    with pytest.raises(TypeError, match="priority"):
        experiment.submit(project.config(), priority=1)  # type: ignore[call-arg]


def test_submit_leaves_the_configuration_as_it_was(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    config = project.config(arguments=["--lr", "0.1"])
    before = deepcopy([vars(config), vars(config.run_config)])

    experiment.submit(config).wait_for_completion()

    for then, now in zip(before, [vars(config), vars(config.run_config)], strict=True):
        assert then.keys() == now.keys()
        assert all(then[name] == now[name] for name in ("script", "arguments", "command"))


def test_what_is_no_configuration_is_refused(experiment: Experiment) -> None:
    with pytest.raises(RunConfigurationException, match=r"'train\.py' cannot be submitted: give a ScriptRunConfig\("):
        experiment.submit("train.py")  # type: ignore[arg-type]


def test_tags_of_a_submitted_run_differ_and_are_there_when_it_starts(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "from localexp import Run; run = Run.get_context(); run.log('seen', run.get_tags()['a'])")

    run = experiment.submit(project.config(), tags={"a": "1"})
    run.wait_for_completion()

    assert run.get_metrics() == {"seen": "1"}


def test_credentials_of_a_script_differ_and_are_those_of_whoever_submits(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "import os; from localexp import Run; Run.get_context().log('user', os.getuid())")

    for passed_on in (False, True):
        run = experiment.submit(project.config(), credential_passthrough=passed_on)
        run.wait_for_completion()
        assert run.get_metrics() == {"user": os.getuid()}


def test_submit_differs_and_returns_a_plain_run(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert type(run) is Run


def test_addresses_of_repositories_differ_and_hold_no_credentials(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZUREML_GIT_REPOSITORY_URI", "https://user:token@example.org/project.git")

    with experiment.start_logging(snapshot_directory=str(project.path)) as run:
        properties = run.get_properties()

    assert properties["azureml.git.repository_uri"] == "https://example.org/project.git"
    assert properties["mlflow.source.git.repoURL"] == "https://example.org/project.git"


def test_a_source_directory_that_is_none_is_the_current_one() -> None:
    assert ScriptRunConfig(None).source_directory == ScriptRunConfig("").source_directory == "."


def test_a_script_that_is_missing_is_an_error_at_submit_only(experiment: Experiment, project: Project) -> None:
    config = project.config("missing.py")

    with pytest.raises(ExperimentExecutionException, match=r"missing\.py") as caught:
        experiment.submit(config)
    assert isinstance(caught.value, UserErrorException)
    assert list(experiment.get_runs()) == []


def test_what_a_script_config_says_wins_over_its_run_config() -> None:
    base = RunConfiguration("base.py", ["--a"])

    assert ScriptRunConfig(".", run_config=base).script == "base.py"
    assert ScriptRunConfig(".", run_config=base).arguments == ["--a"]
    assert ScriptRunConfig(".", "own.py", [], base).script == "own.py"
    assert ScriptRunConfig(".", "own.py", [], base).arguments == []


def test_what_a_run_config_says_already_is_ignored_with_a_warning() -> None:
    base = RunConfiguration()

    with pytest.warns(UserWarning, match="ignored with run_config"):
        config = ScriptRunConfig(".", "train.py", run_config=base, compute_target="cluster")

    assert config.run_config is base
    assert base.target == "local"


def test_arguments_that_are_no_texts_arrive_as_texts(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "import sys; from localexp import Run; Run.get_context().log_list('argv', sys.argv[1:])")
    config = ScriptRunConfig(project.path, "train.py", ["--lr", 0.1, "--n", 3])

    run = experiment.submit(config)
    run.wait_for_completion()

    assert run.get_metrics() == {"argv": ["--lr", "0.1", "--n", "3"]}


def test_a_command_given_as_a_list_is_joined_by_spaces(experiment: Experiment, project: Project) -> None:
    run = experiment.submit(ScriptRunConfig(project.path, command=["echo", "a  b", "$((1+1))"]))
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "a b 2\n"


def test_a_script_and_a_command_are_refused_together(experiment: Experiment, project: Project) -> None:
    with pytest.raises(RunConfigurationException, match="not both"):
        experiment.submit(ScriptRunConfig(project.path, "train.py", command="echo"))


def test_a_run_id_that_is_taken_is_refused(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    experiment.submit(project.config(), run_id="mine").wait_for_completion()

    with pytest.raises(UserErrorException, match="mine"):
        experiment.submit(project.config(), run_id="mine")


def test_a_directory_that_was_named_and_is_too_large_is_an_error(experiment: Experiment, here: Path) -> None:
    experiment.workspace.set_setting("snapshot.max_files", 1)
    (here / "a").touch()
    (here / "b").touch()

    with pytest.raises(SnapshotException):
        experiment.start_logging(snapshot_directory=here)

    assert list(experiment.get_runs()) == []


def test_files_of_a_script_differ_and_are_all_that_it_has_made(experiment: Experiment, project: Project) -> None:
    project.write("kept.txt", "as it was")
    project.write("changed.txt", "as it was")
    project.write(
        "train.py",
        """
        from pathlib import Path
        Path("made").mkdir()
        for name in ("outputs/model.txt", "logs/log.txt", "made/beside.txt", "top.txt", "changed.txt"):
            Path(name).write_text("made")
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    made = {"outputs/model.txt", "logs/log.txt", "made/beside.txt", "top.txt", "changed.txt"}
    assert set(run.get_file_names()) == {*made, "user_logs/std_log.txt"}


def test_the_variables_of_a_script_differ_and_name_no_service(experiment: Experiment, project: Project) -> None:
    project.write(
        "train.py",
        """
        import os
        from localexp import Run
        Run.get_context().log_row("seen", **{name: os.environ[name] for name in os.environ if "AZUREML" in name})
        """,
    )

    run = experiment.submit(project.config())
    run.wait_for_completion()

    assert run.get_metrics()["seen"] == {
        "AZUREML_RUN_ID": run.id,
        "AZUREML_EXPERIMENT_ID": experiment.id,
        "AZUREML_ARM_PROJECT_NAME": "digits",
        "AZUREML_ARM_WORKSPACE_NAME": experiment.workspace.name,
        "AZUREML_ARM_SUBSCRIPTION": "local",
        "AZUREML_ARM_RESOURCEGROUP": "local",
        "AZUREML_TARGET_TYPE": "local",
        "AZUREML_FRAMEWORK": "Python",
        "AZUREML_COMMUNICATOR": "None",
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
    }


def test_the_definition_of_a_run_differs_and_says_what_was_submitted(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    config = project.config(arguments=["--lr", "0.1"])
    config.run_config.environment_variables = {"TOKEN": "hidden"}

    run = experiment.submit(config)

    assert run.wait_for_completion()["runDefinition"] == {
        "script": "train.py",
        "arguments": ["--lr", "0.1"],
        "command": None,
        "target": "local",
        "environment": "default-environment",
        "interpreter": sys.executable,
        "sourceDirectory": str(project.path),
        "pythonPath": [],
        "environmentVariables": ["TOKEN"],
        "snapshotProject": True,
        "inputs": [],
        "ignoreParents": False,
        "maxRunDurationSeconds": 2_592_000,
        "build": None,
        "distributed": None,
    }
