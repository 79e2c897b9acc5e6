"""A run says what was so around it when it was submitted, and what differs today; of secrets it says nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from localexp import Experiment, Run, RunConfiguration, ScriptRunConfig, Workspace
from localexp.config import submission_of
from localexp.execution import facts, interpreters
from localexp.execution.environments.wanted import Wanted
from localexp.execution.facts import packages
from localexp.execution.identity import identity
from tests.processes import Project

LONG_AGO_NS = 10**18


def facts_of(run: Run) -> dict[str, Any]:
    found = run.get_details()["facts"]
    assert isinstance(found, dict)
    return found


def distribution(folder: Path, name: str) -> None:
    """Put the metadata of a distribution into a folder, which then has not changed for long."""
    (folder / name).mkdir(parents=True)
    os.utime(folder, ns=(LONG_AGO_NS, LONG_AGO_NS + len(list(folder.iterdir()))))


def texts_in(workspace: Workspace) -> int:
    with closing(sqlite3.connect(Path(workspace.path) / ".localexp" / "localexp.db")) as db:
        count: int = db.execute("SELECT count(*) FROM _texts").fetchone()[0]
        return count


def identity_of(config: ScriptRunConfig) -> str:
    return identity(submission_of(config), "a", [])


def test_a_submitted_run_has_facts(experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("API_KEY", "quiet please")
    monkeypatch.setattr(sys, "argv", ["submit.py", "--lr", "0.1"])
    project.write("train.py", "")

    run = experiment.submit(project.config())
    found = facts_of(run)
    run.wait_for_completion()

    assert sorted(found) == ["invocation", "machine", "packages", "python"]
    assert found["invocation"]["argv"] == ["submit.py", "--lr", "0.1"]
    assert found["invocation"]["cwd"] == os.getcwd()
    assert found["invocation"]["variables"]["OMP_NUM_THREADS"] == "3"
    assert "API_KEY" in found["invocation"]["otherVariables"]
    assert "quiet please" not in json.dumps(found)
    assert found["python"] == {
        "interpreter": sys.executable,
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
    }
    assert found["packages"]["pytest"] == version("pytest")
    assert found["packages"]["sqlite-utils"] == version("sqlite-utils")
    assert found["machine"]["cores"] == os.cpu_count()
    assert found["machine"]["platform"]


def test_a_value_that_the_configuration_sets_is_nowhere_in_the_record(
    experiment: Experiment, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["--env", "TOKEN=hunter2", "--env=TOKEN=hunter1", "--token", "hunter2", "--key=hunter2", "hunter", "n=5"]
    monkeypatch.setattr(sys, "argv", ["localexp", "rerun", *given])
    project.write("train.py", "")
    config = project.config()
    config.run_config.environment_variables = {"TOKEN": "hunter2", "OMP_NUM_THREADS": "5"}

    run = experiment.submit(config)
    run.wait_for_completion()

    assert "hunter2" not in json.dumps(run.get_details())
    shown = ["--env", "TOKEN=…", "--env=TOKEN=…", "--token", "…", "--key=…", "hunter", "n=5"]
    assert facts_of(run)["invocation"]["argv"] == ["localexp", "rerun", *shown]
    assert facts_of(run)["invocation"]["variables"]["OMP_NUM_THREADS"] == "5"
    assert "TOKEN" in facts_of(run)["invocation"]["otherVariables"]


def test_facts_are_stored_once_and_go_with_the_last_run_that_has_them(workspace: Workspace, project: Project) -> None:
    first, second = Experiment(workspace, "first"), Experiment(workspace, "second")
    for experiment in (first, first, second):
        with experiment.start_logging(snapshot_directory=str(project.path)) as run:
            found = facts_of(run)
    assert texts_in(workspace) == len(found)

    assert first.id is not None
    assert second.id is not None
    Experiment.delete(workspace, first.id)
    assert texts_in(workspace) == len(found)
    Experiment.delete(workspace, second.id)
    assert texts_in(workspace) == 0


def test_interactive_runs_have_facts_if_they_have_a_snapshot(experiment: Experiment, project: Project) -> None:
    with experiment.start_logging(snapshot_directory=str(project.path)) as run:
        child = run.child_run()
        child.complete()
    with experiment.start_logging(snapshot_directory=None) as without:
        pass

    assert facts_of(run)["packages"]["pytest"] == version("pytest")
    assert "facts" not in child.get_details()
    assert "facts" not in without.get_details()


def test_distributions_are_known_by_the_names_of_their_metadata(tmp_path: Path) -> None:
    for name in ("Foo_Bar-1.0.dist-info", "torch-2.1.0+cu118.dist-info", "~ut_aside-1.0.dist-info"):
        distribution(tmp_path / "first", name)
    for name in ("old-1.2-py3.11.egg-info", "in_place.egg-info", "foo.bar-0.9.dist-info", "no_metadata-1.0"):
        distribution(tmp_path / "second", name)
    (tmp_path / "second/in_place.egg-info/PKG-INFO").write_text("Metadata-Version: 2.1\nName: in-place\nVersion: 7\n")
    entries = [str(tmp_path / name) for name in ("first", "missing", "second")]

    assert packages.installed(entries) == {"foo-bar": "1.0", "in-place": "7", "old": "1.2", "torch": "2.1.0+cu118"}


def test_what_is_installed_meanwhile_is_noticed(tmp_path: Path) -> None:
    distribution(tmp_path, "one-1.0.dist-info")
    assert packages.installed([str(tmp_path)]) == packages.installed([str(tmp_path)]) == {"one": "1.0"}

    (tmp_path / "one-1.0.dist-info").rename(tmp_path / "one-1.1.dist-info")
    assert packages.installed([str(tmp_path)]) == {"one": "1.1"}
    # Within one tick of the clock the time of a folder may stay as it was.
    changed = os.stat(tmp_path).st_mtime_ns
    (tmp_path / "one-1.1.dist-info").rename(tmp_path / "one-1.2.dist-info")
    os.utime(tmp_path, ns=(changed, changed))
    assert packages.installed([str(tmp_path)]) == {"one": "1.2"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_another_interpreter_is_asked_for_its_facts(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.symlink_to(os.path.realpath(sys.executable))

    found = facts.gathered(str(project.path), str(other))

    assert found["python"] == {
        "interpreter": str(other),
        "version": sys.version.split()[0],
        "implementation": sys.implementation.name,
    }
    assert found["packages"] == packages.installed(interpreters.asked(str(other)).entries)


def test_another_package_gives_another_identity(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path / "site")
    distribution(tmp_path / "site", "one-1.0.dist-info")
    first = identity_of(project.config())
    distribution(tmp_path / "site", "two-1.0.dist-info")

    assert first != identity_of(project.config()) == identity_of(project.config())


def test_where_python_imports_from_in_the_source_directory_counts(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = identity_of(project.config())
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.path)])
    # There it finds what lies beside the script anyway.
    assert identity_of(project.config()) == first
    monkeypatch.setattr(sys, "path", [*sys.path, str(project.path / "lib")])

    assert identity_of(project.config()) != first


def test_what_is_built_for_a_run_counts_in_place_of_its_interpreter(project: Project, tmp_path: Path) -> None:
    def identity_with(build: str, interpreter: str) -> str:
        submission = submission_of(ScriptRunConfig(project.path, "train.py", run_config=RunConfiguration()))
        submission.interpreter = interpreter
        submission.wanted = Wanted(build, interpreter, ["numpy"])
        return identity(submission, "a", [])

    (tmp_path / "python").symlink_to(os.path.realpath(sys.executable))

    assert identity_with("x", sys.executable) == identity_with("x", str(tmp_path / "python"))
    assert identity_with("x", sys.executable) != identity_with("y", sys.executable)


def test_what_differs_is_said_in_sentences() -> None:
    recorded: dict[str, dict[str, object] | str] = {
        "python": {"version": "3.11.2", "implementation": "cpython", "interpreter": "/a"},
        "packages": {"numpy": "1.26", "scipy": "1.1", "same": "1"},
        "machine": {"platform": "Linux 6", "machine": "x86_64"},
        "git": {"commit": "aaa"},
        "diff": "text",
    }
    now: dict[str, dict[str, object] | str] = {
        "python": {"version": "3.12.0", "implementation": "cpython", "interpreter": "/b"},
        "packages": {"numpy": "2.0", "torch": "2.1", "same": "1"},
        "machine": {"platform": "Darwin 23", "machine": "x86_64"},
        "git": {"commit": "bbb"},
    }

    assert facts.differences(recorded, recorded) == []
    assert facts.differences({}, now) == facts.differences(recorded, {}) == []
    assert facts.differences(recorded, now) == [
        "Python is 3.12.0, it was 3.11.2",
        "numpy is 2.0, it was 1.26",
        "scipy 1.1 is not installed any more",
        "torch 2.1 is installed, it was not",
        "the platform is Darwin 23, it was Linux 6",
        "the commit of the source directory is bbb, it was aaa",
    ]


def test_of_many_packages_that_differ_twenty_are_named() -> None:
    many: dict[str, object] = {f"package-{number:02}": "1" for number in range(30)}

    said = facts.differences({"packages": {"kept": "1", **many}}, {"packages": {"kept": "1"}})

    assert len(said) == 21
    assert said[-1] == "and 10 more packages"


def test_packages_that_have_come_are_told_in_one_sentence() -> None:
    many: dict[str, object] = {f"package-{number:02}": "1" for number in range(81)}

    said = facts.differences({"packages": {"kept": "1"}}, {"packages": {"kept": "2", **many}})

    first = "package-00 1, package-01 1, package-02 1, package-03 1, package-04 1"
    assert said == ["kept is 2, it was 1", f"81 packages are installed that were not: {first} and 76 more"]
