"""Run configurations are written and read as YAML files under Azure ML's names."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import CondaDependencies, Environment, MpiConfiguration, PyTorchConfiguration, RunConfiguration
from localexp.errors import LocalexpError, RunConfigurationException, UserErrorException
from tests.processes import Project

AZURE_MLS = """
# The script to run.
script: train.py
# The arguments to the script file.
arguments: []
target: local
framework: Python
communicator: None
autoPrepareEnvironment: true
maxRunDurationSeconds:
nodeCount: 1
priority:
environment:
  name: project_environment
  version:
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
  python:
    userManagedDependencies: false
    interpreterPath: python
    condaDependenciesFile: .azureml/conda_dependencies.yml
    baseCondaEnvironment:
  docker:
    enabled: false
    baseImage: mcr.microsoft.com/azureml/base:0.2.1
    sharedVolumes: true
    gpuSupport: false
    arguments: []
    baseImageRegistry: {address: , username: , password: }
  spark:
    repositories: ['https://mmlspark.azureedge.net/maven']
    packages:
    - {group: com.microsoft.ml.spark, artifact: mmlspark_2.11, version: '0.12'}
    precachePackages: true
  databricks: {mavenLibraries: [], pypiLibraries: []}
  inferencingStackVersion:
history:
  outputCollection: true
  snapshotProject: true
  directoriesToWatch:
  - logs
spark:
  configuration: {spark.app.name: Azure ML Experiment, spark.yarn.maxAppAttempts: 1}
