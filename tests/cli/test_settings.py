"""The limits of a workspace are shown and changed from the command line, and hold for submits."""

from __future__ import annotations

import pytest

from localexp import Workspace
from tests.cli.command import complaint, localexp, printed, strict_json
from tests.processes import Project


def test_settings_are_shown_and_changed(workspace: Workspace, project: Project) -> None:
    assert strict_json(printed(localexp("settings", "--json", at=project.path))) == workspace.settings
    assert printed(localexp("settings", "snapshot.max_bytes", at=project.path)) == "snapshot.max_bytes: 2147483648\n"

    assert printed(localexp("settings", "snapshot.max_bytes", "1.5KiB", at=project.path)) == (
        "snapshot.max_bytes: 1536\n"
    )

    assert workspace.setting("snapshot.max_bytes") == 1536


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("7b", 7), ("2k", 2048), ("2KB", 2000), ("3 MiB", 3 * 2**20), ("0.5g", 2**29)]
)
def test_sizes_may_have_a_unit(workspace: Workspace, project: Project, text: str, number: int) -> None:
    printed(localexp("settings", "checkouts.max_bytes", text, at=project.path))

    assert workspace.setting("checkouts.max_bytes") == number


@pytest.mark.parametrize("text", ["", "x", "1.5.2", "3 apples", "1e9", "٣"])
def test_what_is_no_size_is_refused(workspace: Workspace, project: Project, text: str) -> None:
    said = complaint(localexp("settings", "checkouts.max_bytes", text, at=project.path), exit_code=2)

    assert "is no size; write a number of bytes, or one as 500MB or 4GiB" in said


@pytest.mark.parametrize("text", ["x", "4GiB", "1.5"])
def test_what_counts_runs_is_no_size(workspace: Workspace, project: Project, text: str) -> None:
    said = complaint(localexp("settings", "max_concurrent_runs", text, at=project.path), exit_code=2)

    assert f"'{text}' is not a valid integer" in said


def test_an_unknown_setting_is_refused(workspace: Workspace, project: Project) -> None:
    assert "there is no setting 'color'; there are snapshot.max_bytes" in complaint(
        localexp("settings", "color", "1", at=project.path)
    )


def test_a_limit_holds_for_submits_and_can_be_raised_for_one(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    project.write("data/large/rows", "x" * 5000)
    printed(localexp("settings", "snapshot.max_bytes", "1000", at=project.path))

    refused = localexp("submit", "train.py", at=project.path)
    raised = localexp("submit", "--max-snapshot-size", "1MB", "train.py", at=project.path)

    lines = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert lines[0].startswith(f"Error: {project.path} holds 2 files of 4.9 KiB, and a snapshot takes 100,000 files of")
    assert f"by a line in {project.path}/.amlignore such as '/data/large/', or raise the limit" in lines[0]
    assert lines[1:] == [
        "largest folders:",
        "    4.9 KiB  data/large/  1 file",
        "largest files:",
        "    4.9 KiB  data/large/rows",
        "        0 B  train.py",
    ]
    assert raised.returncode == 0, raised
