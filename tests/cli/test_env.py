"""``localexp env`` lists and removes environments, and ``localexp submit`` runs in them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from localexp import CondaDependencies, Environment, Experiment, ScriptRunConfig, Workspace
from localexp.config import submission_of
from tests.cli.command import complaint, localexp, printed, strict_json
from tests.execution.builders import wheel
from tests.processes import Project


def register(workspace: Workspace, name: str, *packages: str) -> None:
    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
    environment.register(workspace)


def test_a_script_runs_with_requirements_that_are_built_once_listed_and_removed(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    wheel(tmp_path, "1.0")
    project.write("train.py", "import tiny; print(tiny.NAME)")
    project.write("limits.txt", "tiny==1.0\n")
    project.write("requirements.txt", f"--no-index\n--find-links {tmp_path}\n-c limits.txt\ntiny  # small\n")
    submit = ["submit", "--requirements", "requirements.txt", "--python", sys.executable, "train.py"]

    shown = printed(localexp(*submit, at=project.path, PIP_CONFIG_FILE=os.devnull))
    [built] = strict_json(printed(localexp("env", "ls", "--json", at=project.path)))["built"]

    assert "tiny" in shown.splitlines()
    assert built["requirements"] == ["--no-index", f"--find-links {tmp_path}", "-c tiny==1.0", "tiny"]
    assert (built["ready"], built["runs"]) == (True, [])
    assert built["bytes"] > 0
    [run] = Experiment(workspace, "project").get_runs()
    again = submission_of(ScriptRunConfig(project.path, "train.py", environment=run.get_environment()))
    assert again.wanted is not None
    assert again.wanted.id == built["id"]
    line = f"  build: {built['id']}, {', '.join(built['requirements'])}"
    assert line in printed(localexp("show", run.id, at=project.path)).splitlines()
    lines = printed(localexp("env", "ls", at=project.path)).splitlines()
    assert lines[0].split() == ["BUILD", "SIZE", "LAST", "USED", "USED", "BY", "REQUIREMENTS"]
    assert lines[1].startswith(built["id"])

    said = printed(localexp("env", "rm", built["id"][:8], at=project.path))

    assert said.startswith(f"Removed the built environment {built['id']}, ")
    assert printed(localexp("env", "ls", at=project.path)).startswith("No environments yet. Next: localexp submit")


def test_registered_environments_are_listed_and_removed_by_name_and_version(
    workspace: Workspace, project: Project
) -> None:
    for name, package in (("mine", "numpy"), ("mine", "scipy"), ("mine", "torch"), ("a:1", "numpy")):
        register(workspace, name, package)

    listed = strict_json(printed(localexp("env", "ls", "--json", at=project.path)))
    shown = printed(localexp("env", "ls", at=project.path)).splitlines()

    assert listed["built"] == []
    found = [(one["name"], one["version"]) for one in listed["registered"]]
    assert found == [("a:1", "1"), ("mine", "3"), ("mine", "2"), ("mine", "1")]
    assert [line.split()[:2] for line in shown] == [["NAME", "VERSION"], *map(list, found)]
    assert printed(localexp("env", "rm", "mine:2", "a:1", at=project.path)) == (
        "Removed version 2 of the environment 'mine'.\nRemoved 1 version of the environment 'a:1'.\n"
    )
    removed = strict_json(printed(localexp("env", "rm", "mine", "--json", at=project.path)))
    assert removed == [{"name": "mine", "version": None, "versions": 2}]
    assert workspace.environments == {}


def test_what_is_not_there_is_not_removed(workspace: Workspace, project: Project) -> None:
    register(workspace, "mine", "numpy")

    for name in ("yours", "mine:2"):
        assert f"there is no environment {name!r}; 'localexp env ls' lists" in complaint(
            localexp("env", "rm", name, at=project.path)
        )


def test_an_interpreter_that_is_not_there_is_refused(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    project.write("requirements.txt", "tiny")
    submit = ["submit", "--requirements", "requirements.txt", "--python", "./nosuch", "train.py"]

    assert "the interpreter './nosuch' does not exist" in complaint(localexp(*submit, at=project.path))
