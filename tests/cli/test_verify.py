"""``localexp verify`` says whether a run comes to the same today."""

from __future__ import annotations

from localexp import Experiment, Workspace
from tests.cli.command import complaint, localexp, printed, strict_json
from tests.processes import Project

SCRIPT = """
    import random, sys
    from localexp import Run
    random.seed(sys.argv[2])
    run = Run.get_context()
    for step in range(2):
        run.log("loss", random.random(), step=step)
    run.log("nan", float("nan"))
    print("seen by nobody")
    sys.exit(3 if sys.argv[2] == "bad" else 0)
"""


def test_it_says_reproduced_or_drifted_with_the_metric(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    experiment = Experiment(workspace, "digits")
    first = experiment.submit(project.config(arguments=["--seed", "a"]))
    first.wait_for_completion()

    same = printed(localexp("verify", first.id, at=project.path))
    other = localexp("verify", "--set", "seed=b", first.id, at=project.path)
    bad = localexp("verify", "--set", "seed=bad", first.id, at=project.path)

    failed, drifted, reproduced, _ = experiment.get_runs()
    assert same == f"reproduced: run {reproduced.id} has logged the same as run {first.id}, 2 metrics\n"
    assert (other.returncode, other.stderr) == (1, "")
    head, line = other.stdout.splitlines()
    assert head == f"drifted: run {drifted.id} has logged something else than run {first.id}"
    assert line.startswith("  loss: ")
    assert line.endswith(" now, at step 0, the first of 2 that differ")
    assert (bad.returncode, bad.stderr) == (1, "")
    assert (
        bad.stdout
        == f"drifted: run {failed.id} is Failed: the script exited with code 3; its last line: seen by nobody\n"
    )
    assert "only a Completed run" in complaint(localexp("verify", "latest", at=project.path))


def test_as_json(workspace: Workspace, project: Project) -> None:
    project.write("train.py", SCRIPT)
    first = Experiment(workspace, "digits").submit(project.config(arguments=["--seed", "a"]))
    first.wait_for_completion()

    drifted = localexp("verify", "--json", "--tolerance", "1e-9", first.id, "--seed", "b", at=project.path)
    close = localexp("verify", "--json", "--tolerance", "0.1", first.id, at=project.path)

    assert (drifted.returncode, close.returncode) == (1, 0)
    found = strict_json(drifted.stdout)
    assert (found["reproduced"], found["error"], found["metrics"]) == (False, None, 2)
    [difference] = found["differences"]
    assert (difference["metric"], difference["aspect"], difference["step"]) == ("loss", "value", 0)
    assert strict_json(close.stdout)["reproduced"] is True
