"""A call with something of another kind is refused, and told what is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from localexp import (
    CondaDependencies,
    Environment,
    Experiment,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    Workspace,
    get_run,
)
from localexp.compat import core
from localexp.errors import RunConfigurationException, UserErrorException
from tests.processes import Project

WRONG: Any = "misc"
NONE: Any = None
THREE: Any = 3


@pytest.mark.parametrize(
    "call",
    [
        lambda: Experiment(WRONG, "digits"),
        lambda: core.Experiment(WRONG, "digits"),
        lambda: Experiment.list(WRONG),
        lambda: Experiment.delete(WRONG, "an id"),
        lambda: Run.get(WRONG, "an id"),
    ],
)
def test_what_is_no_workspace_is_refused_where_one_is_needed(call: Callable[[], object]) -> None:
    with pytest.raises(UserErrorException, match=r"the workspace is 'misc', .* Workspace\.from_config\(\)"):
        call()


@pytest.mark.parametrize(
    "call", [lambda: Run(WRONG, "an id"), lambda: get_run(WRONG, "an id"), lambda: Run.list(WRONG)]
)
def test_what_is_no_experiment_is_refused_where_one_is_needed(call: Callable[[], object]) -> None:
    with pytest.raises(UserErrorException, match=r"the experiment is 'misc', .* Experiment\(workspace, name\)"):
        call()


def test_a_workspace_in_place_of_an_experiment_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UserErrorException, match=r"Run\.get\(workspace, run_id\)"):
        Run(workspace, "an id")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        lambda: Environment.from_pip_requirements("any", NONE),
        lambda: Environment.from_conda_specification("any", NONE),
        lambda: Environment.load_from_directory(NONE),
        lambda: Environment("any").save_to_directory(NONE),
        lambda: CondaDependencies().save(THREE),
        lambda: CondaDependencies(THREE),
        lambda: RunConfiguration.load(NONE),
        lambda: RunConfiguration.delete(NONE, "any"),
        lambda: RunConfiguration().save(THREE, "any"),
    ],
)
def test_what_is_no_path_of_a_configuration_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(RunConfigurationException, match=r"the path of .* is (None|3); give a text or a Path"):
        call()


def test_what_is_no_name_of_a_configuration_is_refused(workspace: Workspace, project: Project) -> None:
    with pytest.raises(UserErrorException, match="the name of an environment is a text that is not empty, not None"):
        Environment.get(workspace, NONE)
    with pytest.raises(RunConfigurationException, match="the name of a run configuration is a text, not 3"):
        RunConfiguration.load(project.path, THREE)
    with pytest.raises(UserErrorException, match="needs a name, and not 3"):
        RunConfiguration().save(project.path, THREE)


@pytest.mark.parametrize("name", ["now", "reuse", "force", "ignore_parents"])
def test_what_is_neither_true_nor_false_is_refused_at_submit(
    experiment: Experiment, project: Project, name: str
) -> None:
    project.write("train.py", "")

    with pytest.raises(UserErrorException, match=f"{name} is True or False, not 'misc'"):
        experiment.submit(project.config(), **{name: WRONG})
    assert list(experiment.get_runs()) == []


@pytest.mark.parametrize("arguments", ["0 1", b"0 1", "", {"--lr": 0.1}, 5])
def test_arguments_that_are_no_list_are_refused_at_submit(
    experiment: Experiment, project: Project, arguments: Any
) -> None:
    project.write("train.py", "")
    configs = [
        ScriptRunConfig(project.path, "train.py", arguments),
        ScriptRunConfig(project.path, run_config=RunConfiguration("train.py", arguments)),
    ]

    for config in configs:
        with pytest.raises(UserErrorException, match="give a list, one element for each argument"):
            experiment.submit(config)
    assert list(experiment.get_runs()) == []


@pytest.mark.parametrize("arguments", [("--lr", 1), numpy.array(["--lr", "1"]), iter(["--lr", 1])])
def test_arguments_are_any_sequence(arguments: Any) -> None:
    assert [str(one) for one in ScriptRunConfig(".", "train.py", arguments).arguments] == ["--lr", "1"]


@pytest.mark.parametrize(
    ("script", "problem"),
    [("missing.py", "there is no script"), ("folder", "is a directory"), ("left/out.py", "is not in the snapshot")],
)
def test_a_script_that_is_not_there_can_be_caught_as_in_azure_ml_and_as_a_value_error(
    experiment: Experiment, project: Project, script: str, problem: str
) -> None:
    from localexp.compat.exceptions import ExperimentExecutionException

    project.write("folder/train.py", "")
    project.write("left/out.py", "")
    project.write(".gitignore", "left/")

    for kind in (ExperimentExecutionException, UserErrorException, ValueError):
        with pytest.raises(kind, match=problem):
            experiment.submit(project.config(script))
    assert list(experiment.get_runs()) == []
