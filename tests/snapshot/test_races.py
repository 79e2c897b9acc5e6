"""A snapshot is of what was there, whoever renames and replaces things while it is taken."""

from __future__ import annotations

import os

from localexp import Workspace
from localexp.errors import SnapshotException
from tests.processes import Project, python, wait_until
from tests.snapshot import trees

RENAMES = """
import os, sys
os.chdir(sys.argv[1])
print("begun", flush=True)
while True:
    os.rename("data", "data2")
    os.rename("data2", "data")
"""
MOVES = """
import os, sys
os.chdir(sys.argv[1])
print("begun", flush=True)
while True:
    os.rename("a/file", "z/file")
    os.rename("z/file", "a/file")
"""
REPLACES = """
import os, sys
os.chdir(sys.argv[1])
print("begun", flush=True)
while True:
    os.rename("data", "aside")
    os.symlink("/etc", "data")
    os.unlink("data")
    os.rename("aside", "data")
"""


def paths_seen(workspace: Workspace, project: Project, disturbance: str) -> list[set[str]]:
    """What snapshots hold that are taken while another process disturbs; it must be no nuisance to fail clearly."""
    disturber = python(disturbance, project.path)
    assert disturber.stdout is not None
    assert disturber.stdout.readline() == "begun\n"
    seen: list[set[str]] = []
    failures: list[str] = []
    try:
        for _ in range(25):
            try:
                seen.append({file.path for file in trees.taken(workspace, project.path).files()})
            except SnapshotException as error:
                failures.append(str(error))
    finally:
        disturber.kill()
        disturber.communicate()
    assert [one for one in failures if " changes while it is " not in one] == []
    return seen


def test_a_directory_that_is_renamed_meanwhile_is_in_it_under_one_of_its_names(
    workspace: Workspace, project: Project
) -> None:
    for number in range(30):
        project.write(f"folder-{number}/file", "")
    project.write("data/one.py", "1")

    for paths in paths_seen(workspace, project, RENAMES):
        assert len(paths & {"data/one.py", "data2/one.py"}) == 1
        assert len(paths) == 31


def test_a_file_that_is_moved_meanwhile_is_in_it_once(workspace: Workspace, project: Project) -> None:
    for number in range(30):
        project.write(f"m-{number}/file", "")
    project.write("a/file", "1")
    (project.path / "z").mkdir()

    for paths in paths_seen(workspace, project, MOVES):
        assert len(paths & {"a/file", "z/file"}) == 1


def test_nothing_from_outside_comes_in_by_a_link_that_takes_the_place_of_a_directory(
    workspace: Workspace, project: Project
) -> None:
    for number in range(20):
        project.write(f"folder-{number}/file", "")
    project.write("data/passwd", "mine")

    for paths in paths_seen(workspace, project, REPLACES):
        assert paths - {f"folder-{number}/file" for number in range(20)} in (
            {"data/passwd"},
            {"aside/passwd"},
            {"aside/passwd", "data"},
        )


def test_a_source_that_holds_still_again_is_captured(workspace: Workspace, project: Project) -> None:
    project.write("data/one.py", "1")
    disturber = python(RENAMES, project.path)
    assert disturber.stdout is not None
    disturber.stdout.readline()
    disturber.kill()
    disturber.communicate()
    wait_until(lambda: disturber.returncode is not None, "the other process has ended")

    paths = {file.path for file in trees.taken(workspace, project.path).files()}

    assert paths in ({"data/one.py"}, {"data2/one.py"})
    assert os.listdir(project.path) in (["data"], ["data2"])
