"""What is absent on purpose says why, and what to use instead; what is misspelt gets Python's own text."""

from __future__ import annotations

import copy
import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import localexp
from localexp import CondaDependencies, Environment, Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from localexp.absent import ABSENT, IMPORTS
from localexp.compat import core
from localexp.config import HistoryConfiguration, PythonSection
from localexp.errors import AbsentImport, AbsentName, LocalexpError, UserErrorException
from tests.surface.azure_surface import gaps

CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Run,
        Experiment,
        Workspace,
        RunConfiguration,
        Environment,
        PythonSection,
        CondaDependencies,
        HistoryConfiguration,
        ScriptRunConfig,
    )
}
OWNERS = {"_SubmittedRun": "Run", "exceptions": IMPORTS, "hyperdrive": IMPORTS}
MODULES = [
    "core",
    "core.conda_dependencies",
    "core.environment",
    "core.experiment",
    "core.run",
    "core.runconfig",
    "core.script_run_config",
    "core.workspace",
    "exceptions",
    "widgets",
]


def made(workspace: Workspace) -> list[object]:
    """An object of each class."""
    experiment = Experiment(workspace, "digits")
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.complete()
    config = ScriptRunConfig(".", "train.py")
    environment = config.run_config.environment
    parts = [config.run_config.history, environment, CondaDependencies.create(pip_packages=["numpy"])]
    return [run, experiment, workspace, config, config.run_config, *parts]


def of_class(workspace: Workspace, owner: str) -> object:
    [found] = [one for one in [*made(workspace), PythonSection()] if type(one).__name__ == owner]
    return found


def test_each_gap_has_the_same_advice_where_its_name_is_asked_for() -> None:
    wanted = {}
    for gap in gaps():
        if gap.what == "absent":
            place = (OWNERS.get(gap.owner, gap.owner), gap.name) if gap.name else (IMPORTS, gap.owner)
            wanted[place] = (gap.reason.replace("`", ""), gap.instead.replace("`", ""))

    assert {place: ABSENT.get(place) for place in wanted} == wanted
    assert {place for place in ABSENT if place[0] != IMPORTS} == {place for place in wanted if place[0] != IMPORTS}
    assert {owner for owner, _ in ABSENT} <= {*CLASSES, IMPORTS}


@pytest.mark.parametrize(("owner", "name"), [place for place in ABSENT if place[0] != IMPORTS])
def test_an_absent_name_of_a_class_says_why_and_what_to_use_instead(owner: str, name: str) -> None:
    why, instead = ABSENT[owner, name]

    assert not hasattr(CLASSES[owner], name)
    with pytest.raises(AttributeError) as caught:
        getattr(CLASSES[owner], name)

    assert str(caught.value) == f"type object {owner!r} has no attribute {name!r}: {why}; instead: {instead}"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("Run", "register_model"),
        ("Workspace", "get_default_datastore"),
        ("ScriptRunConfig", None),
        ("Experiment", None),
        ("RunConfiguration", "docker"),
        ("Environment", "docker"),
        ("PythonSection", "conda_dependencies_file"),
        ("HistoryConfiguration", "directories_to_watch"),
    ],
)
def test_an_object_says_the_same_and_only_of_what_is_absent_on_purpose(
    workspace: Workspace, owner: str, name: str | None
) -> None:
    found = of_class(workspace, owner)

    assert getattr(found, "unheard_of", 3) == 3
    with pytest.raises(AttributeError, match=f"^{owner!r} object has no attribute 'unheard_of'$"):
        found.unheard_of  # type: ignore[attr-defined]  # noqa: B018
    if name is not None:
        why, instead = ABSENT[owner, name]
        assert not hasattr(found, name)
        with pytest.raises(AbsentName) as caught:
            getattr(found, name)
        assert str(caught.value) == f"{owner!r} object has no attribute {name!r}: {why}; instead: {instead}"


