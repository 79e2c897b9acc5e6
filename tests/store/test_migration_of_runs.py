"""A record that was written in an earlier format is brought to the present one when opened, and loses nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import StoreError
from localexp.store.store import Store
from tests.processes import output, python

TABLES, TABLES_OF_FORMAT_2, TABLES_OF_FORMAT_3, TABLES_OF_FORMAT_4 = (
    (Path(__file__).parents[1] / "data" / f"format-{number}.sql").read_text(encoding="utf-8") for number in (1, 2, 3, 4)
)
ROWS = """
INSERT INTO settings VALUES ('workspace.id', 'w'), ('workspace.name', 'old');
INSERT INTO experiments (key, id, name, created_at, archived_at, last_number) VALUES
    (1, 'first', 'digits', 10, 20, 1), (2, 'second', 'digits', 30, NULL, 3), (3, 'empty', 'words', 40, NULL, 0);
INSERT INTO experiment_tags VALUES (2, 'team', 'red'), (2, '', NULL);
INSERT INTO snapshots VALUES ('s', 1, 2, 3);
INSERT INTO runs (key, id, experiment, parent, number, type, target, status, display_name, description, created_at,
                  started_at, ended_at, definition, snapshot, exit_code, error, unfolded) VALUES
    (1, 'in-archived', 1, NULL, 1, NULL, 'local', 'Completed', NULL, NULL, 50, 50, 51, NULL, NULL, NULL, NULL, 0),
    (4, 'parent', 2, NULL, 1, 'azureml.scriptrun', 'local', 'Failed', 'shown', 'said', 60, 61, 62,
     '{"script": "train.py"}', 's', 1, '{"error": {"message": "no"}, "time": "t"}', 0),
    (7, 'child', 2, 4, 2, NULL, NULL, 'Canceled', NULL, NULL, 63, NULL, 64, NULL, NULL, NULL, NULL, 0),
    (9, 'newest', 2, NULL, 3, NULL, NULL, 'Completed', NULL, NULL, 55, 55, 56, NULL, NULL, NULL, NULL, 0);
INSERT INTO journals VALUES (4, 1, 'writer', 'owner', 99, 'done');
INSERT INTO tags VALUES
    (4, 'model', 'mlp', 0, 1, 0, 0), (4, 'gone', NULL, 1, 2, 1, 7), (7, '', NULL, 0, 3, 0, 0),
    (1, 'model', 'mlp', 0, 1, 0, 0);
INSERT INTO properties VALUES (4, 'azureml.runsource', 'azureml.scriptrun', 1, 0, 0);
INSERT INTO metrics VALUES (5, 4, 'loss', 'scalar', 'of what', 2, 0.25, 0.5, 0.25, 2, 1, 8);
INSERT INTO points VALUES (5, 1, 1, 0, 0, 0.5), (5, 2, 1, 8, 1, 0.25);
INSERT INTO artifacts VALUES (4, 'outputs/model', 3, 'abc', 1);
INSERT INTO warnings VALUES (4, 1, 0, 0, 'snapshot', 'a link');
INSERT INTO checkouts (key, folder, run, owner, source, snapshot) VALUES (1, 'tree', 4, 'o', '/src', 's');
"""


def database_of_format_1(folder: Path) -> Path:
    path = folder / ".localexp" / "localexp.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + TABLES + ROWS)
    return path


def rows_of(path: Path, table: str, columns: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()


def columns_of(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        info = {name: db.execute(f"SELECT name FROM pragma_table_info('{name}')").fetchall() for name in names}
    return {
        name: ", ".join(row[0] for row in found)
        for name, found in info.items()
        if not name.startswith(("sqlite_", "_"))
    }


def described(path: Path) -> set[tuple[str, str]]:
    """What the tables and indexes of a file are, however their text is set."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT GLOB '_sqlite*'")
        return {(name, re.sub(r"[\s\"]+", "", sql)) for name, sql in found}


