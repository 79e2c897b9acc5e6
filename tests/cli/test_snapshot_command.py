"""What runs have captured is listed, compared and restored from the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from localexp import Experiment, Snapshot, Workspace
from tests.cli.command import (
    COMMAND,
    complaint,
    environment,
    in_terminal,
    localexp,
    logged_run,
    printed,
    shown_at_once,
    strict_json,
)
from tests.processes import Project
from tests.snapshot import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.snapshot.trees import Content

_RED = "\x1b[31m"


def captured_run(workspace: Workspace, project: Project, run_id: str) -> str:
    """A run with a snapshot of the project; returns the snapshot's id."""
    run = Experiment(workspace, "digits").start_logging(run_id=run_id, snapshot_directory=str(project.path))
    run.complete()
    snapshot = run._known().snapshot
    assert snapshot is not None
    return snapshot


@pytest.fixture
def two_runs(workspace: Workspace, project: Project) -> list[str]:
    """The ids of the snapshots of the runs ``first`` and ``second``."""
    project.write("train.py", "print(1)\n")
    project.write("moved.py", "x = 1\n")
    project.write("sub/gone.txt", "gone\n")
    first = captured_run(workspace, project, "first")
    project.write("train.py", f"print(2)  # {_RED}\n")
    (project.path / "moved.py").rename(project.path / "sub" / "moved.py")
    (project.path / "sub" / "gone.txt").unlink()
    project.write("new.txt", "new\n")
    return [first, captured_run(workspace, project, "second")]


def test_ls_lists_what_would_be_captured_without_a_workspace(folder: Path) -> None:
    project = Project(folder / "project")
    project.write("b.txt", "12345")
    project.write("a/c.txt", "x" * 2000)
    project.write("left-out", "")
    project.write(".amlignore", "left-out\n")
    (project.path / "link").symlink_to("b.txt")

    lines = printed(localexp("snapshot", "ls", at=project.path)).splitlines()

    assert lines == ["   9  .amlignore", "2000  a/c.txt", "   5  b.txt", "   0  link -> b.txt", "4 files, 2014 bytes"]
    assert printed(localexp("snapshot", "ls", "project", at=folder)).splitlines() == lines
    assert printed(localexp("snapshot", "ls", "project/", "--ignore-parents", at=folder)).splitlines() == lines
    assert not (project.path / ".localexp").exists()


def test_ls_lists_what_a_run_has_captured(workspace: Workspace, project: Project, two_runs: list[str]) -> None:
    for wanted in ("second", "sec", "latest", two_runs[1]):
        listed = strict_json(printed(localexp("snapshot", "ls", wanted, "--json", at=project.path)))
        assert [(one["path"], one["kind"], one["size"]) for one in listed] == [
            ("new.txt", "file", 4),
            ("sub/moved.py", "file", 6),
            ("train.py", "file", 18),
        ]


def test_ls_of_a_directory_and_of_its_snapshot_are_the_same(workspace: Workspace, project: Project) -> None:
    content: dict[bytes, Content] = {
        b"new\nline": (b"1", False),
        b"a-b": (b"", True),
        b"a": {b"b\xff": (b"22", False)},
        b"l": b"\x1b",
    }
    trees.write(os.fsencode(project.path / "sub"), content)
    captured_run(workspace, project, "run")

    for arguments in ([], ["--json"]):
        of_directory = printed(localexp("snapshot", "ls", *arguments, at=project.path))
        assert of_directory == printed(localexp("snapshot", "ls", "run", *arguments, at=project.path))
    assert all(line.isprintable() for line in printed(localexp("snapshot", "ls", at=project.path)).splitlines())


def test_a_directory_wins_over_a_run_of_its_name(workspace: Workspace, project: Project) -> None:
    project.write("latest/file", "")
    captured_run(workspace, project, "run")

    assert printed(localexp("snapshot", "ls", "latest", at=project.path)) == "0  file\n1 file, 0 bytes\n"


