"""``localexp doctor`` tells in a line each what is wrong, and exits with 1 as long as something is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Run, Workspace
from localexp.store import artifacts, experiments
from tests.cli.command import complaint, contents, localexp, logged_run, printed, strict_json, without_privileges
from tests.store.rows import add_run


@pytest.fixture
def run(workspace: Workspace) -> Run:
    run = logged_run(workspace, "first", {"loss": 0.5})
    run.upload_file("outputs/model", __file__)
    run.get_status()
    return run


def test_nothing_wrong_is_said_with_what_takes_how_much_room(workspace: Workspace, run: Run) -> None:
    lines = printed(localexp("doctor", at=Path(workspace.path))).splitlines()

    assert lines[:2] == ["Nothing is wrong.", ""]
    assert lines[2].startswith(f"{workspace.path}/.localexp (")
    assert ", format 5, Python 3." in lines[2]
    assert lines[3].startswith("record ")
    assert f"runs {os.path.getsize(__file__) / 1024:.1f} KiB" in lines[3]
    assert lines[3].endswith(" are free")


def test_findings_are_told_mended_if_asked_and_counted(workspace: Workspace, run: Run) -> None:
    folder = Path(workspace.path)
    Path(run._layout.handover).write_text("SECRET=1")
    os.unlink(run._layout.artifact("outputs/model"))
    before = contents(folder / ".localexp" / "runs")

    told = localexp("doctor", at=folder)
    plain = localexp("doctor", "--json", at=folder)
    assert contents(folder / ".localexp" / "runs") == before
    repaired = localexp("doctor", "--repair", at=folder)

    assert [one.returncode for one in (told, plain, repaired)] == [1, 1, 1]
    handover, artifact, count = told.stdout.splitlines()[:3]
    assert handover.startswith(f"Wrong: {run._layout.handover} holds the environment")
    assert handover.endswith("; --repair removes it.")
    assert artifact.startswith("Wrong: run first lacks files as they were recorded: outputs/model (No such file")
    assert count == "2 findings."
    found = strict_json(plain.stdout)
    assert not found["healthy"]
    assert [(one["kind"], one["subject"], one["mendable"]) for one in found["findings"]] == [
        ("handover", "first", True),
        ("artifacts", "first", False),
    ]
    assert repaired.stdout.startswith(f"Mended: {run._layout.handover} holds")
    assert repaired.stdout.splitlines()[1:3] == [artifact, "1 finding."]


def test_of_many_findings_of_one_kind_only_the_first_are_told(workspace: Workspace) -> None:
    with workspace._store.main.writing() as db:
        experiment = experiments.get_or_create(db, "digits", 1).key
        for number in range(12):
            artifacts.add(db, add_run(db, experiment, f"run-{number:02}"), "outputs/model", 1, "0", 1)

    told = localexp("doctor", at=Path(workspace.path)).stdout.splitlines()
    plain = strict_json(localexp("doctor", "--json", at=Path(workspace.path)).stdout)

    assert [line.startswith(f"Wrong: run run-{number:02} lacks") for number, line in enumerate(told[:3])] == [True] * 3
    assert told[0].endswith(" from a backup, or 'localexp delete run-00'.")
    assert told[3] == (
        "Wrong: the same of 9 more (run-03, run-04, run-05, run-06, run-07 and 4 more); 'localexp doctor --json' tells "
        "of each."
    )
    assert told[4] == "12 findings."
    assert len(plain["findings"]) == 12


def test_a_workspace_that_cannot_be_opened_is_told_about(workspace: Workspace, run: Run) -> None:
    workspace.close()
    Path(workspace._store.layout.database).write_bytes(b"no database at all" * 1000)

    told = localexp("doctor", at=Path(workspace.path))

    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("Wrong: cannot use the database ")


def test_no_workspace_is_an_error(folder: Path) -> None:
    assert "there is no workspace in" in complaint(localexp("doctor", at=folder))
    assert "there is no workspace in 'none'" in complaint(localexp("doctor", "--workspace", "none", at=folder))


def test_one_that_may_only_be_read_says_so_and_is_not_mended(read_only: Path) -> None:
    logged_run(Workspace(read_only), "first").get_status()
    for path in [*read_only.rglob("*"), read_only]:
        path.chmod(0o555 if path.is_dir() else 0o444)

    told = localexp("doctor", at=read_only, through=without_privileges())

    assert told.returncode == 1
    assert "may only be read by you: runs can be looked at, and none can be started" in told.stdout
    assert "nothing in it can be mended" in complaint(
        localexp("doctor", "--repair", at=read_only, through=without_privileges())
    )
