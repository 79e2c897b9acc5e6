"""A source directory that is too much is refused with what makes it so, and with the line that leaves that out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.errors import SnapshotException
from localexp.snapshot import take
from localexp.store import blobs, snapshots
from tests.processes import Project
from tests.snapshot import trees


def refused(
    experiment: Experiment, project: Project, max_bytes: int | None = None, max_files: int | None = None
) -> str:
    """What the error says; no run is made, and nothing is stored."""
    with pytest.raises(SnapshotException) as caught:
        experiment.submit(project.config(), max_snapshot_bytes=max_bytes, max_snapshot_files=max_files)
    store = experiment.workspace._store
    assert list(experiment.get_runs()) == []
    assert not Path(store.layout.objects).exists()
    with store.main.reading() as db:
        assert (snapshots.every_id(db), snapshots.in_the_making(db)) == ([], [])
    with store.blobs.reading() as db:
        assert blobs.counts(db) == (0, 0)
    return str(caught.value)


def follow(message: str) -> None:
    """Write the line that the error gives into the file that it names."""
    found = re.search(r"by a line in (.*ignore) such as '(.*)', or raise the limit with", message)
    assert found, message
    with open(found[1], "a") as file:
        file.write(found[2] + "\n")


def named(message: str, title: str) -> list[str]:
    """The paths below a title."""
    table = message.partition(f"\n{title}:")[2].partition("\nlargest ")[0]
    return [re.sub(r"^ *\S+ \S+  (.*?)(/  \d+ files?)?$", r"\1", line) for line in table.splitlines() if line]


def test_the_largest_folders_and_files_are_named_ten_of_each(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    for number in range(12):
        for part in range(3):
            project.write(f"folder-{number:02}/{part}.bin", "x" * (1024 * (number + 1)))

    message = refused(experiment, project, max_bytes=50_000)

    assert f"{project.path} holds 37 files of 234 KiB, and a snapshot takes 100,000 files of 48.8 KiB;" in message
    assert named(message, "largest folders") == [f"folder-{number:02}" for number in range(11, 1, -1)]
    assert "\n   36.0 KiB  folder-11/  3 files" in message
    files = named(message, "largest files")
    assert len(files) == 10
    assert {file.partition("/")[0] for file in files} == {"folder-11", "folder-10", "folder-09", "folder-08"}
    assert "\n   12.0 KiB  folder-11/2.bin" in message


@pytest.mark.parametrize("setting", ["snapshot.max_files", "snapshot.max_bytes"])
def test_a_setting_of_the_workspace_is_the_limit_unless_the_call_has_another(
    experiment: Experiment, project: Project, setting: str
) -> None:
    project.write("train.py", "print(1)")
    for number in range(3):
        project.write(f"data/{number}", "x" * 1000)
    experiment.workspace.set_setting(setting, 3)

    refused(experiment, project)

    run = experiment.submit(project.config(), max_snapshot_bytes=4000, max_snapshot_files=4)
    assert run.wait_for_completion()["status"] == "Completed"


def test_exactly_as_much_as_the_limit_is_fine(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "pass")
    project.write("data", "x" * 996)

    refused(experiment, project, max_bytes=999)
    refused(experiment, project, max_files=1)

    experiment.submit(project.config(), max_snapshot_bytes=1000, max_snapshot_files=2).wait_for_completion()


@pytest.mark.parametrize(
    "folder",
    ["data", "data/raw/images", "with space/x ", "data[1]", "*", "!data", "#data", "back\\slash", "qu'ote", "é", "a?b"],
)
def test_the_line_that_is_given_makes_it_fit(experiment: Experiment, project: Project, folder: str) -> None:
    project.write("train.py", "")
    project.write("source/module.py", "x = 1")
    project.write(f"{folder}/large.bin", "x" * 50_000)
    project.write("data1/notes.txt", "")

    follow(refused(experiment, project, max_bytes=10_000))

    experiment.workspace.set_setting("snapshot.max_bytes", 10_000)
    with experiment.start_logging(snapshot_directory=project.path) as run:
        pass
    paths = {file.path for file in experiment.workspace.get_snapshot(str(run._known().snapshot)).files()}
    assert paths == {".amlignore", "train.py", "source/module.py", "data1/notes.txt"}


def test_a_name_that_no_line_can_hold_is_left_out_too(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    (project.path / "new\nline").write_bytes(b"x" * 50_000)
    workspace.set_setting("snapshot.max_bytes", 10_000)
    with pytest.raises(SnapshotException) as caught:
        trees.taken(workspace, project.path)

    follow(str(caught.value))

    assert {file.path for file in trees.taken(workspace, project.path).files()} == {".amlignore", "train.py"}


def test_a_large_file_beside_small_folders_is_what_the_line_leaves_out(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "")
    project.write("source/module.py", "x = 1")
    project.write("weights.bin", "x" * 50_000)

    follow(refused(experiment, project, max_bytes=10_000))

    experiment.submit(project.config(), max_snapshot_bytes=10_000).wait_for_completion()


def test_the_line_leaves_out_many_files_where_files_are_too_many(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    project.write("weights/large.bin", "x" * 50_000)
    for number in range(30):
        project.write(f"cache/{number}", "")

    follow(refused(experiment, project, max_files=10))

    experiment.submit(project.config(), max_snapshot_files=10).wait_for_completion()


def test_the_line_leaves_in_force_what_a_gitignore_leaves_out(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    project.write(".gitignore", "/data/\n")
    project.write("data/large.bin", "x" * 50_000)
    project.write("more/large.bin", "x" * 50_000)

    follow(refused(experiment, project, max_bytes=10_000))

    experiment.submit(project.config(), max_snapshot_bytes=10_000).wait_for_completion()


def test_a_nested_folder_that_holds_nearly_all_is_named_and_not_those_around_it(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "")
    project.write("project/src/module.py", "x = 1")
    project.write("project/data/raw/2024/large.bin", "x" * 50_000)
    project.write("project/data/raw/readme.txt", "text")

    message = refused(experiment, project, max_bytes=10_000)

    assert named(message, "largest folders") == ["project/data/raw/2024", "project/src"]
    assert "'/project/data/raw/2024/'" in message


def test_folders_that_are_large_together_are_named_by_the_one_around_them(
    experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "")
    for number in range(4):
        project.write(f"data/part-{number}/large.bin", "x" * 10_000)

    message = refused(experiment, project, max_bytes=10_000)

    assert named(message, "largest folders")[0] == "data"
    follow(message)
    experiment.submit(project.config(), max_snapshot_bytes=10_000).wait_for_completion()


def test_files_of_one_kind_beside_each_other_are_left_out_together(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    project.write("src/module.py", "x = 1")
    for number in range(50):
        project.write(f"image-{number}.jpg", "")

    follow(refused(experiment, project, max_files=10))

    run = experiment.submit(project.config(), max_snapshot_files=10)
    run.wait_for_completion()
    assert run.snapshot is not None
    assert {file.path for file in run.snapshot.files()} == {".amlignore", "train.py", "src/module.py"}


def test_the_line_leaves_nested_ignore_files_in_force(experiment: Experiment, project: Project) -> None:
    project.write("train.py", "")
    project.write("front/.gitignore", "huge.bin\n")
    project.write("front/huge.bin", "x" * 50_000)
    project.write("large.bin", "x" * 20_000)

    follow(refused(experiment, project, max_bytes=10_000))

    run = experiment.submit(project.config(), max_snapshot_bytes=10_000)
    run.wait_for_completion()
    assert run.snapshot is not None
    assert {file.path for file in run.snapshot.files()} == {".gitignore", "train.py", "front/.gitignore"}


def test_a_walk_that_was_cut_short_names_what_it_has_seen(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b", "a/inner"):
        project.write(f"{folder}/one", "1")
    project.write("here", "1")
    project.write("too", "1")
    monkeypatch.setattr("localexp.snapshot.scan._SECONDS_BEYOND", -1.0)

    with (
        pytest.raises(SnapshotException, match="holds at least 2 files of 2 B, and a snapshot takes 1 file"),
        take.taken(workspace._store, str(project.path), take.Options(max_files=1)),
    ):
        pass
