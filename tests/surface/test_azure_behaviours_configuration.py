"""Configurations behave as in Azure ML (azure-ml-v1.md, sections 3 and 4), or refuse what a local run cannot honour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from localexp import CondaDependencies, Environment, Experiment, RunConfiguration, ScriptRunConfig
from localexp.compat.core.environment import PythonSection
from localexp.compat.core.runconfig import HistoryConfiguration
from localexp.config import submission_of
from localexp.errors import RunConfigurationException
from tests.processes import Project


class Anything:
    name = "cluster"


def test_a_run_configuration_is_at_first_as_azure_mls() -> None:
    configuration = RunConfiguration()

    assert (configuration.script, configuration.command, configuration.arguments) == (None, "", [])
    assert (configuration.target, configuration.framework, configuration.communicator) == ("local", "Python", "None")
    assert (configuration.node_count, configuration.max_run_duration_seconds) == (1, None)
    assert configuration.environment.name == "default-environment"
    assert configuration.environment_variables == {}


def test_a_setting_that_is_not_there_is_an_error() -> None:
    for configuration in (RunConfiguration(), Environment("any"), PythonSection(), HistoryConfiguration()):
        with pytest.raises(AttributeError, match="enviroment"):
            configuration.enviroment = 1


def test_the_environment_variables_of_a_run_are_apart_from_those_of_its_environment(
    experiment: Experiment, project: Project
) -> None:
    project.write(
        "train.py",
        "import os; from localexp import Run; Run.get_context().log_list('seen', [os.environ['A'], os.environ['B']])",
    )
    config = project.config()
    config.run_config.environment.environment_variables = {"A": "environment", "B": "environment"}
    config.run_config.environment_variables["B"] = "run"

    run = experiment.submit(config)
    run.wait_for_completion()

    assert run.get_metrics() == {"seen": ["environment", "run"]}


def test_the_target_may_be_an_object_with_a_name() -> None:
    assert ScriptRunConfig(".", "train.py", compute_target=Anything()).run_config.target == "cluster"


def test_another_target_differs_and_is_refused_at_submit(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    config = project.config()
    config.run_config.target = "cpu-cluster"

    with pytest.raises(RunConfigurationException, match=r"cpu-cluster.*supported: local"):
        experiment.submit(config)


def test_packages_differ_and_are_those_of_the_interpreter() -> None:
    plain, built, chosen = (Environment("any").python for _ in range(3))
    built.conda_dependencies = chosen.conda_dependencies = CondaDependencies()
    chosen.user_managed_dependencies = True

    assert plain.user_managed_dependencies is chosen.user_managed_dependencies is True
    assert built.user_managed_dependencies is False
    with pytest.raises(RunConfigurationException, match="user_managed_dependencies is True or False, not 'yes'"):
        plain.user_managed_dependencies = "yes"  # type: ignore[assignment]


def test_the_packages_of_a_new_environment_differ_and_are_none() -> None:
    assert Environment("any").python.conda_dependencies is None


@pytest.mark.parametrize(
    "words",
    [
        {"framework": "PySpark"},
        {"communicator": "ParameterServer"},
        {"_history_enabled": False},
    ],
)
def test_a_run_configuration_differs_and_refuses_what_would_have_no_effect(words: dict[str, Any]) -> None:
    [(name, value)] = words.items()

    with pytest.raises(RunConfigurationException) as caught:
        RunConfiguration(**words)

    assert str(caught.value).startswith(f"{name} cannot be {value!r} here: ")


@pytest.mark.parametrize(
    "words",
    [
        {"distributed_job_config": Anything()},
        {"resume_from": Anything()},
        {"docker_runtime_config": Anything()},
        {"_telemetry_values": {}},
    ],
)
def test_a_script_config_differs_and_refuses_what_would_have_no_effect(words: dict[str, Any]) -> None:
    [name] = words

    with pytest.raises(RunConfigurationException, match=f"^{name} cannot be .* here: "):
        ScriptRunConfig(".", "train.py", **words)


@pytest.mark.parametrize(
    ("name", "value"),
    [("framework", "TensorFlow"), ("communicator", "ParameterServer"), ("node_count", 2)],
)
def test_a_setting_that_would_have_no_effect_differs_and_is_refused(name: str, value: object) -> None:
    with pytest.raises(RunConfigurationException, match=f"^{name} cannot be"):
        setattr(RunConfiguration(), name, value)


def test_outputs_differ_and_are_always_kept() -> None:
    with pytest.raises(RunConfigurationException, match="output_collection cannot be False"):
        RunConfiguration().history.output_collection = False


def test_conda_dependencies_are_of_their_class() -> None:
    dependencies = CondaDependencies.create(pip_packages=["numpy"])

    assert RunConfiguration(conda_dependencies=dependencies).environment.python.conda_dependencies is dependencies
    with pytest.raises(RunConfigurationException, match="give CondaDependencies, or None"):
        Environment("any").python.conda_dependencies = Anything()  # type: ignore[assignment]


def test_defaults_may_be_written_out() -> None:
    configuration = RunConfiguration("train.py", [], "Python", "None", None, None, None, None, None)
    configuration.node_count = 1
    configuration.history.output_collection = True
    config = ScriptRunConfig(
        ".",
        "train.py",
        [],
        None,
        None,
        "local",
        Environment("any"),
        None,
        None,
        ScriptRunConfig.MAX_DURATION_SECONDS_DEFAULT,
        None,
        None,
    )

    assert configuration.script == config.script == "train.py"
    assert config.run_config.environment.name == "any"


@pytest.mark.parametrize("kind", [PythonSection, lambda **words: Environment("any", **words)])
def test_a_keyword_that_an_environment_does_not_know_is_refused(kind: Any) -> None:
    with pytest.raises(RunConfigurationException, match="image"):
        kind(image="ubuntu")


def test_a_run_config_that_is_a_name_is_refused() -> None:
    with pytest.raises(RunConfigurationException, match="give a RunConfiguration"):
        ScriptRunConfig(".", run_config="mine")  # type: ignore[arg-type]


def test_configurations_show_in_one_line_what_is_set_but_no_value_of_an_environment_variable() -> None:
    run_config = RunConfiguration()
    run_config.environment_variables = {"TOKEN": "hidden"}
    run_config.environment.environment_variables = {"PASSWORD": "hidden"}
    config = ScriptRunConfig("src", "train.py", ["--text", "two\nlines"], run_config)

    environment = (
        "Environment(name='default-environment', python=PythonSection(interpreter_path='python'), "
        "environment_variables=['PASSWORD'])"
    )
    history = "HistoryConfiguration(snapshot_project=True)"
    assert repr(run_config) == (
        f"RunConfiguration(target='local', environment={environment}, environment_variables=['TOKEN'], "
        f"history={history})"
    )
    assert repr(config) == (
        f"ScriptRunConfig(source_directory='src', run_config={run_config!r}, script='train.py', "
        r"arguments=['--text', 'two\nlines'])"
    )
    assert str(config) == repr(config)


def test_a_configuration_that_is_half_made_or_oddly_set_can_be_shown() -> None:
    run_config = RunConfiguration()
    run_config.arguments = numpy.array([1, 2])
    run_config.environment_variables = "TOKEN=hidden"  # type: ignore[assignment]

    assert "arguments=array([1, 2])" in repr(run_config)
    assert "environment_variables=<class 'str'>" in repr(run_config)
    assert repr(RunConfiguration.__new__(RunConfiguration)) == "RunConfiguration()"


def test_the_variables_of_a_new_environment_differ_and_are_none() -> None:
    assert RunConfiguration().environment.environment_variables == {}
    assert Environment("any").environment_variables == {}


def test_conda_packages_differ_and_are_taken_from_pip() -> None:
    environment = Environment("any")
    environment.python.conda_dependencies = CondaDependencies.create(conda_packages=["scikit-learn=1.3"])

    with pytest.warns(UserWarning, match=r"taken from pip are scikit-learn=1\.3"):
        submission = submission_of(ScriptRunConfig(".", "train.py", environment=environment))

    assert submission.wanted is not None
    assert submission.wanted.requirements == ["scikit-learn==1.3.*"]


def test_the_version_of_python_differs_and_is_the_interpreters() -> None:
    environment = Environment("any")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["numpy"])
    assert environment.python.conda_dependencies.get_python_version() is None

    environment.python.conda_dependencies.set_python_version("2.7")

    with pytest.raises(RunConfigurationException, match=r"for python=2\.7, and .* give python\.interp"):
        submission_of(ScriptRunConfig(".", "train.py", environment=environment))


def test_saving_a_configuration_differs_and_makes_one_file(tmp_path: Path) -> None:
    RunConfiguration(conda_dependencies=CondaDependencies.create(pip_packages=["numpy"])).save(tmp_path, "mine")

    assert [file.name for file in tmp_path.rglob("*")] == [".azureml", "mine"]
