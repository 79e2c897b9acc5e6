"""A store that is not one of ours is refused, and stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localexp import Workspace
from tests.cli.command import complaint, contents, localexp, printed

_COMMANDS = [["runs"], ["show", "latest"], ["logs", "latest"], ["submit", "train.py"], ["init"]]


@pytest.fixture
def database(folder: Path) -> Path:
    """The path of the database in a folder that is otherwise ready for every command."""
    (folder / "train.py").write_text("")
    (folder / ".localexp").mkdir()
    return folder / ".localexp" / "localexp.db"


def execute(database: Path, script: str) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.executescript(script)


def refused_by_every_command(folder: Path, said: str) -> None:
    before = contents(folder)
    for arguments in _COMMANDS:
        line = complaint(localexp(*arguments, at=folder))
        assert str(folder / ".localexp" / "localexp.db") in line
        assert said in line
        assert contents(folder) == before


def test_garbage_is_refused(database: Path, folder: Path) -> None:
    database.write_bytes(b"garbage " * 1000)

    refused_by_every_command(folder, "file is not a database; check that")


def test_a_newer_store_is_refused_untouched(database: Path, folder: Path) -> None:
    Workspace(folder).close()
    execute(database, "PRAGMA user_version = 99")

    refused_by_every_command(folder, "by a newer localexp (format 99")


def test_a_database_of_something_else_is_refused(database: Path, folder: Path) -> None:
    execute(database, "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')")

    refused_by_every_command(folder, "another program's")


def test_a_database_of_something_else_that_counts_its_versions_too_is_refused(database: Path, folder: Path) -> None:
    execute(database, "CREATE TABLE recipes (name TEXT); PRAGMA user_version = 1")

    for arguments in _COMMANDS:
        assert str(database) in complaint(localexp(*arguments, at=folder))
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_an_empty_file_is_a_store_that_nobody_has_finished_making(database: Path, folder: Path) -> None:
    database.touch()

    assert "No runs yet" in printed(localexp("runs", at=folder))
    printed(localexp("submit", "train.py", at=folder))
    assert f"'{folder.name}'" in printed(localexp("init", at=folder))


def test_a_truncated_store_is_refused(database: Path, folder: Path) -> None:
    Workspace(folder).close()
    database.write_bytes(database.read_bytes()[: 3 * 4096 + 100])

    line = complaint(localexp("runs", at=folder))

    assert str(database) in line
    assert "restore it from a backup" in line


def test_a_damaged_store_of_snapshots_is_refused_at_submit_and_lets_runs_be_read(folder: Path) -> None:
    (folder / "train.py").write_text("")
    Workspace(folder).close()
    (folder / ".localexp" / "blobs.db").write_bytes(b"garbage " * 1000)

    line = complaint(localexp("submit", "train.py", at=folder))

    assert str(folder / ".localexp" / "blobs.db") in line
    assert "No runs yet" in printed(localexp("runs", at=folder))
