"""The command line in an ephemeral workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import localexp


@pytest.mark.parametrize("command", ["runs", "show latest", "doctor", "fsck", "gc", "delete latest --yes"])
def test_it_is_taken_for_any_other(temporary: Path, command: str) -> None:
    with Workspace.ephemeral() as workspace:
        run = Experiment(workspace, "digits").start_logging(snapshot_directory=None)
        run.log_list("losses", [0.5, 0.25])
        run.complete()

        done = localexp(*command.split(" "), at=Path(workspace.path))

        assert (done.returncode, done.stderr) == (0, "")
        assert len(list(Experiment(workspace, "digits").get_runs())) == (0 if "delete" in command else 1)
    assert list(temporary.iterdir()) == []
