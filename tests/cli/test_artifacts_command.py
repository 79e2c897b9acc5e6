"""``localexp artifacts``: the files of a run are listed, copied and opened."""

from __future__ import annotations

import csv
import os
import subprocess
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli.command import COMMAND, complaint, contents, localexp, printed, shown_at_once, strict_json
from tests.cli.conftest import Gate
from tests.processes import Project, wait_until


@pytest.fixture
def run(workspace: Workspace, project: Project) -> Run:
    """A run with a few files."""
    run = Experiment(workspace, "digits").start_logging(run_id="first", snapshot_directory=None)
    for name, text in {"outputs/model.bin": "m" * 5000, "outputs/sub/a.txt": "a", "notes.txt": "n"}.items():
        run.upload_file(name, project.write("source", text))
    project.path.joinpath("source").unlink()
    run.complete()
    return run


def stored(run: Run, name: str) -> Path:
    """The file of an artifact in the workspace."""
    return Path(run._layout.artifact(name))


def test_files_are_listed_with_their_sizes(run: Run, project: Project) -> None:
    lines = printed(localexp("artifacts", "ls", "first", at=project.path)).splitlines()
    found = strict_json(printed(localexp("artifacts", "ls", "first", "--json", at=project.path)))
    rows = list(csv.reader(printed(localexp("artifacts", "ls", "first", "--csv", at=project.path)).splitlines()))

    assert [line.split(maxsplit=1) for line in lines] == [
        ["NAME", "SIZE"],
        ["notes.txt", "1 B"],
        ["outputs/model.bin", "4.9 KiB"],
        ["outputs/sub/a.txt", "1 B"],
    ]
    assert [(one["name"], one["size"], len(one["hash"])) for one in found] == [
        ("notes.txt", 1, 32),
        ("outputs/model.bin", 5000, 32),
        ("outputs/sub/a.txt", 1, 32),
    ]
    assert rows == [["name", "size", "hash"], *([str(cell) for cell in one.values()] for one in found)]


def test_what_a_running_script_has_written_is_there(workspace: Workspace, project: Project, gate: Gate) -> None:
    script = "import os; os.makedirs('outputs', exist_ok=True); open('outputs/now.part', 'w').write('now')"
    # Only by another name is it there whole.
    project.write("train.py", f"{script}\nos.rename('outputs/now.part', 'outputs/now.txt')\n{gate.code}")
    run = Experiment(workspace, "digits").submit(project.config())
    wait_until(lambda: "outputs/now.txt" in run.get_file_names(), "the file is there")

    found = strict_json(printed(localexp("artifacts", "ls", run.id, "--json", at=project.path)))
    copied = printed(localexp("artifacts", "get", run.id, "outputs/now.txt", "-o", "-", at=project.path))
    gate.open()

    [live] = [one for one in found if one["name"] == "outputs/now.txt"]
    assert live["hash"] is None
    assert copied == "now"


def test_a_file_is_copied_here_under_the_last_part_of_its_name(run: Run, project: Project) -> None:
    said = printed(localexp("artifacts", "get", "first", "outputs/sub/a.txt", at=project.path))

    assert said == "a.txt\n"
    assert contents(project.path) == {"a.txt": b"a"}


def test_a_file_is_copied_to_where_it_is_told(run: Run, project: Project) -> None:
    for output, path in {"copy": "copy", "new/": "new/a.txt", "new": "new/a.txt"}.items():
        said = printed(
            localexp("artifacts", "get", "first", "outputs/sub/a.txt", "-o", output, "--overwrite", at=project.path)
        )
        assert said == f"{path}\n"
        assert (project.path / path).read_text() == "a"


def test_a_folder_is_copied_with_all_that_is_in_it(run: Run, project: Project) -> None:
    said = printed(localexp("artifacts", "get", "first", "outputs/", at=project.path))
    printed(localexp("artifacts", "get", "first", ".", "-o", "all", at=project.path))

    assert said.splitlines() == ["outputs/model.bin", "outputs/sub/a.txt"]
    files = {name for name, data in contents(project.path).items() if data is not None}
    assert files == {
        "outputs/model.bin",
        "outputs/sub/a.txt",
        "all/notes.txt",
        "all/outputs/model.bin",
        "all/outputs/sub/a.txt",
    }


