"""Long work shows how far it is on a terminal, and never anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command import in_terminal, localexp, printed
from tests.processes import Project


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command takes each piece of work for long."""
    (tmp_path / "impatient").mkdir()
    (tmp_path / "impatient" / "sitecustomize.py").write_text(
        "import localexp.snapshot.progress as progress\nprogress._SILENT_SECONDS = progress._EVERY_SECONDS = 0.0\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "impatient"), os.environ.get("PYTHONPATH", "")]))


def test_a_terminal_shows_progress_and_is_left_clean(project: Project, impatient: None) -> None:
    project.write("train.py", "print('hello')")
    (project.path / "large").write_bytes(os.urandom(3 * 2**20))
    in_terminal("init", at=project.path, columns=100)

    shown = in_terminal("submit", "train.py", at=project.path, columns=100)
    checked = in_terminal("fsck", at=project.path, columns=100)
    restored = in_terminal("snapshot", "restore", "latest", "back", at=project.path, columns=100)

    assert "Scanning: 2 files" in shown
    assert "Storing: 3.0 of 3.0 MiB" in shown
    assert "Checking: " in checked
    assert "Restoring: 2 of 2 files" in restored
    for screen in (shown, checked, restored):
        # After the last progress, the line is wiped.
        last = screen.rpartition("\r\x1b[K")
        assert last[1]
        assert ": " not in last[2].splitlines()[0].partition(" ")[0]


def test_short_work_shows_none(project: Project) -> None:
    project.write("train.py", "print('hello')")
    in_terminal("init", at=project.path, columns=100)

    shown = in_terminal("submit", "train.py", at=project.path, columns=100)

    assert "Scanning" not in shown


def test_a_pipe_gets_none(project: Project, impatient: None) -> None:
    project.write("train.py", "print('hello')")
    printed(localexp("init", at=project.path))

    assert "Scanning" not in printed(localexp("submit", "train.py", at=project.path))
    assert printed(localexp("fsck", at=project.path)).startswith("Checked 1 snapshot")
