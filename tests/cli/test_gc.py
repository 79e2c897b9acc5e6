"""``localexp gc``."""

from __future__ import annotations

import json
from pathlib import Path

from localexp import Workspace
from tests.cli.command import localexp
from tests.processes import Project
from tests.snapshot import trees
from tests.snapshot.interleaving import run_of


def test_it_says_what_would_go_and_then_what_went(workspace: Workspace, project: Project) -> None:
    project.write("kept", "kept")
    run_of(workspace, project.path)
    project.write("folder/gone", "gone!")
    trees.taken(workspace, project.path)

    said = localexp("gc", "--dry-run", "--json", at=Path(workspace.path))
    dry = localexp("gc", "--dry-run", at=Path(workspace.path))
    done = localexp("gc", at=Path(workspace.path))

    plain = json.loads(said.stdout)
    assert plain["removed"]["blobs"] == {"count": 1, "bytes": 5}
    assert (plain["dry_run"], plain["databases"]["after"]) == (True, None)
    assert plain["bytes"] == sum(one["bytes"] for one in plain["removed"].values())
    lines = dry.stdout.splitlines()
    assert lines[0] == "1 snapshot that no run has"
    assert lines[2] == "1 file of snapshots: 5 B"
    assert lines[-1] == f"Would remove {plain['bytes']} B; nothing was removed."
    assert done.stdout.splitlines()[:-1] == lines[:-1]
    assert done.stdout.splitlines()[-1].startswith(f"Removed {plain['bytes']} B. The databases take ")


def test_where_there_is_no_garbage_it_says_so(workspace: Workspace) -> None:
    assert localexp("gc", "--dry-run", at=Path(workspace.path)).stdout == "Would remove 0 B; nothing was removed.\n"
