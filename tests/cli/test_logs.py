"""``localexp logs`` prints what a script has printed, or says why there is nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from localexp import Experiment, Workspace
from localexp.store import experiments
from localexp.store.owners import this_process
from tests.cli.command import COMMAND, complaint, in_terminal, localexp, logged_run, printed
from tests.processes import Project
from tests.store.rows import add_run


def test_the_log_of_a_run_that_has_ended_is_printed(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import sys; print('out', flush=True); print('err', file=sys.stderr)")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()

    assert printed(localexp("logs", run.id, at=project.path)) == "out\nerr\n"
    assert "not distributed, and so has no rank 0" in complaint(
        localexp("logs", "--rank", "0", run.id, at=project.path)
    )
    followed = localexp("logs", "-f", run.id[:12], at=project.path)
    assert (followed.stdout, followed.stderr) == ("out\nerr\n", "The run is Completed.\n")


def test_an_interactive_run_has_no_log(workspace: Workspace, project: Project) -> None:
    run = logged_run(workspace, "by-hand")

    line = complaint(localexp("logs", "latest", at=project.path))

    assert "interactive run" in line
    assert f"'localexp show {run.id}'" in line


def test_a_log_that_has_been_deleted_is_missed(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print('out')")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()
    [log] = project.path.parent.rglob("std_log.txt")
    log.unlink()

    line = complaint(localexp("logs", run.id, at=project.path))

    assert f"the log of run {run.id} is gone: it was the file {log}; restore that" in line


def test_of_a_run_that_waits_it_is_said_how_to_wait_for_its_log(workspace: Workspace, project: Project) -> None:
    with workspace._store.main.writing() as db:
        key = add_run(db, experiments.get_or_create(db, "digits", 1).key, "first", type="azureml.scriptrun")
        db.execute(
            "UPDATE _runs SET status = 'Queued', ended_at = NULL, owner = ? WHERE key = ?", (str(this_process()), key)
        )

    line = complaint(localexp("logs", "first", at=project.path))

    assert "is Queued and has no log yet; 'localexp logs -f first' waits for it" in line


def test_a_log_that_ends_within_a_character_is_shown_to_its_end(workspace: Workspace, project: Project) -> None:
    project.write("train.py", r"import os; os.write(1, b'caf\xc3')")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()

    assert in_terminal("logs", run.id, at=project.path, columns=80) == "caf\ufffd"


def test_into_a_file_go_the_bytes_as_they_were_written(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    written = b"caf\xc3\r\n\xff\x1b[31m\0\n"
    project.write("train.py", f"import os; os.write(1, {written!r})")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()

    for options in ([], ["-f"]):
        with open(tmp_path / "copy", "wb") as copy:
            subprocess.run([*COMMAND, "logs", *options, run.id], cwd=project.path, stdout=copy, check=True)
        assert (tmp_path / "copy").read_bytes() == written


def test_who_follows_a_run_that_fails_is_told_why(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "raise ValueError('bad')")
    run = Experiment(workspace, "digits").submit(project.config())

    followed = localexp("logs", "-f", run.id, at=project.path)

    assert followed.stderr == ("The run is Failed: the script exited with code 1: ValueError: bad (train.py, line 1)\n")


def test_with_tail_only_the_last_lines_are_printed(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "for number in range(100): print(number)")
    run = Experiment(workspace, "digits").submit(project.config())
    run.wait_for_completion()

    assert printed(localexp("logs", run.id, "--tail", "2", at=project.path)) == "98\n99\n"
    assert printed(localexp("logs", run.id, "--tail", "0", at=project.path)) == ""
    followed = localexp("logs", run.id, "-f", "--tail", "1", at=project.path)
    assert (followed.stdout, followed.stderr) == ("99\n", "The run is Completed.\n")
    assert "'--tail': -1" in complaint(localexp("logs", run.id, "--tail", "-1", at=project.path), exit_code=2)