def test_nothing_is_replaced_unasked(run: Run, project: Project) -> None:
    project.write("outputs/sub/a.txt", "mine")

    line = complaint(localexp("artifacts", "get", "first", "outputs", at=project.path))

    assert "outputs/sub/a.txt is there already; use --overwrite" in line
    assert contents(project.path) == {"outputs": None, "outputs/sub": None, "outputs/sub/a.txt": b"mine"}
    printed(localexp("artifacts", "get", "first", "outputs", "--overwrite", at=project.path))
    assert (project.path / "outputs/sub/a.txt").read_text() == "a"


def test_bytes_go_to_standard_output_as_they_are(run: Run, workspace: Workspace, project: Project) -> None:
    data = bytes(range(256)) * 100
    (project.path / "bytes").write_bytes(data)
    run.upload_file("bytes", project.path / "bytes")

    command = [*COMMAND, "artifacts", "get", "first", "bytes", "-o", "-"]
    assert subprocess.run(command, cwd=project.path, capture_output=True, check=True).stdout == data
    assert "is a folder" in complaint(localexp("artifacts", "get", "first", "outputs", "-o", "-", at=project.path))


@pytest.mark.parametrize("arguments", [["get"], ["get", "-o", "-"], ["open"]])
def test_what_is_damaged_is_never_given(run: Run, project: Project, arguments: list[str]) -> None:
    stored(run, "notes.txt").write_text("x")

    line = complaint(localexp("artifacts", *arguments, "first", "notes.txt", at=project.path))

    assert "is damaged" in line
    assert contents(project.path) == {}


def test_an_unknown_name_is_refused_with_those_that_may_be_meant(run: Run, project: Project) -> None:
    def refused(name: str) -> str:
        return complaint(localexp("artifacts", "get", "first", name, at=project.path))

    assert "did you mean 'outputs/model.bin' or " in refused("outputs/modell.bin")
    assert "did you mean 'outputs/sub/a.txt'?" in refused("a.txt")
    assert "'localexp artifacts ls first' lists" in refused("zzz")
    assert "is a folder; name one of its files" in complaint(
        localexp("artifacts", "open", "first", "outputs", at=project.path)
    )


def test_a_run_without_files_says_so(workspace: Workspace, project: Project) -> None:
    Experiment(workspace, "digits").start_logging(run_id="none", snapshot_directory=None).complete()

    assert printed(localexp("artifacts", "ls", "none", at=project.path)) == "No files.\n"
    assert printed(localexp("artifacts", "ls", "none", "--json", at=project.path)) == "[]\n"
    assert "for it has none" in complaint(localexp("artifacts", "get", "none", "x", at=project.path))


def test_into_a_pipe_and_without_a_display_a_path_is_all_that_open_gives(run: Run, project: Project) -> None:
    path = f"{stored(run, 'notes.txt')}\n"
    without = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}

    assert printed(localexp("artifacts", "open", "first", "notes.txt", at=project.path, DISPLAY=":0")) == path
    assert (
        shown_at_once("artifacts", "open", "first", "notes.txt", at=project.path, columns=80, variables=without) == path
    )


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="elsewhere the system's own program is called")
def test_on_a_terminal_with_a_display_the_file_is_opened(run: Run, project: Project, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    program = programs / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    program.chmod(0o755)
    reader = os.open(opened, os.O_RDWR)

    def shown(path: str, exit_code: int = 0) -> str:
        variables = {"DISPLAY": ":0", "PATH": path}
        return shown_at_once(
            "artifacts",
            "open",
            "first",
            "notes.txt",
            at=project.path,
            columns=80,
            variables=variables,
            exit_code=exit_code,
        )

    assert shown(f"{programs}:/usr/bin:/bin") == f"{stored(run, 'notes.txt')}\n"
    assert os.read(reader, 4096).decode() == f"{stored(run, 'notes.txt')}\n"
    os.close(reader)
    program.unlink()
    assert "install xdg-utils" in shown(str(programs), exit_code=1)
