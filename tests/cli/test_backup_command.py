"""``localexp backup`` writes one archive, and says what is in it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from localexp import Experiment, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, strict_json


def test_it_says_what_it_has_and_what_went_on(workspace: Workspace) -> None:
    folder = Path(workspace.path)
    logged_run(workspace, "first").upload_file("outputs/model", __file__)
    active = Experiment(workspace, "digits").start_logging(run_id="active", snapshot_directory=None)

    said = printed(localexp("backup", "copy.tar", at=folder))
    plain = strict_json(printed(localexp("backup", "other.tar.gz", "--json", at=folder)))
    active.complete()

    first, second = said.splitlines()
    assert first.startswith(f"Backed up 2 runs and 3 files: {folder / 'copy.tar'}, ")
    assert second == "Went on, and Failed in the copy: active"
    assert {name: plain[name] for name in ("path", "runs", "files", "interrupted", "missing")} == {
        "path": str(folder / "other.tar.gz"),
        "runs": 2,
        "files": 3,
        "interrupted": ["active"],
        "missing": [],
    }
    assert plain["size"] == os.path.getsize(folder / "other.tar.gz")
    for name in ("copy.tar", "other.tar.gz"):
        with tarfile.open(folder / name) as tar:
            assert ".localexp/localexp.db" in tar.getnames()


def test_what_is_missing_is_a_warning(workspace: Workspace) -> None:
    run = logged_run(workspace, "first")
    run.upload_file("outputs/model", __file__)
    os.unlink(run._layout.artifact("outputs/model"))

    result = localexp("backup", "copy.tar", at=Path(workspace.path))

    assert result.returncode == 0
    assert result.stderr == "Warning: recorded, and not there: first: outputs/model\n"


def test_an_existing_file_is_refused(workspace: Workspace) -> None:
    folder = Path(workspace.path)
    (folder / "copy.tar").write_text("mine")

    assert "is there already" in complaint(localexp("backup", "copy.tar", at=folder))

    assert (folder / "copy.tar").read_text() == "mine"
