"""A workspace can be asked in SQL, and cannot be changed so."""

from __future__ import annotations

import pickle
import signal
from pathlib import Path
from typing import Any

import pytest

from localexp import Experiment, Workspace
from localexp.errors import SqlError, SqlRefusedError, SqlTimeoutError, UserErrorException
from tests.cli.command import contents

ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
WRITING = [
    "DELETE FROM _runs",
    "DELETE FROM runs",
    "UPDATE runs SET status = 'Failed'",
    "UPDATE _runs SET status = 'Failed'",
    "UPDATE sqlite_master SET sql = ''",
    "INSERT INTO _texts VALUES (1, 'a', 'b') RETURNING key",
    "WITH one AS (SELECT 1) DELETE FROM _tags",
    "EXPLAIN DELETE FROM _tags",
    "DROP VIEW runs",
    "DROP TABLE _runs",
    "CREATE TEMP TABLE mine (x)",
    "ALTER TABLE _runs RENAME TO mine",
    "ATTACH 'other.db' AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO 'other.db'",
    "ANALYZE",
    "REINDEX",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "SELECT * FROM pragma_journal_mode('delete')",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT here",
    "SELECT load_extension('other')",
    "SELECT fts3_tokenizer('simple')",
]
# Queries and params of which one is wrong, and what the error says of it.
WRONG: list[tuple[Any, Any, str]] = [
    ("SELECT * FROM run", None, "there is no table 'run'; did you mean runs?"),
    ("SELECT * FROM xyzzy", None, "there are: experiments, experiment_tags, runs,"),
    ("SELECT statuss FROM runs", None, "there is no column 'statuss'; did you mean status?"),
    ("SELECT r.statuss FROM runs AS r", None, "did you mean status?"),
    ("SELECT xyzzy FROM tags", None, "there is no column 'xyzzy'; there are: run, name, value"),
    ("SELECT 1; SELECT 2", None, "several statements"),
    ("", None, "no query"),
    ("-- nothing", None, "no query"),
    ("SELEC 1", None, 'near "SELEC": syntax error'),
    ("SELECT xyzzy(1)", None, "no such function: xyzzy"),
    ("SELECT '\0'", None, "NUL"),
    ("SELECT '\ud800'", None, "half a character"),
    (b"SELECT 1", None, "a query is a text, not b'SELECT 1'"),
    ("SELECT ?", None, "uses 1, and there are 0 supplied"),
    ("SELECT ?", [{}], "Error binding parameter"),
    ("SELECT ?", [2**64], "too large"),
    ("SELECT ?", "x", "params are a list of values"),
    ("SELECT ?", ["\ud800"], "half a character"),
    ("SELECT :x", {"y": 1}, ":x"),
    ("SELECT CAST(x'ff' AS TEXT)", None, "decode"),
]


def test_a_run_that_goes_on_is_there_with_what_it_has_logged(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.log("loss", 0.5)
    query = "SELECT id, status, last FROM runs JOIN latest_metrics ON run = id WHERE id = ?"

    assert experiment.workspace.sql(query, [run.id]) == [{"id": run.id, "status": "Running", "last": 0.5}]
    run.log("loss", 0.25)
    assert experiment.workspace.sql(query.replace("?", ":id"), {"id": run.id})[0]["last"] == 0.25


def test_what_would_do_more_than_read_is_refused(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    experiment.workspace.close()
    before = contents(tmp_path)

    for query in WRITING:
        with pytest.raises(SqlRefusedError, match="one SELECT"):
            experiment.workspace.sql(query)

    experiment.workspace.close()
    assert contents(tmp_path) == before


def test_a_query_that_takes_too_long_is_stopped(workspace: Workspace) -> None:
    with pytest.raises(SqlTimeoutError, match=r"after 0\.05 s: narrow the query") as caught:
        workspace.sql(ENDLESS, timeout=0.05)

    # However long each of a few rows takes, and however many rows there are.
    many = ENDLESS.replace("FROM n)", "FROM n LIMIT 500)")
    for what in ("sum(length(hex(zeroblob(200000 + x))))", "hex(zeroblob(200000 + x))"):
        with pytest.raises(SqlTimeoutError):
            workspace.sql(many.replace("count(*)", what), timeout=0.01)
    assert isinstance(caught.value, (TimeoutError, UserErrorException))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert workspace.sql("SELECT 1 AS one", timeout=10**400) == [{"one": 1}]


def test_ctrl_c_is_what_it_is_anywhere(workspace: Workspace) -> None:
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            workspace.sql(ENDLESS, timeout=60)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_what_cannot_be_asked_is_explained(workspace: Workspace) -> None:
    for query, params, reason in WRONG:
        with pytest.raises(SqlError) as caught:
            workspace.sql(query, params)
        assert reason in str(caught.value)


def test_a_timeout_that_is_none_is_refused(workspace: Workspace) -> None:
    wrong: list[Any] = [0, -1, float("nan"), "1", None, True]
    for timeout in wrong:
        with pytest.raises(UserErrorException, match="above 0"):
            workspace.sql("SELECT 1", timeout=timeout)


def test_columns_that_are_named_alike_are_all_there(workspace: Workspace) -> None:
    query = "SELECT 1 AS a, 2 AS b, 3 AS a, 4 AS a"

    assert workspace.sql(query) == list(workspace.db.query(query)) == [{"a": 1, "b": 2, "a_2": 3, "a_3": 4}]


def test_json_can_be_taken_apart(experiment: Experiment) -> None:
    experiment.start_logging(snapshot_directory=None).log_row("row", a=1, b=2)

    found = experiment.workspace.sql("SELECT j.key, j.value FROM latest_metrics, json_each(last) AS j")

    assert found == [{"key": "a", "value": 1}, {"key": "b", "value": 2}]


def test_sqlite_utils_reads_the_views_and_writes_nothing(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None, tags={"model": "mlp"})
    run.log("loss", 0.5)

    # Nothing but the query holds on to the database.
    found = experiment.workspace.db.query("SELECT run, last FROM latest_metrics")
    db = experiment.workspace.db

    assert list(found) == [{"run": run.id, "last": 0.5}]
    assert list(db["tags"].rows) == [{"run": run.id, "name": "model", "value": "mlp"}]
    assert "runs" in db.view_names()
    for statement in ("DELETE FROM _tags", "CREATE TEMP TABLE mine (x)"):
        with pytest.raises(Exception, match="readonly"):
            db.execute(statement)
