"""``localexp wait`` blocks until all its runs have ended, says how each did, and has one exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli.command import complaint, in_terminal, localexp, logged_run, printed, started, strict_json
from tests.cli.conftest import Gate
from tests.processes import PATIENCE_SECONDS, Project


def submitted(workspace: Workspace, project: Project, script: str, *, now: bool = True) -> Run:
    project.write("train.py", script)
    return Experiment(workspace, "digits").submit(project.config(), now=now)


def test_each_end_is_a_line_and_all_completed_is_zero(workspace: Workspace, project: Project, gate: Gate) -> None:
    done = logged_run(workspace, "by-hand")
    run = submitted(workspace, project, gate.code)

    command = started("wait", run.id, "by-", run.id[:-1], at=project.path)
    assert command.stdout is not None
    assert command.stdout.readline().decode() == f"{done.id}  Completed\n"
    assert run.get_status() in ("Preparing", "Running")
    gate.open()
    rest, errors = command.communicate(timeout=PATIENCE_SECONDS)

    assert (command.returncode, rest.decode(), errors) == (0, f"{run.id}  Completed\n", b"")


def test_one_that_failed_makes_the_exit_code_one(workspace: Workspace, project: Project) -> None:
    failing = submitted(workspace, project, "raise SystemExit(3)")
    fine = submitted(workspace, project, "")

    result = localexp("wait", fine.id, failing.id, at=project.path)

    assert (result.returncode, result.stderr) == (1, "")
    assert sorted(result.stdout.splitlines()) == sorted([f"{fine.id}  Completed", f"{failing.id}  Failed"])


def test_json_is_all_that_is_printed_in_the_order_of_the_command_line(workspace: Workspace, project: Project) -> None:
    first = submitted(workspace, project, "from localexp import Run; Run.get_context().log('loss', 1.0)")
    second = submitted(workspace, project, "")

    found = strict_json(printed(localexp("wait", "--json", second.id, first.id, at=project.path)))

    assert [(run["id"], run["status"]) for run in found] == [(second.id, "Completed"), (first.id, "Completed")]
    assert found[1]["metrics"] == {"loss": 1.0}


def test_an_unknown_run_is_refused_before_anything_is_waited_for(
    workspace: Workspace, project: Project, gate: Gate
) -> None:
    run = submitted(workspace, project, gate.code)

    assert "no run 'unknown'" in complaint(localexp("wait", run.id, "unknown", at=project.path))

    gate.open()
    run.wait_for_completion()


def test_a_terminal_shows_how_many_have_ended(
    workspace: Workspace, project: Project, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "impatient").mkdir()
    (tmp_path / "impatient" / "sitecustomize.py").write_text(
        "import localexp.snapshot.progress as progress\nprogress._SILENT_SECONDS = progress._EVERY_SECONDS = 0.0\n"
    )
    workspace.set_setting("max_concurrent_runs", 1)
    done = logged_run(workspace, "by-hand")
    first, second = (submitted(workspace, project, gate.code, now=False) for _ in range(2))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "impatient"), os.environ.get("PYTHONPATH", "")]))

    def open_gate(shown: bytes) -> None:
        if b"1 of 3 ended, 1 running, 1 queued" in shown:
            gate.open()
        if b"2 of 3 ended, 1 running" in shown:
            gate.open()

    shown = in_terminal("wait", done.id, second.id, first.id, at=project.path, columns=100, meanwhile=open_gate)

    lines = [line.rpartition("\x1b[K")[2] for line in shown.split("\n")]
    assert lines == [*(f"{run.id}  Completed" for run in (done, first, second)), ""]
