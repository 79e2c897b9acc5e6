"""A snapshot as a zip file is the same whenever it is written, and unpacks to what was captured."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from localexp import Workspace
from localexp.errors import SnapshotException
from localexp.snapshot.archive import write_zip
from tests.processes import Project
from tests.snapshot import trees


def filled(project: Project) -> None:
    project.write("train.py", "print(1)\n" * 100)
    project.write("run.sh", "").chmod(0o755)
    project.write("sub/ü b.txt", "x")
    (project.path / "large").write_bytes(os.urandom(100_000))
    (project.path / "empty").mkdir()
    (project.path / "sub" / "link").symlink_to("../train.py")


def test_unzip_gives_back_what_was_captured(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("there is no unzip")
    filled(project)
    snapshot = trees.taken(workspace, project.path)

    write_zip(workspace._store, snapshot.id, str(tmp_path / "snapshot.zip"))
    subprocess.run([unzip, "-q", tmp_path / "snapshot.zip", "-d", tmp_path / "unzipped"], check=True)

    assert trees.read(tmp_path / "unzipped") == trees.read(project.path)


def test_the_same_snapshot_gives_the_same_bytes(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    filled(project)
    first = trees.taken(workspace, project.path)
    write_zip(workspace._store, first.id, str(tmp_path / "first.zip"))
    other = Workspace(tmp_path / "other")
    os.utime(project.path / "train.py", (1, 1))
    write_zip(other._store, trees.taken(other, project.path).id, str(tmp_path / "second.zip"))
    other.close()

    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert archive.testzip() is None
        assert archive.getinfo("train.py").compress_size < archive.getinfo("train.py").file_size / 5
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())


def test_a_name_that_no_zip_can_hold_is_refused(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    trees.write(os.fsencode(project.path / "sub"), {b"\xff": (b"1", False)})
    snapshot = trees.taken(workspace, project.path)

    with pytest.raises(SnapshotException, match="localexp snapshot restore"):
        write_zip(workspace._store, snapshot.id, str(tmp_path / "snapshot.zip"))

    assert not list(tmp_path.glob("*.zip*"))


@pytest.mark.parametrize("size", [10, 100_000])
def test_damaged_bytes_leave_the_old_file(workspace: Workspace, project: Project, tmp_path: Path, size: int) -> None:
    (project.path / "data").write_bytes(b"x" * size)
    snapshot = trees.taken(workspace, project.path)
    archive = tmp_path / "snapshot.zip"
    archive.write_bytes(b"old")
    for file in Path(workspace._store.layout.objects).rglob("*"):
        if file.is_file():
            file.write_bytes(b"y" * size)
    with workspace._store.blobs.writing() as db:
        db.execute("UPDATE packs SET data = ?", (b"y" * 10,))

    with pytest.raises(SnapshotException, match="damaged"):
        write_zip(workspace._store, snapshot.id, str(archive))

    assert archive.read_bytes() == b"old"
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["snapshot.zip"]


def test_a_folder_that_is_not_there_is_said(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)

    with pytest.raises(SnapshotException, match="cannot write"):
        write_zip(workspace._store, snapshot.id, str(tmp_path / "nowhere" / "snapshot.zip"))
