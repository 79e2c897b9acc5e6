"""``localexp submit --detach`` returns while the script goes on."""

from __future__ import annotations

from localexp import Run, Workspace
from tests.cli.command import localexp, printed, strict_json
from tests.cli.conftest import Gate
from tests.processes import Project


def test_only_the_id_is_printed_and_the_run_completes(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", f"{gate.code}; print('learnt')")

    shown = printed(localexp("submit", "--detach", "train.py", at=project.path))

    run = Run.get(workspace, shown.removesuffix("\n"))
    assert run.get_status() in ("NotStarted", "Preparing", "Running")
    gate.open()
    assert run.wait_for_completion()["status"] == "Completed"
    assert printed(localexp("logs", run.id, at=project.path)) == "learnt\n"


def test_json_tells_of_the_run_as_it_starts(workspace: Workspace, project: Project, gate: Gate) -> None:
    project.write("train.py", gate.code)

    found = strict_json(printed(localexp("submit", "--detach", "--json", "train.py", at=project.path)))

    assert found["status"] in ("NotStarted", "Preparing", "Running")
    assert found["ended"] is None
    gate.open()
    assert Run.get(workspace, found["id"]).wait_for_completion()["status"] == "Completed"
