"""``localexp delete`` says what would go, asks, and deletes all of it or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import complaint, in_terminal, localexp, logged_run, printed, strict_json


@pytest.fixture
def runs(workspace: Workspace, experiment: Experiment) -> Path:
    """The folder of a workspace with the runs ``first``, its child ``first-child``, and ``second``."""
    with experiment.start_logging(snapshot_directory=None, run_id="first") as run:
        run.upload_file("outputs/model", __file__)
        with run.child_run(run_id="first-child"):
            pass
    logged_run(workspace, "second")
    return Path(workspace.path)


def left(workspace: Workspace) -> list[str]:
    return [run.id for run in Experiment(workspace, "digits").get_runs(include_children=True)]


def test_it_deletes_runs_with_their_children_and_says_how_much_that_was(workspace: Workspace, runs: Path) -> None:
    shown = printed(localexp("delete", "first", "--yes", at=runs))

    assert shown.startswith("Deleted 2 runs and ")
    assert shown.endswith("of files. 'localexp gc' frees what snapshots took.\n")
    assert left(workspace) == ["second"]


def test_json_says_the_same(workspace: Workspace, runs: Path) -> None:
    found = strict_json(printed(localexp("delete", "sec", "first", "--yes", "--json", at=runs)))

    assert found == {"deleted": ["first", "first-child", "second"], "bytes": Path(__file__).stat().st_size}
    assert left(workspace) == []


def test_a_terminal_is_asked(workspace: Workspace, runs: Path) -> None:
    refused = in_terminal("delete", "first", at=runs, columns=120, typed=b"n\n", exit_code=1)
    assert "first  Completed\nfirst-child  Completed, a child\nDelete 2 runs and " in refused
    assert "nothing is changed" in refused
    assert len(left(workspace)) == 3

    in_terminal("delete", "first", at=runs, columns=120, typed=b"y\n")
    assert left(workspace) == ["second"]


def test_nobody_is_asked_in_a_pipe(workspace: Workspace, runs: Path) -> None:
    assert "Give '--yes' if so" in complaint(localexp("delete", "first", at=runs), 2)

    assert len(left(workspace)) == 3


def test_one_that_goes_on_or_is_not_there_keeps_all(workspace: Workspace, runs: Path) -> None:
    active = Experiment(workspace, "digits").start_logging(run_id="active", snapshot_directory=None)

    assert "no run 'unknown'" in complaint(localexp("delete", "first", "unknown", "--yes", at=runs))
    line = complaint(localexp("delete", "first", "active", "--yes", at=runs))
    assert f"run active is Running: it is an interactive run of process {os.getpid()} of " in line

    assert len(left(workspace)) == 4
    active.complete()


def test_all_runs_that_a_filter_is_true_of_go(workspace: Workspace, runs: Path) -> None:
    logged_run(workspace, "good", {"loss": 0.1})
    logged_run(workspace, "bad", {"loss": 0.9})
    logged_run(workspace, "other", {"loss": 0.9}, experiment="letters")

    where = ["--filter", "metrics.loss > 0.5", "--experiment", "digits", "--yes", "--json"]
    assert strict_json(printed(localexp("delete", *where, at=runs)))["deleted"] == ["bad"]
    assert strict_json(printed(localexp("delete", *where, at=runs))) == {"deleted": [], "bytes": 0}

    assert left(workspace) == ["good", "second", "first-child", "first"]
    assert [run.id for run in Experiment(workspace, "letters").get_runs()] == ["other"]


def test_an_empty_filter_deletes_nothing(workspace: Workspace, runs: Path) -> None:
    for empty in ("", "  "):
        refused = localexp("delete", "--filter", empty, "--yes", at=runs)
        assert (refused.returncode, refused.stderr[:48]) == (1, "Error: an empty --filter would delete every run;")


def test_wrong_filters_and_mixtures_are_refused(workspace: Workspace, runs: Path) -> None:
    wrong = localexp("delete", "--filter", "metrics.loss >", "--yes", at=runs)
    assert (wrong.returncode, wrong.stderr.splitlines()[-1].strip()) == (1, "^")
    assert "there is no experiment 'none'" in complaint(
        localexp("delete", "--filter", "number > 0", "--experiment", "none", "--yes", at=runs)
    )
    for mixture in ([], ["first", "--filter", "number > 0"], ["first", "--experiment", "digits"]):
        assert "Name each RUN, or give '--filter'" in complaint(localexp("delete", *mixture, "--yes", at=runs), 2)

    assert len(left(workspace)) == 3
