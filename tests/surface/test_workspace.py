"""Workspaces: opened, created, found, and refused where that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import (
    LocalexpError,
    NewerStoreError,
    RunNotFound,
    StoreError,
    UserErrorException,
    WorkspaceException,
)
from tests.processes import python


def test_opening_creates_what_is_not_there(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new" / "folder")

    assert workspace.path == str(tmp_path / "new" / "folder")
    assert workspace.name == "folder"
    assert (tmp_path / "new/folder/.localexp/.gitignore").read_text() == "*\n"
    assert workspace.experiments == {}


def test_create_refuses_a_workspace_that_is_there_unless_told(tmp_path: Path) -> None:
    assert Workspace.create("first", tmp_path).name == "first"

    with pytest.raises(WorkspaceException, match="exist_ok=True"):
        Workspace.create("second", tmp_path)

    assert Workspace.create("second", tmp_path, exist_ok=True).name == "first"


def test_from_config_finds_the_nearest_workspace_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace(tmp_path)
    Workspace(tmp_path / "a")
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "d").mkdir()

    monkeypatch.chdir(tmp_path / "a/b/c")
    assert Workspace.from_config().path == str(tmp_path / "a")
    assert Workspace.from_config(tmp_path / "d").path == str(tmp_path)


def test_the_environment_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace(tmp_path / "here")
    Workspace(tmp_path / "there")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("LOCALEXP_WORKSPACE", str(tmp_path / "there"))

    assert Workspace.from_config().path == str(tmp_path / "there")
    assert Workspace.from_config(tmp_path / "here").path == str(tmp_path / "here")

    monkeypatch.setenv("LOCALEXP_WORKSPACE", str(tmp_path / "nowhere"))
    with pytest.raises(UserErrorException, match="nowhere"):
        Workspace.from_config()
    assert not (tmp_path / "nowhere").exists()


def test_without_a_workspace_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match="use the fixture localexp_workspace"):
        Workspace.from_config(tmp_path)
    # In a script, and not in a test.
    error = python("import sys, localexp; localexp.Workspace.from_config(sys.argv[1])", tmp_path).communicate()[1]
    assert "run 'localexp init' to create one" in error


def test_a_workspace_can_be_moved(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "before")
    with Experiment(workspace, "digits").start_logging(snapshot_directory=None) as run:
        run.log("loss", 0.5)
    workspace.close()

    os.rename(tmp_path / "before", tmp_path / "after")

    assert Workspace(tmp_path / "after").get_run(run.id).get_metrics() == {"loss": 0.5}


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / ".localexp" / "localexp.db"
    database.parent.mkdir()
    database.write_bytes(content)

    with pytest.raises(StoreError, match=r"cannot use the database .*localexp\.db"):
        Workspace(tmp_path)

    assert database.read_bytes() == content


def test_a_newer_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    import sqlite3

    database = tmp_path / ".localexp" / "localexp.db"
    Workspace(tmp_path).close()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = database.read_bytes()

    with pytest.raises(NewerStoreError, match="pip install --upgrade localexp"):
        Workspace(tmp_path)

    assert database.read_bytes() == before


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    import sqlite3

    database = tmp_path / ".localexp" / "localexp.db"
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(StoreError, match="another program's"):
        Workspace(tmp_path)


def test_a_workspace_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(WorkspaceException, match=r"cannot create the folder .*file/\.localexp"):
        Workspace(tmp_path / "file")


@pytest.mark.parametrize("name", ["", "ab", "-abc", "_abc", "a" * 37, "with space", "ünïcode", "dot.dot", "abc\n"])
def test_an_experiment_name_that_does_not_fit_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(UserErrorException, match="name"):
        Experiment(workspace, name)

    assert workspace.experiments == {}


@pytest.mark.parametrize("name", ["abc", "0ab", "a-b", "a_b", "A" * 36])
def test_an_experiment_name_that_fits_is_got_or_created(workspace: Workspace, name: str) -> None:
    first = Experiment(workspace, name)

    assert Experiment(workspace, name).id == first.id
    assert [one.name for one in Experiment.list(workspace)] == [name]
    assert list(workspace.experiments) == [name]


@pytest.mark.parametrize("name", ["x", "with space/and slash", "ünï", "CON", "A" * 300, ".."])
def test_any_name_does_if_validation_is_skipped(workspace: Workspace, name: str) -> None:
    experiment = Experiment(workspace, name, _skip_name_validation=True)
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1)
        folder = Path(run._layout.folder)
        assert folder.parent.parent == Path(workspace._store.layout.root) / "runs"
        assert folder.is_dir()

    assert next(experiment.get_runs()).get_metrics() == {"loss": 1}


def test_runs_come_newest_first_and_one_by_one(workspace: Workspace, experiment: Experiment) -> None:
    ids = []
    for number in range(250):
        run = experiment.start_logging(snapshot_directory=None, run_id=f"run-{number}")
        run.complete()
        ids.append(run.id)
    Experiment(workspace, "other").start_logging(snapshot_directory=None).complete()

    listing = experiment.get_runs()

    assert next(listing).id == "run-249"
    assert [run.id for run in listing] == ids[-2::-1]


def test_an_unknown_run_names_those_that_are_alike(workspace: Workspace, experiment: Experiment) -> None:
    experiment.start_logging(snapshot_directory=None, run_id="digits_baseline").complete()

    with pytest.raises(RunNotFound, match="did you mean digits_baseline") as caught:
        Run.get(workspace, "digits_basline")
    assert isinstance(caught.value, KeyError)
    assert caught.value.run_id == "digits_basline"
    with pytest.raises(RunNotFound):
        Run(experiment, "nothing")


@pytest.mark.parametrize("run_id", ["", "with space", "a/b", "x" * 129, "ü", "a\n"])
def test_a_run_id_that_does_not_fit_is_refused(experiment: Experiment, run_id: str) -> None:
    with pytest.raises(UserErrorException, match="run id"):
        experiment.start_logging(snapshot_directory=None, run_id=run_id)

    assert list(experiment.get_runs()) == []


def test_a_run_id_is_given_once(experiment: Experiment) -> None:
    experiment.start_logging(snapshot_directory=None, run_id="mine").complete()

    with pytest.raises(UserErrorException, match="already"):
        experiment.start_logging(snapshot_directory=None, run_id="mine")


def test_every_error_has_the_same_base() -> None:
    from localexp import errors

    every = [one for one in vars(errors).values() if isinstance(one, type)]

    assert len(every) > 10
    assert all(issubclass(one, LocalexpError) for one in every)


def test_a_database_of_somebody_else_with_our_version_is_left_as_it_is(tmp_path: Path) -> None:
    import sqlite3

    database = tmp_path / ".localexp" / "localexp.db"
    database.parent.mkdir()
    connection = sqlite3.connect(database)
    connection.executescript("CREATE TABLE runs (n); PRAGMA user_version = 1")
    connection.close()
    before = database.read_bytes()

    with pytest.raises(StoreError, match="another program's"):
        Workspace(tmp_path)

    assert database.read_bytes() == before
