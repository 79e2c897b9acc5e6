"""A package that goes while a script runs, as when another version is installed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import localexp
from localexp import Run, Workspace
from tests.processes import Project, output, python, wait_until

SUBMIT = """
import sys
from localexp import Experiment, ScriptRunConfig, Workspace
run = Experiment(Workspace(sys.argv[1]), "digits").submit(ScriptRunConfig(sys.argv[2], "train.py", sys.argv[3:]))
print(run.id)
"""
SCRIPT = """
import os, sys, time
from localexp import Run
started, may_end = sys.argv[1:3]
Run.get_context().log("begun", 1)
open(started, "w").close()
while not os.path.exists(may_end):
    time.sleep(0.01)
open("outputs/made", "w").close()
raise ValueError("boom")
"""


def points_in(workspace: Workspace) -> int:
    """How many points are in the database, which nobody who only looks at it has put there."""
    with closing(sqlite3.connect(workspace._store.layout.database)) as db:
        return int(db.execute("SELECT count(*) FROM _points").fetchone()[0])


def test_a_run_ends_as_it_should_though_the_package_of_its_supervisor_is_gone_by_then(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", SCRIPT)
    copy = tmp_path / "installed" / "localexp"
    shutil.copytree(Path(localexp.__file__).parent, copy)
    started, may_end = tmp_path / "started", tmp_path / "may end"

    submitting = python(
        SUBMIT, workspace.path, project.path, started, may_end, PYTHONPATH=str(copy.parent), PYTHONSAFEPATH="1"
    )
    run = Run.get(workspace, output(submitting).strip())
    wait_until(started.exists, "the script runs")
    wait_until(lambda: points_in(workspace), "the supervisor has nothing more to load, and folds")
    shutil.rmtree(copy)
    may_end.touch()
    details = run.wait_for_completion(raise_on_error=False)

    assert "ValueError: boom" in details["error"]["error"]["message"]
    assert "outputs/made" in run.get_file_names()
