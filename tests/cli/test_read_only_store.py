"""A store that may only be read can be read, and not a byte of it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import Experiment, ScriptRunConfig, Workspace
from tests.cli.command import complaint, contents, localexp, logged_run, printed, strict_json, without_privileges
from tests.processes import output, python, wait_until


def protect(folder: Path) -> dict[str, bytes | None]:
    """Take all rights to write away, and return what is there."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return contents(folder)


def test_runs_show_and_logs_work_and_submit_is_refused(read_only: Path) -> None:
    (read_only / "train.py").write_text("from localexp import Run; Run.get_context().log('loss', 0.5); print('learnt')")
    with_run = Workspace(read_only)
    run = Experiment(with_run, "digits").submit(ScriptRunConfig(read_only, "train.py"))
    run.wait_for_completion()
    with_run.close()
    # The supervisor tidies up after the end of the run, and SQLite removes its logs with the last connection.
    wait_until(lambda: not list((read_only / ".localexp").glob("*-wal")), "the supervisor has closed the store")
    before = protect(read_only)
    through = without_privileges()

    listed = strict_json(printed(localexp("runs", "--json", at=read_only, through=through)))
    shown = printed(localexp("show", "latest", at=read_only, through=through))
    log = printed(localexp("logs", "latest", at=read_only, through=through))
    followed = localexp("logs", "-f", run.id, at=read_only, through=through)
    refused = complaint(localexp("submit", "train.py", at=read_only, through=through))
    not_tagged = complaint(localexp("tag", "latest", "best", at=read_only, through=through))

    assert [(one["id"], one["status"], one["metrics"]) for one in listed] == [(run.id, "Completed", {"loss": 0.5})]
    assert "status: Completed" in shown
    assert log == "learnt\n"
    assert (followed.returncode, followed.stdout, followed.stderr) == (0, "learnt\n", "The run is Completed.\n")
    assert f"{read_only / '.localexp' / 'localexp.db'} may only be read; copy" in refused
    assert f"what was said of run {run.id} could not be kept: " in not_tagged
    assert contents(read_only) == before


def test_a_run_that_died_is_shown_as_it_stands_with_what_it_logged(read_only: Path) -> None:
    output(
        python(
            """
            import os, sys
            from localexp import Experiment, Workspace
            run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(run_id="died", snapshot_directory=None)
            run.log("loss", 0.5)
            os._exit(0)
            """,
            read_only,
        )
    )
    before = protect(read_only)
    through = without_privileges()

    [run] = strict_json(printed(localexp("runs", "--json", at=read_only, through=through)))
    shown = printed(localexp("show", "died", at=read_only, through=through))

    assert (run["status"], run["metrics"]) == ("Failed", {"loss": 0.5})
    assert "status: Failed" in shown
    assert "died without ending it" in shown
    assert contents(read_only) == before


@pytest.mark.parametrize("arguments", [["runs"], ["show", "by-hand"]], ids=lambda given: given[0])
def test_a_store_that_may_not_even_be_read_is_refused(read_only: Path, arguments: list[str]) -> None:
    with_run = Workspace(read_only)
    logged_run(with_run, "by-hand")
    with_run.close()
    database = read_only / ".localexp" / "localexp.db"
    database.chmod(0)

    line = complaint(localexp(*arguments, at=read_only, through=without_privileges()))

    assert str(database) in line
