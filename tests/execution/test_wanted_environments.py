"""What an environment's packages come to when a run is submitted: a virtual environment to be built, or an error."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from localexp import CondaDependencies, Environment, RunConfiguration, ScriptRunConfig
from localexp.config import submission_of
from localexp.errors import RunConfigurationException
from localexp.execution.environments.wanted import Wanted
from tests.processes import Project


def wanted(environment: Environment) -> Wanted | None:
    return submission_of(ScriptRunConfig(".", "train.py", environment=environment)).wanted


def with_packages(*packages: str, python_version: str | None = None) -> Environment:
    environment = Environment("mine")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=packages, python_version=python_version
    )
    return environment


def refusal(environment: Environment) -> str:
    with pytest.raises(RunConfigurationException) as caught:
        wanted(environment)
    return str(caught.value)


def test_a_requirements_file_comes_to_an_environment_that_is_built(project: Project) -> None:
    file = project.write("requirements.txt", "numpy>=1.26 # arrays\npandas\n")

    found = wanted(Environment.from_pip_requirements("mine", file))

    assert found is not None
    assert (found.interpreter, found.requirements) == (sys.executable, ["numpy>=1.26", "pandas"])
    same = wanted(with_packages("numpy>=1.26", "pandas"))
    assert same is not None
    assert same.id == found.id


def test_the_file_is_read_when_the_environment_is_made(project: Project) -> None:
    file = project.write("requirements.txt", "numpy\n")
    environment = Environment.from_pip_requirements("mine", file, pip_version="24.0")
    file.unlink()

    found = wanted(environment)

    assert found is not None
    assert found.requirements == ["numpy", "pip==24.0"]


def test_without_packages_nothing_is_built() -> None:
    assert wanted(Environment("mine")) is None
    environment = with_packages("numpy")
    environment.python.user_managed_dependencies = True
    assert wanted(environment) is None


def test_a_file_that_requires_nothing_is_refused(project: Project) -> None:
    empty = project.write("requirements.txt", "# nothing\n--no-index\n")
    conda = project.write("environment.yml", f"dependencies: [python={platform.python_version()}, pip]\n")

    with pytest.raises(RunConfigurationException, match=r"requirements\.txt requires no package"):
        Environment.from_pip_requirements("mine", empty)
    with pytest.raises(RunConfigurationException, match=r"environment\.yml requires no package"):
        Environment.from_conda_specification("mine", conda)
    managed = Environment("mine")
    managed.python.user_managed_dependencies = False
    for environment in (managed, with_packages()):
        assert "has no packages to be built from" in refusal(environment)


def test_a_conda_file_with_only_conda_packages_is_taken_from_pip_with_a_warning(project: Project) -> None:
    file = project.write(
        "environment.yml",
        f"""
        name: project_environment
        channels: [conda-forge]
        dependencies:
          - python={platform.python_version()}
          - conda-forge::scikit-learn=1.3
          - pip
        """,
    )
    environment = Environment.from_conda_specification("mine", file)

    with pytest.warns(UserWarning, match=r"no conda here: taken from pip are conda-forge::scikit-learn=1\.3$"):
        found = wanted(environment)

    assert found is not None
    assert found.requirements == ["scikit-learn==1.3.*"]


def test_another_version_of_python_than_the_interpreters_is_refused() -> None:
    version = platform.python_version()

    assert wanted(with_packages("numpy", python_version=version.rpartition(".")[0])) is not None
    said = refusal(with_packages("numpy", python_version="3.6"))

    assert f"is for python=3.6, and {sys.executable} is Python {version}: give python.interpreter_path" in said


def test_an_interpreter_may_be_another_which_is_asked_for_its_version(tmp_path: Path) -> None:
    other = tmp_path / "python3"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o755)
    environment = with_packages("numpy", python_version=platform.python_version())
    environment.python.interpreter_path = str(other)

    found, usual = wanted(environment), wanted(with_packages("numpy"))

    assert found is not None
    assert usual is not None
    assert found.interpreter == str(other)
    assert found.id != usual.id


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    environment = with_packages("numpy")
    environment.python.interpreter_path = "/bin/echo"

    assert "is no Python" in refusal(environment)


def test_a_configuration_may_be_made_with_packages() -> None:
    configuration = RunConfiguration(conda_dependencies=CondaDependencies.create(pip_packages=["numpy"]))
    submission = submission_of(ScriptRunConfig(".", "train.py", run_config=configuration))

    assert submission.wanted is not None
    assert submission.definition()["build"] == {"id": submission.wanted.id, "requirements": ["numpy"]}