def test_sizes_are_for_people_on_a_terminal(workspace: Workspace, project: Project) -> None:
    (project.path / "large").write_bytes(b"x" * 1_500_000)
    (project.path / "small").write_bytes(b"x" * 20)

    shown = in_terminal("snapshot", "ls", at=project.path, columns=80)

    assert shown == "1.4 MiB  large\n   20 B  small\n2 files, 1.4 MiB\n"


@pytest.mark.parametrize(
    ("wanted", "said"), [("nowhere/", "nowhere"), ("thrid", "did you mean"), ("plain", "run plain has no snapshot")]
)
def test_what_cannot_be_listed_is_said(workspace: Workspace, project: Project, wanted: str, said: str) -> None:
    logged_run(workspace, "plain")
    logged_run(workspace, "third")

    assert said in complaint(localexp("snapshot", "ls", wanted, at=project.path))


def test_restore_writes_the_files_and_says_how_many(
    workspace: Workspace, project: Project, two_runs: list[str], tmp_path: Path
) -> None:
    said = printed(localexp("snapshot", "restore", "second", "../back", at=project.path))
    again = strict_json(printed(localexp("snapshot", "restore", two_runs[1], "../back", "--json", at=project.path)))

    assert said == f"Wrote 3 files of 28 B to {tmp_path / 'back'}\n"
    assert trees.read(tmp_path / "back") == trees.read(project.path)
    assert again == {"snapshot": two_runs[1], "path": str(tmp_path / "back"), "files": 0, "bytes": 0, "kept": 3}


def test_restore_refuses_what_differs_unless_told_to_overwrite(
    workspace: Workspace, project: Project, two_runs: list[str]
) -> None:
    before = trees.read(project.path)

    refused = localexp("snapshot", "restore", "first", ".", at=project.path)
    first, *others = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert first.startswith("Error: ")
    assert "--overwrite" in first
    assert others == ["  train.py"]
    assert trees.read(project.path) == before
    said = printed(localexp("snapshot", "restore", "first", ".", "--overwrite", at=project.path))

    assert said.startswith("Wrote 3 files ")
    assert (project.path / "train.py").read_text() == "print(1)\n"
    assert (project.path / "new.txt").read_text() == "new\n"


def test_diff_is_a_patch_that_git_applies(
    workspace: Workspace, project: Project, two_runs: list[str], tmp_path: Path
) -> None:
    printed(localexp("snapshot", "restore", "first", "../back", at=project.path))
    patch = printed(localexp("snapshot", "diff", "first", "second", at=project.path, FORCE_COLOR="1"))

    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=tmp_path / "back", check=True)

    assert f"+print(2)  # {_RED}\n" in patch
    assert "rename from moved.py\nrename to sub/moved.py\n" in patch
    assert trees.read(tmp_path / "back") == trees.read(project.path)


def test_diff_lists_what_has_happened_to_which_path(
    workspace: Workspace, project: Project, two_runs: list[str]
) -> None:
    named = printed(localexp("snapshot", "diff", "first", "latest", "--name-only", at=project.path))
    listed = strict_json(printed(localexp("snapshot", "diff", *two_runs, "--json", at=project.path)))
    nothing = printed(localexp("snapshot", "diff", "first", two_runs[0], at=project.path))

    assert named == "A\tnew.txt\nD\tsub/gone.txt\nR\tmoved.py\tsub/moved.py\nM\ttrain.py\n"
    assert listed == {
        "added": ["new.txt"],
        "removed": ["sub/gone.txt"],
        "changed": ["train.py"],
        "renamed": [{"from": "moved.py", "to": "sub/moved.py"}],
    }
    assert nothing == ""


def test_a_terminal_gets_colours_and_no_command_of_a_file(
    workspace: Workspace, project: Project, two_runs: list[str]
) -> None:
    coloured = in_terminal(
        "snapshot", "diff", "first", "second", at=project.path, columns=80, variables={"NO_COLOR": ""}
    )
    plain = in_terminal("snapshot", "diff", "first", "second", at=project.path, columns=80)

    assert "\x1b[32m+print(2)  # \\x1b[31m\x1b[0m\n" in coloured
    assert "\x1b[31m-print(1)\x1b[0m\n" in coloured
    assert "+print(2)  # \\x1b[31m\n" in plain
    assert "\x1b" not in plain


