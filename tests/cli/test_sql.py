"""``localexp sql`` prints what a query gives, in one of three forms."""

from __future__ import annotations

from pathlib import Path

from localexp import Experiment, Workspace
from tests.cli.command import complaint, contents, localexp, logged_run, printed, strict_json, without_privileges
from tests.processes import Project


def test_rows_are_a_table_json_or_csv(workspace: Workspace, project: Project) -> None:
    logged_run(workspace, "one", {"loss": 0.25}).tag("formula", "=1+1")
    query = "SELECT run, last, value FROM latest_metrics JOIN tags USING (run)"

    shown = [printed(localexp("sql", query, *form, at=project.path)) for form in ([], ["--json"], ["--csv"])]

    assert shown[0] == "run  last  value\none  0.25  =1+1\n"
    assert strict_json(shown[1]) == [{"run": "one", "last": 0.25, "value": "=1+1"}]
    assert shown[2] == "run,last,value\none,0.25,'=1+1\n"


def test_bytes_are_hexadecimal_digits(workspace: Workspace, project: Project) -> None:
    shown = [
        printed(localexp("sql", "SELECT x'00ff' AS x", *form, at=project.path)) for form in ([], ["--json"], ["--csv"])
    ]

    assert [shown[0], strict_json(shown[1]), shown[2]] == ["x\n00ff\n", [{"x": "00ff"}], "x\n00ff\n"]


def test_of_no_rows_the_columns_are_named(workspace: Workspace, project: Project) -> None:
    query = "SELECT run, value FROM tags"

    shown = [printed(localexp("sql", query, *form, at=project.path)) for form in ([], ["--json"], ["--csv"])]

    assert shown == ["run  value\n", "[]\n", "run,value\n"]


def test_what_cannot_be_asked_is_one_line(workspace: Workspace, project: Project) -> None:
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    assert "one SELECT" in complaint(localexp("sql", "DELETE FROM _runs", at=project.path))
    assert "did you mean runs?" in complaint(localexp("sql", "SELECT * FROM run", at=project.path))
    assert "stopped after 0.05 s" in complaint(localexp("sql", endless, "--timeout", "0.05", at=project.path))
    assert "'--timeout'" in complaint(localexp("sql", "SELECT 1", "--timeout", "0", at=project.path), 2)


def test_a_store_that_may_only_be_read_can_be_asked(read_only: Path) -> None:
    """A run goes on, so what it has logged is not in the database, and cannot be put there."""
    run = Experiment(Workspace(read_only), "digits").start_logging(run_id="one", snapshot_directory=None)
    run.log("loss", 0.5)
    for path in [read_only, *read_only.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(read_only)

    query = "SELECT run, status, last FROM latest_metrics JOIN runs ON runs.id = run"
    shown = printed(localexp("sql", query, at=read_only, through=without_privileges()))

    assert shown == "run  status   last\none  Running   0.5\n"
    assert contents(read_only) == before
