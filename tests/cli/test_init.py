"""``localexp init`` creates a workspace, and leaves one that is there as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localexp import Workspace
from tests.cli.command import complaint, contents, localexp, printed, strict_json, without_privileges


def test_a_workspace_is_created_in_the_current_folder_and_named_like_it(folder: Path) -> None:
    shown = printed(localexp("init", at=folder))

    assert f"'{folder.name}' in {folder}" in shown
    assert "Next: localexp submit" in shown
    assert Workspace.from_config(folder).name == folder.name


def test_a_folder_that_is_not_there_is_made(folder: Path) -> None:
    found = strict_json(printed(localexp("init", "deep/er", "--name", "digits", "--json", at=folder)))

    assert found == {"name": "digits", "path": str(folder / "deep" / "er")}
    assert Workspace(folder / "deep" / "er").name == "digits"


def test_a_workspace_that_is_there_stays_as_it_is(folder: Path) -> None:
    Workspace.create("digits", folder).close()
    before = contents(folder)

    shown = printed(localexp("init", at=folder))
    named = printed(localexp("init", ".localexp", "--name", "digits", at=folder))

    assert shown == named
    assert f"a workspace 'digits' in {folder} already" in shown
    assert contents(folder) == before


def test_a_workspace_that_is_there_gets_no_other_name(folder: Path) -> None:
    Workspace.create("digits", folder).close()

    line = complaint(localexp("init", "--name", "letters", at=folder))

    assert "named 'digits'" in line
    assert "leave --name out" in line
    assert Workspace(folder).name == "digits"


def test_a_name_must_not_be_empty(folder: Path) -> None:
    assert "is a text that is not empty" in complaint(localexp("init", "--name", "", at=folder))
    assert contents(folder) == {}


def test_a_file_is_no_place_for_a_workspace(folder: Path) -> None:
    (folder / "file").write_text("mine")

    line = complaint(localexp("init", "file", at=folder))

    assert str(folder / "file") in line
    assert contents(folder) == {"file": b"mine"}


def test_a_file_in_the_place_of_the_store_is_left_alone(folder: Path) -> None:
    (folder / ".localexp").write_text("mine")

    line = complaint(localexp("init", at=folder))

    assert str(folder) in line
    assert contents(folder) == {".localexp": b"mine"}


def test_a_folder_that_may_not_be_written_is_named(read_only: Path) -> None:
    read_only.chmod(0o555)

    line = complaint(localexp("init", "inner", at=read_only, through=without_privileges()))

    assert f"{read_only / 'inner' / '.localexp'}: Permission denied" in line
    assert contents(read_only) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_not_utf8_is_as_good_as_any(folder: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9"))
    odd.mkdir()
    (odd / "train.py").write_text("print('learnt')")

    printed(localexp("init", at=odd))
    shown = printed(localexp("submit", "train.py", at=odd))

    assert "learnt" in shown.splitlines()