def test_bytes_that_are_no_text_stay_as_they_are_in_a_pipe_and_are_spelt_out_on_a_terminal(
    workspace: Workspace, project: Project
) -> None:
    (project.path / "latin").write_bytes(b"caf\xe9\n-- a comment\n")
    captured_run(workspace, project, "first")
    (project.path / "latin").write_bytes(b"th\xe9\r\n")
    captured_run(workspace, project, "second")

    result = subprocess.run(
        [*COMMAND, "snapshot", "diff", "first", "second"],
        cwd=project.path,
        env={**environment(), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )

    assert b"-caf\xe9\n--- a comment\n+th\xe9\r\n" in result.stdout
    on_terminal = shown_at_once(
        "snapshot", "diff", "first", "second", at=project.path, columns=80, variables={"NO_COLOR": ""}
    )
    assert "\x1b[31m-caf\\xe9\x1b[0m\n\x1b[31m--- a comment\x1b[0m\n" in on_terminal
    assert "\x1b[1m--- a/latin\x1b[0m\n" in on_terminal


def test_the_commands_read_a_damaged_store_as_far_as_it_goes(
    workspace: Workspace, project: Project, two_runs: list[str]
) -> None:
    with workspace._store.blobs.writing() as db:
        db.execute(trees.REPLACE, ("print(1)", "print(3)"))

    assert len(printed(localexp("snapshot", "ls", "first", at=project.path)).splitlines()) == 4
    assert "damaged" in complaint(localexp("snapshot", "restore", "first", "../back", at=project.path))
    assert Snapshot._of(workspace._store, two_runs[0]).id == two_runs[0]
    assert not (project.path.parent / "back").exists()


def test_explain_names_the_rule_that_decides(folder: Path) -> None:
    pytest.importorskip("localexp.snapshot.explain")
    project = Project(folder / "project")
    project.write(".gitignore", "# logs\n*.log\n")
    project.write("sub/.gitignore", "!keep.log\n")
    for name in ("a.log", "sub/keep.log", "train.py"):
        project.write(name, "")

    paths = ["a.log", "sub/keep.log", str(project.path / "train.py")]
    lines = printed(localexp("snapshot", "explain", *paths, at=project.path)).splitlines()
    found = strict_json(printed(localexp("snapshot", "explain", "--json", *paths, at=project.path)))

    assert lines[0] == ".gitignore:2:*.log\ta.log"
    assert lines[1].startswith("sub/.gitignore:1:")
    assert lines[1].endswith("keep.log\tsub/keep.log")
    assert lines[2] == "included\ttrain.py"
    assert [(one["path"], one["is_included"]) for one in found] == [
        ("a.log", False),
        ("sub/keep.log", True),
        ("train.py", True),
    ]
    assert (found[0]["rule"]["file"], found[0]["rule"]["line"]) == (".gitignore", 2)


def test_explain_takes_paths_as_they_are_from_here(folder: Path) -> None:
    pytest.importorskip("localexp.snapshot.explain")
    project = Project(folder / "project")
    project.write("sub/a.txt", "")
    (folder / "link").symlink_to("project")

    for at, path in ((project.path / "sub", "a.txt"), (folder, "link/sub/a.txt"), (folder, "project/sub/../sub/a.txt")):
        source = str(project.path)
        assert printed(localexp("snapshot", "explain", "--source", source, path, at=at)) == "included\tsub/a.txt\n"


def test_explain_refuses_what_lies_outside(folder: Path) -> None:
    pytest.importorskip("localexp.snapshot.explain")
    project = Project(folder / "project")

    for path in ("..", "../other", "/etc/passwd"):
        line = complaint(localexp("snapshot", "explain", path, at=project.path))
        assert f"'{path}' is not in the directory {project.path}" in line