docker: {useDocker: false, sharedVolumes: true, arguments: [], shmSize: 2g}
hdi: {yarnDeployMode: cluster}
tensorflow: {workerCount: 1, parameterServerCount: 1}
mpi: {processCountPerNode: 1, nodeCount: 1}
pytorch: {communicationBackend: nccl, processCount: , nodeCount: 1}
paralleltask: {maxRetriesPerWorker: 0, workerCountPerNode: 1, terminalExitCodes: }
dataReferences: {}
data: {}
datacaches: []
outputData: {}
sourceDirectoryDataStore:
amlcompute: {vmSize: , vmPriority: , retainCluster: false, name: , clusterMaxNodeCount: 1}
kubernetescompute: {instanceType: }
services: {}
credentialPassthrough: false
command: ''
environmentVariables: {}
applicationEndpoints: {}
"""


class Color(str, enum.Enum):
    RED = "red"


texts = st.text(max_size=8)
words = texts.filter(lambda text: "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text))
names = words.filter(lambda text: text != "" and "=" not in text)
variables = st.dictionaries(names, words, max_size=3)
packages = st.sampled_from(
    ["numpy", "pandas>=2 ; python_version > '3'", "-c scipy<2", "--pre", "a @ https://host/a.whl"]
)


@st.composite
def configurations(draw: st.DrawFn) -> RunConfiguration:
    made = RunConfiguration(
        draw(st.none() | words),
        draw(st.lists(words | st.integers() | st.floats(allow_nan=False), max_size=4)),
        command=draw(words | st.lists(words, max_size=3)),
    )
    made.target = draw(words)
    made.max_run_duration_seconds = draw(st.none() | st.integers(1))
    made.history.snapshot_project = draw(st.booleans())
    made.environment_variables = draw(variables)
    made.communicator = draw(st.sampled_from(["None", "OpenMpi", "Gloo"]))
    made.mpi = MpiConfiguration(draw(st.integers(1, 9)))
    made.pytorch = PyTorchConfiguration(draw(st.sampled_from(["Nccl", "gloo"])), draw(st.none() | st.integers(1, 9)))
    made.environment = Environment(draw(texts))
    made.environment.environment_variables = draw(variables)
    made.environment.python.interpreter_path = draw(words)
    if draw(st.booleans()):
        made.environment.python.conda_dependencies = CondaDependencies.create(
            pip_packages=draw(st.lists(packages, max_size=2)),
            conda_packages=draw(st.lists(st.sampled_from(["scipy=1.9", "torch"]), max_size=2)),
            python_version=draw(st.none() | st.just("3.10")),
        )
    if draw(st.booleans()):
        made.environment.python.user_managed_dependencies = draw(st.booleans())
    return made


def everything_of(value: Any) -> Any:
    """What can be read from a configuration, by name."""
    if isinstance(value, CondaDependencies):
        return value.as_dict()
    if not hasattr(value, "_settings"):
        return value
    return {name: everything_of(getattr(value, name)) for name in value._settings()}


def changed(text: str, **values: Any) -> str:
    return yaml.safe_dump({**yaml.safe_load(text), **values})


@given(configuration=configurations(), is_apart=st.booleans())
@settings(max_examples=25)
def test_what_is_saved_is_loaded_again(configuration: RunConfiguration, is_apart: bool, tmp_path: Path) -> None:
    configuration.save(tmp_path, "mine", separate_environment_yaml=is_apart)

    assert everything_of(RunConfiguration.load(tmp_path, "mine")) == everything_of(configuration)


def test_names_are_those_of_azure_ml(tmp_path: Path) -> None:
    configuration = RunConfiguration("train.py", ["--lr", numpy.float64(0.1), Path("data"), Color.RED])
    configuration.environment = Environment("mine")
    configuration.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["numpy"])
    configuration.environment_variables = {"TOKEN": "as given"}

    configuration.save(tmp_path / "mine.yml")

    assert yaml.safe_load((tmp_path / "mine.yml").read_text()) == {
        "script": "train.py",
        "command": "",
        "arguments": ["--lr", 0.1, "data", "red"],
        "target": "local",
        "framework": "Python",
        "communicator": "None",
        "maxRunDurationSeconds": None,
        "nodeCount": 1,
        "environmentVariables": {"TOKEN": "as given"},
        "environment": {
            "name": "mine",
            "version": None,
            "environmentVariables": {},
            "python": {
                "userManagedDependencies": False,
                "interpreterPath": "python",
                "condaDependencies": {"channels": [], "dependencies": [{"pip": ["numpy"]}]},
            },
        },
        "history": {"outputCollection": True, "snapshotProject": True},
        "mpi": {"processCountPerNode": 1, "nodeCount": 1},
        "pytorch": {"communicationBackend": "Nccl", "processCount": None, "nodeCount": 1},
    }


def test_a_file_of_azure_ml_is_read_with_the_packages_that_it_names(project: Project) -> None:
    project.write(".azureml/mine.runconfig", AZURE_MLS)
    project.write(".azureml/conda_dependencies.yml", "dependencies: [python=3.10, pip: [numpy]]")

    configuration = RunConfiguration.load(project.path, "mine")

    assert configuration.script == "train.py"
    assert configuration.environment.name == "project_environment"
    assert configuration.environment.python.user_managed_dependencies is False
    assert configuration.environment.python.conda_dependencies == CondaDependencies.create(
        pip_packages=["numpy"], python_version="3.10"
    )


def test_packages_that_are_not_needed_need_not_be_there(project: Project) -> None:
    file = project.write(
        "mine.runconfig", AZURE_MLS.replace("userManagedDependencies: false", "user_managed_dependencies: true")
    )

    assert RunConfiguration.load(file).environment.python.user_managed_dependencies is True
    file.write_text(AZURE_MLS)
    with pytest.raises(RunConfigurationException, match=r"conda_dependencies\.yml that the configuration names is not"):
        RunConfiguration.load(file)


def test_names_of_attributes_are_read_too(project: Project) -> None:
    file = project.write("mine.yml", "max_run_duration_seconds: 5\nenvironment_variables: {MAX_LEVEL: 3}\n")

    configuration = RunConfiguration.load(file)

    assert configuration.max_run_duration_seconds == 5
    assert configuration.environment_variables == {"MAX_LEVEL": "3"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("framework", "PySpark"),
        ("nodeCount", 2),
        ("priority", 3),
        ("docker", {"useDocker": True}),
        ("mpi", {"nodeCount": 2}),
        ("pytorch", {"process_count": "many"}),
        ("mpi", ["processCountPerNode"]),
        ("dataReferences", {"a": {}}),
        ("credentialPassthrough", True),
        ("script", 5),
        ("environment", ["mine"]),
        ("environment", {"python": {"baseCondaEnvironment": "x"}}),
        ("history", {"directoriesToWatch": ["elsewhere"]}),
        ("history", {"outputCollection": False}),
        ("sricpt", "train.py"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(project: Project, name: str, value: object) -> None:
    file = project.write("mine.yml", changed(AZURE_MLS, **{"environment": {}, name: value}))
    inner = list(value)[-1] if name in ("history",) and isinstance(value, dict) else name
    inner = {"mpi": "nodeCount", "pytorch": "processCount"}.get(name, inner) if isinstance(value, dict) else inner
    inner = "baseCondaEnvironment" if "baseCondaEnvironment" in str(value) else inner

    with pytest.raises(LocalexpError) as caught:
        RunConfiguration.load(file)

    attribute = "".join(f"_{one.lower()}" if one.isupper() else one for one in inner)
    assert inner in str(caught.value) or attribute in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 1000, "is nested too deeply"),
        ("arguments: &all [*all]", "no file can hold"),
        ("environment: {name: [mine]}", r"name is \['mine'\]; write a text"),
        ("spark: [&a [x, x], &b [*a, *a], &c [*b, *b]]\npriority: [*c, *c, *c]", r"priority cannot be \[\[\.\.\.\], "),
        ("docker: {enabled: true, baseImageRegistry: {password: secret}}", r"with 'enabled', 'baseImageRegistry' here"),
    ],
)
def test_errors_are_short_and_hold_no_values(project: Project, text: str, said: str) -> None:
    file = project.write("mine.yml", text.replace("docker", "environment: {docker") + "}" * ("docker" in text))

    with pytest.raises(RunConfigurationException, match=said):
        RunConfiguration.load(file).save(file)


def test_files_are_found_by_folder_and_name_and_deleted_so(project: Project) -> None:
    RunConfiguration("one.py").save(project.path, "one")
    project.write("two.runconfig", "script: two.py")
    project.write(".azureml/three.runconfig", "script: three.py")

    for name in ("one", "two", "three"):
        assert RunConfiguration.load(project.path, name).script == f"{name}.py"
        RunConfiguration.delete(project.path, name)
        with pytest.raises(RunConfigurationException, match="there is no run configuration at"):
            RunConfiguration.load(project.path, name)
        with pytest.raises(RunConfigurationException, match="there is no run configuration at"):
            RunConfiguration.delete(project.path, name)


def test_a_name_is_that_of_a_file_in_a_folder_which_is_made(project: Project) -> None:
    RunConfiguration("one.py").save(project.path / "new" / "folder", "one")
    loaded = RunConfiguration.load(project.path / "new" / "folder", "one")
    loaded.save(project.path / "two.yml")
    file = RunConfiguration.load(project.path / "two.yml", "whatever")
    file.save()

    assert loaded.script == file.script == "one.py"
    assert sorted(path.name for path in project.path.rglob("*")) == [".azureml", "folder", "new", "one", "two.yml"]
    with pytest.raises(RunConfigurationException, match=r"leave out the name 'one' if .* is the file"):
        loaded.save(project.path / "two.yml", "one")


def test_a_configuration_is_saved_again_where_it_was_loaded_from(project: Project) -> None:
    project.write("aml_config/mine", "script: one.py")
    configuration = RunConfiguration.load(project.path, "mine")
    configuration.script = "two.py"

    configuration.save()

    assert RunConfiguration.load(project.path, "mine").script == "two.py"
    assert not (project.path / ".azureml").exists()


def test_what_no_file_can_hold_is_refused_and_leaves_the_file_that_is_there(project: Project) -> None:
    file = project.write("mine.yml", "script: one.py")
    configuration = RunConfiguration("two.py", [object()])  # type: ignore[list-item]

    with pytest.raises(RunConfigurationException, match="which no file can hold"):
        configuration.save(file)
    with pytest.raises(UserErrorException, match="needs a name, and not None"):
        RunConfiguration().save(project.path)
    with pytest.raises(RunConfigurationException, match="cannot be written"):
        RunConfiguration().save(project.path / "nosuch" / "mine.yml")

    assert [(one.name, one.read_text()) for one in project.path.iterdir()] == [("mine.yml", "script: one.py")]
