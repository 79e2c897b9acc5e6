"""Workspaces, imports and errors are as in Azure ML (azure-ml-v1.md, sections 8 and 10), or differ on purpose."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import localexp
from localexp import Experiment, Workspace, errors
from localexp.compat import core, exceptions


def test_experiments_of_a_workspace_are_the_active_ones_by_name(workspace: Workspace) -> None:
    Experiment(workspace, "active")
    Experiment(workspace, "archived").archive()

    assert {name: one.name for name, one in workspace.experiments.items()} == {"active": "active"}


def test_a_workspace_is_found_from_below_and_by_the_path_of_a_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = Path(workspace.path) / "a" / "b"
    below.mkdir(parents=True)
    (below / "config.json").write_text("{}")
    monkeypatch.chdir(below)

    assert Workspace.from_config().path == workspace.path
    assert Workspace.from_config("config.json").path == workspace.path


def test_credentials_differ_and_are_taken_but_not_needed(workspace: Workspace) -> None:
    assert Workspace.from_config(workspace.path, auth=object()).path == workspace.path


def test_the_name_of_a_config_file_differs_and_is_refused(workspace: Workspace) -> None:
    with pytest.raises(errors.UserErrorException, match="mine"):
        Workspace.from_config(workspace.path, _file_name="mine")


def test_a_workspace_differs_and_is_made_of_a_path(tmp_path: Path) -> None:
    assert Workspace(tmp_path / "one").path == str(tmp_path / "one")


CALLED: Any = Workspace


@pytest.mark.parametrize(
    ("call", "taken"),
    [
        (lambda: CALLED("subscription", "group", "name"), "subscription, resource group and name"),
        (lambda: CALLED(subscription_id="s", resource_group="r", workspace_name="w"), "subscription_id"),
        (
            lambda: CALLED.create("name", subscription_id="s", resource_group="r", exist_ok=True),
            "subscription_id",
        ),
        (
            lambda: CALLED.create("name", None, "s", "r", "westeurope"),
            "subscription, resource group and name",
        ),
    ],
)
def test_calls_of_azure_ml_differ_and_are_told_what_to_write(
    call: Callable[[], object], taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(errors.UserErrorException, match=f"takes no {taken}: ") as caught:
        call()

    for instead in ("Workspace.from_config()", "Workspace(path)", "Workspace.create(name, path)"):
        assert instead in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["get", "list"])
def test_getting_and_listing_workspaces_differ_and_are_told_what_to_write(name: str) -> None:
    with pytest.raises(errors.UserErrorException, match=r"instead: Workspace\.from_config\(\), Workspace\(path\)"):
        getattr(Workspace, name)(name="name", subscription_id="s", resource_group="r")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("core", ["Environment", "Experiment", "Run", "RunConfiguration", "ScriptRunConfig", "Workspace", "get_run"]),
        ("core.run", ["Run", "RunStatus", "get_run", "_OfflineRun", "_SubmittedRun"]),
        ("core.experiment", ["Experiment", "ViewType"]),
        ("core.workspace", ["Workspace"]),
        ("core.environment", ["Environment", "PythonSection"]),
        ("core.runconfig", ["HistoryConfiguration", "RunConfiguration"]),
        ("core.script_run_config", ["ScriptRunConfig"]),
        ("exceptions", ["AzureMLException", "UserErrorException", "ActivityFailedException"]),
    ],
)
def test_names_are_found_where_azure_ml_has_them(path: str, names: list[str]) -> None:
    module = importlib.import_module(f"localexp.compat.{path}")

    assert set(names) <= set(module.__all__)
    assert all(getattr(module, name) is not None for name in module.__all__)


def test_compatible_names_are_our_own_but_for_the_experiment() -> None:
    for name in set(core.__all__) - {"Experiment", "VERSION"}:
        assert getattr(core, name) is getattr(localexp, name)
    assert issubclass(core.Experiment, Experiment)


def test_errors_differ_and_are_also_what_python_would_raise() -> None:
    assert exceptions.AzureMLException is errors.LocalexpError
    assert issubclass(errors.UserErrorException, ValueError)
    assert issubclass(errors.RunNotFound, KeyError)
    assert issubclass(errors.ActivityFailedException, RuntimeError)
    assert issubclass(errors.RunConfigurationException, errors.UserErrorException)


def test_the_name_of_a_workspace_differs_and_is_any_text(tmp_path: Path) -> None:
    name = "ab: a name with spaces, which is longer than 33 characters"

    assert Workspace.create(name, tmp_path).name == name
