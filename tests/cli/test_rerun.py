"""``localexp rerun`` runs again what a run was, and says what differs today."""

from __future__ import annotations

import shutil
import sys

from localexp import Experiment, ScriptRunConfig, Workspace
from tests.cli.command import complaint, localexp, printed, strict_json
from tests.processes import Project

SCRIPT = """
    import os, sys
    from localexp import Run
    lr = sys.argv[sys.argv.index("--lr") + 1]
    print("rate", lr, os.environ.get("EXTRA"))
    Run.get_context().log("rate", float(lr))
    sys.exit(float(lr) > 1)
"""


def test_the_output_is_shown_and_the_exit_code_passed_on(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    first = strict_json(printed(localexp("submit", "--json", "train.py", "--lr", "0.5", at=project.path)))
    shutil.rmtree(project.path)

    shown = printed(localexp("rerun", first["id"][:-4], at=project.path.parent))
    changed = localexp("rerun", "--env", "EXTRA=a=b", "--tag", "t", "latest", "--lr", "2", at=project.path.parent)

    assert "rate 0.5 None" in shown.splitlines()
    assert "Status: Completed" in shown
    assert (changed.returncode, changed.stderr) == (
        1,
        "Error: the script exited with code 1; its last line: rate 2 a=b\n",
    )
    assert "rate 2 a=b" in changed.stdout.splitlines()
    failed, second, _ = Experiment(workspace, "project").get_runs()
    assert (failed.origin, second.origin, failed.get_tags()) == (second.id, first["id"], {"t": None})
    assert f"origin: {first['id']}" in printed(localexp("show", second.id, at=project.path.parent)).splitlines()


def test_detached_it_prints_an_id_or_json(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    first = Experiment(workspace, "digits").submit(project.config(arguments=["--lr", "0.5"]))

    run_id = printed(localexp("rerun", "--detach", first.id, at=project.path)).strip()
    found = strict_json(
        printed(
            localexp(
                "rerun", "--set", "lr=0.25", "--json", "--now", "--python", sys.executable, first.id, at=project.path
            )
        )
    )

    assert [run.status for run in workspace.wait([first, run_id])] == ["Completed"] * 2
    assert (found["status"], found["metrics"]) == ("Completed", {"rate": 0.25})


def test_what_differs_today_is_said_before_and_once(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "print(open('data.txt').read())")
    project.write(".gitignore", "data.txt\n")
    data = project.write("data.txt", "one")
    config = ScriptRunConfig(project.path, "train.py", inputs=["data.txt"])
    Experiment(workspace, "digits").submit(config).wait_for_completion()
    data.write_text("three")

    result = localexp("rerun", "latest", at=project.path)

    assert result.returncode == 0
    assert result.stderr == "Differs today: the input data.txt is 1 file of 5 B, changed since, and was 1 file of 3 B\n"
    data.unlink()
    assert "is gone: bring back" in complaint(localexp("rerun", "latest", at=project.path))


def test_what_cannot_be_changed_is_refused(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    experiment = Experiment(workspace, "digits")
    experiment.submit(project.config(arguments=["--lr", "0.5"])).wait_for_completion()

    def refused(*options: str) -> str:
        return complaint(localexp("rerun", *options, "latest", at=project.path))

    assert "no argument 'momentum': there are lr" in refused("--set", "momentum=1")
    assert "--set 'lr' has no value; write --set NAME=VALUE" in refused("--set", "lr")
    assert "'/none/python' does not exist" in refused("--python", "/none/python")
    assert "--command" in refused("--command", "echo")
    stray = localexp("rerun", "latest", "--set=lr=1", at=project.path)
    assert "put '--set' there, or '--' after RUN if the script is to have it" in complaint(stray, 2)
    assert len(list(experiment.get_runs())) == 1


def test_all_arguments_can_be_given_anew(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "import sys; print(sys.argv[1:])")
    run = Experiment(workspace, "digits").submit(project.config(arguments=["-e", "5", "pos"]))
    run.wait_for_completion()

    refused = complaint(localexp("rerun", "--set", "e=6", run.id, at=project.path))
    given = printed(localexp("rerun", run.id, "-e", "6", "pos", at=project.path))
    none = printed(localexp("rerun", run.id, "--", at=project.path))

    assert "cannot be told: give all arguments anew, by arguments=[…] or, on the command line, behind RUN" in refused
    assert "['-e', '6', 'pos']" in given.splitlines()
    assert "[]" in none.splitlines()


def test_submit_with_reuse_shows_the_run_that_is_there(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    printed(localexp("submit", "--reuse", "train.py", "--lr", "0.5", at=project.path))
    [first] = Experiment(workspace, "project").get_runs()

    again = localexp("submit", "--reuse", "train.py", "--lr", "0.5", at=project.path)
    detached = localexp("submit", "--reuse", "--detach", "train.py", "--lr", "0.5", at=project.path)

    assert (again.returncode, again.stderr) == (0, f"Reused run {first.id}, which is Completed and the same.\n")
    assert {"rate 0.5 None", f"RunId: {first.id}"} <= set(again.stdout.splitlines())
    assert (detached.returncode, detached.stdout) == (0, f"{first.id}\n")
    assert len(list(Experiment(workspace, "project").get_runs())) == 1