def test_every_row_of_the_first_format_is_kept(tmp_path: Path) -> None:
    path = database_of_format_1(tmp_path)
    columns = columns_of(path)
    before = {table: rows_of(path, table, names) for table, names in columns.items()}

    Workspace(tmp_path).close()

    assert {table: rows_of(path, f"_{table}", names) for table, names in columns.items()} == before
    assert len([rows for rows in before.values() if rows]) >= 12
    assert {table: rows_of(Path(f"{path}.format-1"), table, names) for table, names in columns.items()} == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_record_that_was_brought_over_is_what_a_new_one_is(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = database_of_format_1(tmp_path / "old")
    Workspace(tmp_path / "old").close()
    Workspace(tmp_path / "new").close()

    assert described(old) == described(tmp_path / "new/.localexp/localexp.db")


def test_a_record_of_the_second_format_is_brought_over_too(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / ".localexp" / "localexp.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + TABLES_OF_FORMAT_2)
        db.execute("INSERT INTO experiments VALUES (1, 'first', 'digits', 10, NULL, 1)")
        db.execute(
            "INSERT INTO runs (key, id, experiment, number, status, created_at, started_at, ended_at, unfolded) "
            "VALUES (7, 'old', 1, 1, 'Completed', 11, 12, 13, 0)"
        )
        db.execute("INSERT INTO tags VALUES (7, 'model', 1, 'mlp', 0, 11, 0, 0)")
        db.commit()
    Workspace(tmp_path / "new").close()

    run = Workspace(tmp_path / "old").get_run("old")

    assert (run.get_status(), run.get_tags()) == ("Completed", {"model": "mlp"})
    assert described(old) == described(tmp_path / "new/.localexp/localexp.db")
    with closing(sqlite3.connect(f"{old}.format-2")) as backup:
        assert backup.execute("SELECT id FROM runs").fetchall() == [("old",)]


def test_a_record_of_the_third_format_is_brought_over_with_its_inputs_and_identities(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / ".localexp" / "localexp.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + TABLES_OF_FORMAT_3)
        db.execute("INSERT INTO experiments VALUES (1, 'first', 'digits', 10, NULL, 2)")
        db.execute(
            "INSERT INTO runs (key, id, experiment, number, type, status, created_at, started_at, ended_at, unfolded, "
            "submitter, identity) VALUES (7, 'old', 1, 1, 'azureml.scriptrun', 'Completed', 11, 12, 13, 0, 3, 'same')"
        )
        db.execute("INSERT INTO inputs VALUES (7, 'data', 1, 2, 3000000, 'hash')")
        db.execute("INSERT INTO properties VALUES (7, 'azureml.runsource', 1, 'azureml.scriptrun', 11, 0, 0)")
        db.commit()
    Workspace(tmp_path / "new").close()

    details = Workspace(tmp_path / "old").get_run("old").get_details()

    assert (details["status"], details["identity"], "facts" in details) == ("Completed", "same", False)
    assert details["inputs"][0]["path"] == "data"
    assert rows_of(old, "_runs", "id, submitter, origin") == [("old", 3, None)]
    assert described(old) == described(tmp_path / "new/.localexp/localexp.db")
    with closing(sqlite3.connect(f"{old}.format-3")) as backup:
        assert backup.execute("SELECT id FROM runs").fetchall() == [("old",)]


@pytest.mark.parametrize("tables", [TABLES, TABLES_OF_FORMAT_2, TABLES_OF_FORMAT_3], ids=["1", "2", "3"])
def test_a_run_has_facts_in_a_record_that_was_brought_over(tmp_path: Path, tables: str) -> None:
    path = tmp_path / ".localexp" / "localexp.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + tables)
    (tmp_path / "project").mkdir()

    with Experiment(Workspace(tmp_path), "new").start_logging(snapshot_directory=str(tmp_path / "project")) as run:
        pass

    assert "python" in run.get_details()["facts"]


def test_the_arguments_of_runs_of_the_fourth_format_become_params(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / ".localexp" / "localexp.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + TABLES_OF_FORMAT_4)
        db.execute("INSERT INTO experiments VALUES (1, 'first', 'digits', 10, NULL, 2)")
        db.execute(
            "INSERT INTO runs (key, id, experiment, number, status, created_at, ended_at, unfolded, definition) VALUES "
            '(7, \'old\', 1, 1, \'Completed\', 11, 13, 0, \'{"arguments": ["--lr", "0.1", "--learning-decay=x"]}\')'
        )
        db.execute("INSERT INTO metrics VALUES (5, 7, 'loss', 'scalar', NULL, 1, 0.25, 0.25, 0.25, 2, 0, 8)")
        db.execute("INSERT INTO points VALUES (5, 2, 0, 8, NULL, 0.25)")
        db.commit()
    Workspace(tmp_path / "new").close()

    run = Workspace(tmp_path / "old").get_run("old")

    assert run.get_params() == {"lr": 0.1, "learning_decay": "x"}
    assert run.get_metrics() == {"loss": 0.25}
    assert rows_of(old, "_metrics", "experiment, name, last") == [(1, "loss", 0.25)]
    assert rows_of(old, "latest_metrics", "run, name, last") == [("old", "loss", 0.25)]
    assert described(old) == described(tmp_path / "new/.localexp/localexp.db")
    with closing(sqlite3.connect(f"{old}.format-4")) as backup:
        assert backup.execute("SELECT id FROM runs").fetchall() == [("old",)]


def test_what_was_recorded_in_the_first_format_is_read(tmp_path: Path) -> None:
    database_of_format_1(tmp_path)
    workspace = Workspace(tmp_path)
    experiment = workspace.experiments["digits"]
    run = workspace.get_run("parent")

    assert list(workspace.experiments) == ["digits", "words"]
    assert experiment.id == "second"
    assert [one.id for one in Experiment(workspace, "digits").get_runs()] == ["newest", "parent"]
    assert [one.id for one in run.get_children()] == ["child"]
    assert run.get_metrics() == {"loss": [0.5, 0.25]}
    assert run.get_tags() == {"model": "mlp"}
    assert run.get_details()["error"] == {"error": {"message": "no"}, "time": "t"}


def test_a_run_made_after_it_has_a_key_and_a_number_of_its_own(tmp_path: Path) -> None:
    database_of_format_1(tmp_path)
    workspace = Workspace(tmp_path)

    with workspace.experiments["digits"].start_logging(snapshot_directory=None, tags={"model": "new"}) as run:
        run.log("loss", 1)

    assert run.number == 4
    assert run._known().key > 9
    assert Run.get(workspace, run.id).get_tags() == {"model": "new"}


def test_processes_that_open_it_at_once_bring_the_record_over_once(tmp_path: Path) -> None:
    database_of_format_1(tmp_path)
    code = """
        import sys
        sys.modules["pandas"] = None  # what brings it over would import it, and has no use for it
        from localexp import Workspace
        print(Workspace(sys.argv[1]).get_run("parent").get_metrics())
        """

    processes = [python(code, tmp_path) for _ in range(4)]

    assert [output(process) for process in processes] == ["{'loss': [0.5, 0.25]}\n"] * 4


def test_a_record_that_may_only_be_read_is_refused_untouched(tmp_path: Path) -> None:
    path = database_of_format_1(tmp_path)
    before = path.read_bytes()
    store = Store(str(path.parent))
    store.main.is_read_only = True

    with pytest.raises(StoreError, match="earlier localexp"), store.main.reading():
        pass

    assert path.read_bytes() == before
