"""``localexp diff`` says what changed from one run to another."""

from __future__ import annotations

import subprocess

from localexp import Experiment, Run, Workspace
from tests.cli.command import complaint, localexp, logged_run, printed, shown_at_once, strict_json
from tests.processes import Project

_NASTY = "\x1b[31m\x07"


def captured(workspace: Workspace, name: str, project: Project, rate: str = "", **metrics: float) -> Run:
    run = Experiment(workspace, "digits").start_logging(run_id=name, snapshot_directory=str(project.path))
    for metric, value in metrics.items():
        run.log(metric, value)
    run.log_params({"lr": rate, "config": "a" * 5000 + rate + "c" * 5000} if rate else None)
    run.complete()
    return run


def two_runs(workspace: Workspace, project: Project) -> tuple[Run, Run]:
    project.write("train.py", "import data\nlr = 0.1\n")
    project.write("old name.py", "pass\n")
    one = captured(workspace, "one", project, "0.1", loss=0.31, same=1)
    project.write("train.py", "import data\nlr = 0.2\n")
    (project.path / "old name.py").rename(project.path / "new name.py")
    (project.path / "weights.bin").write_bytes(b"\0\1")
    other = captured(workspace, "other", project, "0.2", loss=0.28, same=1)
    other.tag(f"mark{_NASTY}")
    return one, other


_SHOWN = """\
one → other
source: 1 file changed, 1 added, 1 renamed
params: config …aaaaaa0.1ccccccccccccccccccc… → …aaaaaa0.2ccccccccccccccccccc…,…
tags: mark\\x1b[31m\\x07 added
metrics: loss 0.31 → 0.28

source
diff --git a/old name.py b/new name.py
similarity index 100%
rename from old name.py
rename to new name.py
diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,2 +1,2 @@
 import data
-lr = 0.1
+lr = 0.2
diff --git a/weights.bin b/weights.bin
new file mode 100644
Binary files /dev/null and b/weights.bin differ

params
  - config: …aaaaaa0.1ccccccccccccccccccccccccccccccccccccccccccccccccccccccccc…
  + config: …aaaaaa0.2ccccccccccccccccccccccccccccccccccccccccccccccccccccccccc…
  - lr: 0.1
  + lr: 0.2

tags
  + mark\\x1b[31m\\x07

metrics
METRIC  A     B     CHANGE  LOWEST       HIGHEST      VALUES
loss    0.31  0.28  -0.03   0.31 → 0.28  0.31 → 0.28  1
"""


def test_what_changed_is_shown_section_by_section(workspace: Workspace, project: Project) -> None:
    two_runs(workspace, project)

    assert shown_at_once("diff", "one", "other", at=project.path, columns=80) == _SHOWN


def test_on_a_terminal_lines_have_colours(workspace: Workspace, project: Project) -> None:
    two_runs(workspace, project)

    shown = shown_at_once("diff", "one", "other", at=project.path, columns=80, variables={"NO_COLOR": ""})

    for line in ("\x1b[31m-lr = 0.1\x1b[0m", "\x1b[32m+lr = 0.2\x1b[0m", "\x1b[36m@@ -1,2 +1,2 @@\x1b[0m"):
        assert line in shown.splitlines()
    assert "\x1b[32m  + lr: 0.2\x1b[0m" in shown


def test_a_pipe_gets_whole_values_and_a_patch_that_git_takes(workspace: Workspace, project: Project) -> None:
    one, _ = two_runs(workspace, project)
    (project.path / "weights.bin").unlink()
    captured(workspace, "third", project)
    target = project.path / "target"
    one.snapshot.restore(target)  # type: ignore[union-attr]
    subprocess.run(["git", "init", "-q", str(target)], check=True)

    text = printed(localexp("diff", "one", "third", at=project.path))

    assert "a" * 5000 + "0.1" + "c" * 5000 in text
    subprocess.run(["git", "apply"], input=text, text=True, cwd=target, check=True)
    assert (target / "train.py").read_text() == "import data\nlr = 0.2\n"
    assert (target / "new name.py").exists()


def test_of_the_source_only_the_names_are_shown_if_wanted(workspace: Workspace, project: Project) -> None:
    two_runs(workspace, project)

    lines = printed(localexp("diff", "one", "other", "--stat", "--section", "source", at=project.path)).splitlines()

    assert lines == ["R\told name.py\tnew name.py", "M\ttrain.py", "A\tweights.bin"]


def test_sections_are_shown_alone(workspace: Workspace, project: Project) -> None:
    two_runs(workspace, project)
    wanted = ("--section", "metrics", "--section", "packages", "--section", "tags", "--section", "tags")

    lines = printed(localexp("diff", "one", "other", *wanted, at=project.path)).splitlines()
    found = strict_json(printed(localexp("diff", "one", "other", *wanted, "--json", at=project.path)))

    assert [lines[0], *lines[3:]] == ["metrics", "packages: nothing changed", "", "tags", "  + mark\\x1b[31m\\x07"]
    assert found["metrics"]["loss"]["last"] == [0.31, 0.28]
    assert found["tags"] == {f"mark{_NASTY}": [None, ""]}
    assert list(found) == ["old", "new", "tags", "metrics"]
    assert localexp("diff", "one", "other", "--section", "colour", at=project.path).returncode == 2


def test_json_names_the_files_that_changed(workspace: Workspace, project: Project) -> None:
    two_runs(workspace, project)

    found = strict_json(printed(localexp("diff", "one", "other", "--json", at=project.path)))

    assert (found["old"], found["new"]) == ("one", "other")
    assert found["source"] == {
        "added": ["weights.bin"],
        "removed": [],
        "changed": ["train.py"],
        "renamed": [{"from": "old name.py", "to": "new name.py"}],
    }
    assert found["summary"]["metrics"] == "loss 0.31 → 0.28"


def test_a_run_without_a_snapshot_is_no_error(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    captured(workspace, "one", project)
    logged_run(workspace, "by-hand", {"loss": 1})

    lines = printed(localexp("diff", "one", "by-hand", at=project.path)).splitlines()

    assert "source: run by-hand has no snapshot" in lines
    assert "source" not in lines


def test_runs_that_are_alike_are_said_to_be(workspace: Workspace, project: Project) -> None:
    for name in ("one", "other"):
        logged_run(workspace, name, {"loss": float("nan")})

    lines = printed(localexp("diff", "one", "other", at=project.path)).splitlines()

    assert lines == ["one → other", "source: run one has no snapshot and run other has no snapshot"]
    assert "compared with itself" in complaint(localexp("diff", "one", "one", at=project.path))


def test_a_metric_that_ends_alike_is_shown_with_where_it_differs(workspace: Workspace, project: Project) -> None:
    for name, middle in (("one", 2.0), ("other", 2.5)):
        run = Experiment(workspace, "digits").start_logging(run_id=name, snapshot_directory=None)
        for step, value in enumerate([3.0, middle, middle, 1.0]):
            run.log("loss", value, step=step)
        run.complete()

    lines = printed(localexp("diff", "one", "other", at=project.path)).splitlines()

    assert "metrics: loss 1 (not the same throughout)" in lines
    assert lines[-1] == "loss: 2.0 then, 2.5 now, at step 1, the first of 2 that differ"
