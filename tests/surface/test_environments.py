"""Environments are registered in a workspace by name and version, and written into folders."""

from __future__ import annotations

import json

import pytest

from localexp import CondaDependencies, Environment, Workspace
from localexp.errors import RunConfigurationException, UserErrorException
from tests.processes import Project


def with_packages(name: str, *packages: str) -> Environment:
    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
    environment.environment_variables = {"LEVEL": "3"}
    return environment


def shown(environment: Environment) -> str:
    return f"{environment!r} {environment.environment_variables} {environment.python.user_managed_dependencies}"


def test_a_registered_environment_is_had_back_by_name(workspace: Workspace) -> None:
    environment = with_packages("mine", "numpy>=1.26")
    environment.python.interpreter_path = "/opt/python"

    registered = environment.register(workspace)

    assert registered is environment
    assert environment.version == "1"
    assert shown(Environment.get(workspace, "mine")) == shown(environment)
    assert Environment.get(workspace, "mine").python.conda_dependencies == environment.python.conda_dependencies


def test_versions_count_up_with_each_change(workspace: Workspace) -> None:
    versions = [
        with_packages("mine", *packages).register(workspace).version
        for packages in (["numpy"], ["numpy"], ["scipy"], ["numpy"])
    ]

    assert versions == ["1", "1", "2", "3"]
    second = Environment.get(workspace, "mine", version="2").python.conda_dependencies
    assert second is not None
    assert second.pip_packages == ["scipy"]
    assert Environment.get(workspace, "mine", label="latest").version == "3"
    assert Environment.get(workspace, "mine").register(workspace).version == "3"


def test_the_newest_of_each_are_listed(workspace: Workspace) -> None:
    assert workspace.environments == {}
    for name, package in (("b", "numpy"), ("a", "numpy"), ("b", "scipy")):
        with_packages(name, package).register(workspace)

    found = Environment.list(workspace)

    assert {name: one.version for name, one in found.items()} == {"a": "1", "b": "2"}
    assert workspace.environments.keys() == found.keys()


def test_what_is_not_registered_is_refused_with_what_is(workspace: Workspace) -> None:
    with_packages("mine", "numpy").register(workspace)

    with pytest.raises(UserErrorException, match=r"no environment 'yours' in this workspace; there are: mine$"):
        Environment.get(workspace, "yours")
    with pytest.raises(UserErrorException, match=r"'mine' has no version '2'; it has 1$"):
        Environment.get(workspace, "mine", "2")
    with pytest.raises(UserErrorException, match="no labels but 'latest', so not 'best'"):
        Environment.get(workspace, "mine", label="best")
    with pytest.raises(UserErrorException, match=r"the workspace is 'misc', .* Workspace\.from_config\(\)"):
        Environment.list("misc")  # type: ignore[arg-type]
    with pytest.raises(UserErrorException, match="a text that is not empty, not ''"):
        Environment("").register(workspace)
    with pytest.raises(UserErrorException, match="a text that is not empty, not None"):
        Environment.get(workspace, None)  # type: ignore[arg-type]


def test_a_wheel_that_is_gone_is_no_matter_before_submit(workspace: Workspace, project: Project) -> None:
    wheel = project.write("a.whl", "")
    with_packages("mine", str(wheel)).register(workspace)
    wheel.unlink()

    found = workspace.environments["mine"].python.conda_dependencies

    assert found is not None
    assert found.pip_packages == [str(wheel)]


def test_an_environment_that_cannot_be_used_any_more_hides_no_other(workspace: Workspace, project: Project) -> None:
    file = project.write("tiny-1.0-py3-none-any.whl", "content")
    with_packages("broken", str(file)).register(workspace)
    with_packages("mine", "numpy").register(workspace)
    file.unlink()
    file.mkdir()

    with pytest.warns(UserWarning, match="version 1 of the environment 'broken' cannot be used any more") as caught:
        assert workspace.environments.keys() == {"mine"}
    assert [one.filename for one in caught] == [__file__]
    with pytest.raises(UserErrorException, match=r"'broken' cannot be used any more: .*register it anew"):
        Environment.get(workspace, "broken")


def test_a_clone_is_another_environment(workspace: Workspace) -> None:
    environment = with_packages("mine", "numpy").register(workspace)

    clone = environment.clone("yours")
    clone.environment_variables["LEVEL"] = "4"

    assert (clone.name, clone.version) == ("yours", None)
    assert clone.python.conda_dependencies == environment.python.conda_dependencies
    assert environment.environment_variables == {"LEVEL": "3"}


def test_an_environment_is_written_into_a_folder_and_read_from_it(project: Project) -> None:
    environment = with_packages("mine", "numpy")
    folder = project.path / "kept"

    environment.save_to_directory(folder)

    assert shown(Environment.load_from_directory(folder)) == shown(environment)
    assert sorted(file.name for file in folder.iterdir()) == ["azureml_environment.json", "conda_dependencies.yml"]
    with pytest.raises(UserErrorException, match="is there already; pass overwrite=True"):
        environment.save_to_directory(folder)
    plain = Environment("plain")
    plain.save_to_directory(folder, overwrite=True)
    assert shown(Environment.load_from_directory(folder)) == shown(plain)
    with pytest.raises(RunConfigurationException, match="cannot be read"):
        Environment.load_from_directory(project.path)


def test_an_environment_that_azure_ml_has_written_can_be_read(project: Project) -> None:
    form: dict[str, object] = {
        "assetId": None,
        "databricks": {"eggLibraries": [], "jarLibraries": [], "mavenLibraries": []},
        "docker": {"arguments": [], "baseImage": "mcr.microsoft.com/azureml/base", "enabled": False},
        "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
        "inferencingStackVersion": None,
        "name": "mine",
        "python": {"baseCondaEnvironment": None, "interpreterPath": "python", "userManagedDependencies": False},
        "r": None,
        "spark": {"packages": [], "precachePackages": True, "repositories": []},
        "version": "7",
    }
    project.write("azureml_environment.json", json.dumps(form))
    project.write("conda_dependencies.yml", "dependencies: [pip: [azureml-defaults]]")

    environment = Environment.load_from_directory(project.path)

    assert (environment.name, environment.version) == ("mine", "7")
    assert environment.environment_variables == {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
    assert environment.python.conda_dependencies == CondaDependencies.create(pip_packages=["azureml-defaults"])
    form["docker"] = {"enabled": True}
    project.write("azureml_environment.json", json.dumps(form))
    with pytest.raises(RunConfigurationException, match=r"^docker cannot be .*: nothing runs in a container"):
        Environment.load_from_directory(project.path)
