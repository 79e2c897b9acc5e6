"""An unchanged file is not read again, and a changed one never goes unnoticed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from localexp import Workspace
from localexp.errors import SnapshotException
from localexp.snapshot import contents, take, tree
from localexp.snapshot import known as known_records
from localexp.snapshot.listing import NOTHING_KNOWN
from localexp.snapshot.progress import Progress
from tests.processes import Project


def identifier(workspace: Workspace, project: Project) -> str:
    with take.taken(workspace._store, str(project.path)) as snapshot:
        return snapshot.id


def known(workspace: Workspace, project: Project) -> set[bytes]:
    records = known_records.read(workspace._store, os.fsencode(project.path))
    facts = (pair for record in records.values() for pair in record.digests_by_file().items())
    return {name for name, (fact, _) in facts if fact != NOTHING_KNOWN}


def test_a_file_that_has_just_been_written_is_not_trusted(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("train.py", "x = 1")
    identifier(workspace, project)
    assert known(workspace, project) == set()

    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr("localexp.snapshot.take.time.time_ns", lambda: later)
    identifier(workspace, project)
    assert known(workspace, project) == {b"train.py"}


def test_an_edit_that_keeps_size_and_time_is_seen(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time_ns() + 10_000_000_000
    file = project.write("train.py", "x = 1")
    os.utime(file, (1, 1))
    monkeypatch.setattr("localexp.snapshot.take.time.time_ns", lambda: later)
    first = identifier(workspace, project)
    assert known(workspace, project) == {b"train.py"}

    file.write_text("x = 2")
    os.utime(file, (1, 1))

    assert identifier(workspace, project) != first


def test_a_file_that_is_replaced_by_one_with_the_same_times_is_seen(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr("localexp.snapshot.take.time.time_ns", lambda: later)
    file = project.write("train.py", "x = 1")
    first = identifier(workspace, project)

    (project.path / "aside").write_text("x = 2")
    os.utime(project.path / "aside", ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    os.replace(project.path / "aside", file)

    assert identifier(workspace, project) != first


def test_a_file_and_a_folder_of_the_year_2300_are_captured_as_others_are(
    workspace: Workspace, project: Project
) -> None:
    seconds = (2300 - 1970) * 365 * 86_400
    file = project.write("train.py", "x = 1")
    for path in (file, project.path):
        os.utime(path, (seconds, seconds))
    if file.stat().st_mtime_ns != seconds * 10**9:
        pytest.skip("the file system has no such times")
    first = identifier(workspace, project)

    file.write_text("x = 2")
    os.utime(file, (seconds, seconds))

    assert identifier(workspace, project) != first


def test_a_file_that_will_not_hold_still_is_an_error_that_names_it(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.write("busy.log", "line\n")
    real = tree.digest_of

    def digest_while_it_grows(data: bytes) -> bytes:
        with path.open("a") as growing:
            growing.write("another line\n")
        return real(data)

    monkeypatch.setattr("localexp.snapshot.contents.digest_of", digest_while_it_grows)

    with pytest.raises(SnapshotException, match=r"busy\.log changes while it is read"):
        contents.Contents(workspace._store, 1, Progress("Storing", "bytes")).take(os.fsencode(path))


def test_a_large_file_that_was_lost_from_the_store_is_stored_again(workspace: Workspace, project: Project) -> None:
    (project.path / "large.bin").write_bytes(os.urandom(contents.SMALL + 1))
    identifier(workspace, project)
    [stored] = [path for path in Path(workspace._store.layout.objects).rglob("*") if path.is_file()]
    stored.unlink()

    identifier(workspace, project)

    assert stored.is_file()


def test_folders_may_be_nested_deeply(workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.path)
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    monkeypatch.chdir(project.path)

    assert len(identifier(workspace, project)) == 32
    # pytest would not get so deep when it cleans up.
    for depth in range(1100, 0, -1):
        os.rmdir("/".join(["d"] * depth))


def test_files_that_come_and_go_beside_it_do_no_harm(workspace: Workspace, project: Project) -> None:
    import threading

    project.write("train.py", "x = 1")
    first = identifier(workspace, project)
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            (project.path / ".tmp").touch()
            (project.path / ".tmp").unlink()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        found = {identifier(workspace, project) for _ in range(30)}
    finally:
        stop.set()
        thread.join()

    # With the temporary file there is another tree, which is as true.
    assert len(found | {first}) <= 2