def test_an_absent_setting_says_the_same_when_it_is_set() -> None:
    with pytest.raises(AttributeError, match=r"^'RunConfiguration' has no attribute 'docker': .*docker run"):
        RunConfiguration().docker = None
    with pytest.raises(AttributeError, match="no setting 'dokcer'; it has arguments"):
        RunConfiguration().dokcer = None


def test_a_class_of_ones_own_gives_the_advice_of_the_one_that_it_is_made_of() -> None:
    class Mine(Run):
        pass

    with pytest.raises(AbsentName, match=r"'Mine' has no attribute 'list_by_compute': .*Run\.list"):
        Mine.list_by_compute  # type: ignore[attr-defined]  # noqa: B018


def test_an_unknown_name_of_a_class_keeps_the_text_of_python() -> None:
    with pytest.raises(AttributeError, match=r"^type object 'Run' has no attribute 'unheard_of'$") as caught:
        Run.unheard_of  # type: ignore[attr-defined]  # noqa: B018

    assert not isinstance(caught.value, LocalexpError)


def test_an_attribute_error_within_a_property_keeps_its_text(experiment: Experiment) -> None:
    class Mine(Run):
        @property
        def wrong(self) -> int:
            raise AttributeError("of the property")

    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    run.complete()

    with pytest.raises(AttributeError, match=r"^of the property$"):
        Mine(experiment, run.id).wrong  # noqa: B018


@pytest.mark.parametrize("kind", CLASSES.values())
def test_an_object_without_anything_can_be_asked_for_names(kind: type) -> None:
    empty: object = object.__new__(kind)

    assert not hasattr(empty, "unheard_of")
    assert not hasattr(empty, "_store")
    assert not hasattr(empty, "__deepcopy__")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_objects_of_these_classes_are_copied_and_sent(workspace: Workspace, copied: Callable[[Any], Any]) -> None:
    for one in made(workspace):
        assert type(copied(one)) is type(one)


@pytest.mark.parametrize("module", MODULES)
def test_the_import_of_an_absent_name_says_why_and_what_to_use_instead(module: str) -> None:
    there = vars(importlib.import_module(f"localexp.compat.{module}"))
    for name in [name for owner, name in ABSENT if owner == IMPORTS and name not in there]:
        with pytest.raises(AbsentImport) as caught:
            exec(f"from localexp.compat.{module} import {name}")

        why, instead = ABSENT[IMPORTS, name]
        said = str(caught.value)
        assert said == f"cannot import name {name!r} from 'localexp.compat.{module}': {why}; instead: {instead}"
        assert isinstance(caught.value, ImportError)


def test_the_import_of_an_absent_module_of_azureml_says_the_same() -> None:
    with pytest.raises(AbsentImport, match=r"cannot import name 'train' from 'localexp\.compat': "):
        exec("from localexp.compat import train")


@pytest.mark.parametrize("module", ["compat", *(f"compat.{module}" for module in MODULES)])
def test_the_import_of_an_unknown_name_keeps_the_text_of_python(module: str) -> None:
    with pytest.raises(ImportError, match=f"^cannot import name 'unheard_of' from 'localexp.{module}'") as caught:
        exec(f"from localexp.{module} import unheard_of")

    assert not isinstance(caught.value, LocalexpError)
    assert not hasattr(importlib.import_module(f"localexp.{module}"), "unheard_of")


def test_the_advice_is_imported_when_it_is_needed_only() -> None:
    code = """
from localexp.compat.core import Run
import copy, sys
copy.deepcopy(Run.get_context())
assert "localexp.absent" not in sys.modules
hasattr(Run, "register_model")
assert "localexp.absent" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_version_is_where_azure_ml_has_it() -> None:
    code = "import localexp.compat as azureml; print(azureml.core.VERSION, azureml.exceptions.UserErrorException)"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert printed == f"{localexp.__version__} {UserErrorException}\n"
    assert core.VERSION == core.__version__ == localexp.__version__
