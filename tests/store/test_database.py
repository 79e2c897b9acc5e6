"""The database: many users at once, forks, and media that may only be read."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import StoreError
from localexp.store import schema
from localexp.store.database import Database
from tests.processes import PATIENCE_SECONDS, output, python

TABLE = "CREATE TABLE numbers (value INTEGER PRIMARY KEY)"


def count(database: Database) -> int:
    with database.reading() as db:
        return int(db.execute("SELECT count(*) FROM numbers").fetchone()[0])


def test_threads_share_a_database(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "numbers.db"), TABLE, 1)

    def add(first: int) -> None:
        for value in range(first, first + 50):
            with database.writing() as db:
                db.execute("INSERT INTO numbers VALUES (?)", (value,))

    threads = [threading.Thread(target=add, args=(100 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count(database) == 400
    database.close()


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "numbers.db"), TABLE, 1)

    def fail() -> None:
        with database.writing() as db:
            db.execute("INSERT INTO numbers VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert count(database) == 0
    database.close()


def test_what_a_forked_child_commits_stays_when_the_parent_closes(tmp_path: Path) -> None:
    for attempt in range(5):
        printed = output(
            python(
                """
                import os, sys
                from localexp.store.database import Database
                path = sys.argv[1]
                database = Database(path, "CREATE TABLE numbers (value INTEGER PRIMARY KEY)", 1)
                with database.writing() as db:
                    db.execute("INSERT INTO numbers VALUES (0)")
                go, going = os.pipe()
                children = []
                for value in range(1, 5):
                    children.append(os.fork())
                    if children[-1] == 0:
                        with database.writing() as db:
                            db.execute("INSERT INTO numbers VALUES (?)", (value,))
                        os.read(go, 1)
                        with database.writing() as db:
                            db.execute("INSERT INTO numbers VALUES (?)", (10 * value,))
                        os._exit(0)
                with database.writing() as db:
                    db.execute("INSERT INTO numbers VALUES (5)")
                database.close()
                other = Database(path, "", 1)
                with other.reading() as db:
                    db.execute("SELECT * FROM numbers").fetchall()
                other.close()
                os.write(going, b"....")
                for child in children:
                    assert os.waitpid(child, 0)[1] == 0
                with database.reading() as db:
                    print([row[0] for row in db.execute("SELECT value FROM numbers ORDER BY value")])
                    print(db.execute("PRAGMA integrity_check").fetchone()[0])
                """,
                tmp_path / f"{attempt}.db",
            )
        )
        assert printed == "[0, 1, 2, 3, 4, 5, 10, 20, 30, 40]\nok\n"


def test_a_fork_waits_for_threads_that_use_the_database(tmp_path: Path) -> None:
    printed = output(
        python(
            """
            import os, sys, threading
            from localexp.store.database import Database
            database = Database(sys.argv[1], "CREATE TABLE numbers (value INTEGER PRIMARY KEY)", 1)
            stop = threading.Event()
            def add(value):
                while not stop.is_set():
                    with database.writing() as db:
                        db.execute("INSERT INTO numbers VALUES (?)", (value,))
                    value += 10
            threads = [threading.Thread(target=add, args=(n,)) for n in range(3)]
            for thread in threads:
                thread.start()
            for value in range(-10, 0):
                child = os.fork()
                if child == 0:
                    with database.writing() as db:
                        db.execute("INSERT INTO numbers VALUES (?)", (value,))
                    database.close()
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            stop.set()
            for thread in threads:
                thread.join()
            with database.reading() as db:
                print(db.execute("SELECT count(*) FROM numbers WHERE value < 0").fetchone()[0])
                print(db.execute("PRAGMA integrity_check").fetchone()[0])
            """,
            tmp_path / "numbers.db",
        )
    )

    assert printed == "10\nok\n"


def test_the_settings_of_a_new_file_are_those_of_the_design(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "main.db"), schema.MAIN, schema.VERSION)

    with database.reading() as db:
        found = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "auto_vacuum")}
        assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        assert db.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION

    assert found == {"journal_mode": "wal", "auto_vacuum": 2}
    database.close()


def everything(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_leave_to_write(code: str, *arguments: object) -> str:
    """What Python code prints that may not write where permissions forbid it, even if root runs the tests."""
    command = [sys.executable, "-c", dedent(code), *(str(argument) for argument in arguments)]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and there is no setpriv to take that from it")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", *command]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


READER = """
import sys
from localexp import Run, Workspace
workspace = Workspace(sys.argv[1])
run = Run.get(workspace, "mine")
listed = [run.id for run in workspace.experiments["digits"].get_runs()]
print(run.get_status(), run.get_metrics(), run.get_tags(), listed)
"""


@pytest.mark.parametrize("state", ["at rest", "unfinished log", "unfolded journal"])
def test_a_store_that_may_only_be_read_is_read_whole_and_not_changed(tmp_path: Path, state: str) -> None:
    ending = {
        "at rest": "run.complete()",
        "unfinished log": "run.flush(); os._exit(0)",
        "unfolded journal": "os._exit(0)",
    }
    output(
        python(
            f"""
            import os, sys
            from localexp import Experiment, Workspace
            workspace = Workspace(sys.argv[1])
            run = Experiment(workspace, "digits").start_logging(snapshot_directory=None, run_id="mine")
            for step in range(3):
                run.log("loss", step)
            run.tag("model", "mlp")
            if {state == "unfolded journal"}:
                workspace.close()
            {ending[state]}
            """,
            tmp_path / "store",
        )
    )
    assert (tmp_path / "store/.localexp/localexp.db-wal").exists() == (state == "unfinished log")
    before = everything(tmp_path / "store")
    for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        printed = without_leave_to_write(READER, tmp_path / "store")
        refused = without_leave_to_write(
            """
            import sys
            from localexp import Experiment, Workspace
            from localexp.errors import StoreError
            try:
                Experiment(Workspace(sys.argv[1]), "another")
            except StoreError as error:
                print(error)
            """,
            tmp_path / "store",
        )
    finally:
        for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
            path.chmod(0o755)

    status = "Completed" if state == "at rest" else "Failed"
    assert printed == f"{status} {{'loss': [0, 1, 2]}} {{'model': 'mlp'}} ['mine']\n"
    assert "may only be read" in refused
    assert everything(tmp_path / "store") == before


def test_a_store_that_another_process_keeps_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localexp.store.connections.BUSY_SECONDS", 0.05)
    database = Database(str(tmp_path / "numbers.db"), TABLE, 1)
    other = Database(str(tmp_path / "numbers.db"), TABLE, 1)

    with database.writing(), pytest.raises(StoreError, match=r"numbers\.db locked"), other.writing():
        pass

    assert count(other) == 0
    database.close()
    other.close()


def test_a_workspace_that_was_deleted_is_not_made_anew_by_reading(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "store")
    experiment = Experiment(workspace, "digits")
    experiment.start_logging(snapshot_directory=None, run_id="mine").complete()
    workspace.close()
    shutil.rmtree(tmp_path / "store")

    with pytest.raises(StoreError, match="is gone"):
        Run.get(workspace, "mine")

    assert not (tmp_path / "store").exists()
