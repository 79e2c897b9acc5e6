"""Packages are listed as in a conda environment file, and come to what pip is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localexp import CondaDependencies
from localexp.config import conda_packages
from localexp.errors import RunConfigurationException
from tests.processes import Project


@pytest.mark.parametrize(
    ("package", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy =1.26.*", "numpy==1.26.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy=1.26.4=py311h64a7726_0", "numpy==1.26.4"),
        ("numpy 1.26.4 py311h64a7726_0", "numpy==1.26.4"),
        ("conda-forge::scikit-learn>=1.2, <2", "scikit-learn>=1.2,<2"),
        ("numpy!=1.26.*", "numpy!=1.26.*"),
        ("numpy>=1.26.*", "numpy>=1.26"),
        ("numpy=2.0.0rc1", "numpy==2.0.0rc1"),
        ("numpy=*", "numpy"),
    ],
)
def test_a_conda_package_comes_to_a_requirement_of_pip(package: str, requirement: str) -> None:
    assert conda_packages.as_requirement(package) == requirement


@pytest.mark.parametrize("package", ["", "=1.2", "numpy=1.2|1.3", "numpy[version='>=1']", "a b c d"])
def test_what_only_conda_understands_is_refused(package: str) -> None:
    with pytest.raises(RunConfigurationException, match=r"has no name|that pip does not know|is no package"):
        CondaDependencies().add_conda_package(package)


@pytest.mark.parametrize(
    ("version", "fits", "does_not"),
    [
        ("python=3.11", "3.11.7", "3.1.11"),
        ("python==3.11", "3.11.0", "3.11.7"),
        ("python>=3.8,<3.12", "3.11.7", "3.12.0"),
        ("python~=3.10", "3.11.7", "4.0.0"),
        ("python!=3.11.*", "3.12.1", "3.11.7"),
        ("python>3.11", "3.11.7", "3.11.0"),
        ("python>=3.11.*", "3.12.1", "3.10.4"),
        ("python<=3.11.7", "3.11.7", "3.11.8"),
    ],
)
def test_a_version_of_python_is_compared_by_its_numbers(version: str, fits: str, does_not: str) -> None:
    assert not conda_packages.unlike(version, fits)
    assert conda_packages.unlike(version, does_not)


def test_packages_are_added_removed_and_replaced_by_name() -> None:
    dependencies = CondaDependencies.create("https://host/simple", ["numpy"], ["scipy=1.9"], "3.11")

    dependencies.add_pip_package("NumPy>=1.26")
    dependencies.add_pip_package("my_pkg[extra]==1")
    dependencies.add_pip_package("gone")
    dependencies.remove_pip_package("gone==5")
    dependencies.remove_pip_package("never-there")
    dependencies.add_conda_package("conda-forge::scipy=1.11")
    dependencies.add_conda_package("gone")
    dependencies.remove_conda_package("gone")
    dependencies.add_channel("conda-forge")
    dependencies.add_channel("gone")
    dependencies.remove_channel("gone")
    dependencies.set_python_version("3.12")

    assert dependencies.pip_packages == ["NumPy>=1.26", "my_pkg[extra]==1"]
    assert dependencies.conda_packages == ["python=3.12", "conda-forge::scipy=1.11"]
    assert dependencies.conda_channels == ["conda-forge"]
    assert dependencies.pip_options == ["--index-url https://host/simple"]
    assert dependencies.get_python_version() == "3.12"
    assert CondaDependencies().get_python_version() is None


def test_options_of_pip_are_set_and_removed() -> None:
    dependencies = CondaDependencies()
    dependencies.set_pip_index_url("https://one/simple")
    dependencies.set_pip_index_url("https://host/simple")
    dependencies.set_pip_option("--extra-index-url https://other/simple")
    dependencies.set_pip_option("--pre")
    dependencies.set_pip_requirements(["numpy", "pandas  # frames"])

    assert dependencies.pip_options == [
        "--index-url https://host/simple",
        "--extra-index-url https://other/simple",
        "--pre",
    ]
    assert dependencies.pip_packages == ["numpy", "pandas"]
    dependencies.remove_pip_option("--extra-index-url")
    dependencies.remove_pip_option("--pre")
    assert dependencies.pip_options == ["--index-url https://host/simple"]
    with pytest.raises(RunConfigurationException, match="'numpy' is no option of pip"):
        dependencies.set_pip_option("numpy")


def test_requirements_of_one_package_are_merged() -> None:
    merged = CondaDependencies.merge_requirements(["a>=1", "b", "a <2", "a>=1", "c ; python_version > '3'", "b==3"])

    assert merged == ["a>=1,<2", "b==3", "c ; python_version > '3'"]


def test_a_file_is_read_and_written(project: Project) -> None:
    project.write("requirements.txt", "pandas\n")
    file = project.write(
        "environment.yml",
        """
        name: mine
        channels:
          - conda-forge
        dependencies:
          - python=3.11  # as here
          - numpy
          - pip:
              - -r requirements.txt
              - scipy>=1.9
        prefix: /somewhere
        """,
    )

    dependencies = CondaDependencies(file)
    saved = dependencies.save(project.path)

    content = {
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "numpy", {"pip": ["pandas", "scipy>=1.9"]}],
    }
    assert dependencies.as_dict() == content
    assert saved == str(project.path / "conda_dependencies.yml")
    assert CondaDependencies(saved) == CondaDependencies(_underlying_structure=content) == dependencies
    assert dependencies.save_to_file(project.path, "other.yml") == "other.yml"
    assert (project.path / "other.yml").read_text() == dependencies.serialize_to_string() == Path(saved).read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("variables: {A: b}", "has no use for 'variables' here; leave it out. Environment variables are given as"),
        ("- numpy", "holds no names with values"),
        ("a: [", "is no YAML: while parsing"),
        ("dependencies: [{conda: [numpy]}]", "is no package"),
        ("dependencies: [5]", "5 is no package"),
        ("dependencies: [pip: numpy]", "pip is 'numpy'; write a list of packages"),
        ("dependencies: [pip: [-e .]]", "is a directory, whose content may change"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(project: Project, text: str, said: str) -> None:
    file = project.write("environment.yml", text)

    with pytest.raises(RunConfigurationException) as caught:
        CondaDependencies(file)

    assert said in str(caught.value)


def test_what_is_no_text_is_no_package() -> None:
    with pytest.raises(RunConfigurationException, match="pip_packages is 'numpy'; give a list of packages"):
        CondaDependencies.create(pip_packages="numpy")
    number: Any = 5

    with pytest.raises(RunConfigurationException, match="5 is no package"):
        CondaDependencies().add_conda_package(number)
    with pytest.raises(RunConfigurationException, match="5 is no line of text"):
        CondaDependencies().add_pip_package(number)
