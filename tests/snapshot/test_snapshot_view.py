"""A snapshot lists and opens what it holds, each byte checked before it is handed out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from localexp import Snapshot, Workspace
from localexp.errors import SnapshotException, UserErrorException
from tests.processes import Project, output, python
from tests.snapshot import trees


def test_files_come_in_the_order_of_their_paths(workspace: Workspace, project: Project) -> None:
    for name in ("a/b", "a-b", "a.txt", "Z", "a/c/d", "ü"):
        project.write(name, name)
    project.write("run.sh", "").chmod(0o755)
    (project.path / "link").symlink_to("a")
    (project.path / "empty").mkdir()

    snapshot = trees.taken(workspace, project.path)

    files = list(snapshot.files())
    paths = [file.path for file in files]
    assert paths == ["Z", "a-b", "a.txt", "a/b", "a/c/d", "link", "run.sh", "ü"]
    by_path = {file.path: file for file in snapshot.entries()}
    assert set(by_path) - set(paths) == {"a", "a/c", "empty"}
    assert (by_path["a/b"].kind, by_path["a/b"].size, by_path["a/b"].is_executable) == ("file", 3, False)
    assert by_path["run.sh"].is_executable
    assert (by_path["link"].kind, by_path["link"].target, by_path["link"].size) == ("link", "a", 0)
    assert (by_path["empty"].kind, by_path["empty"].target) == ("directory", None)


def test_the_hash_of_a_file_is_that_of_its_content(workspace: Workspace, project: Project) -> None:
    for name in ("one", "other", "sub/one"):
        project.write(name, name[:3])

    hashes = {file.path: file.hash for file in trees.taken(workspace, project.path).files()}

    assert hashes["one"] != hashes["other"]
    assert len(hashes["one"]) == 32


def test_a_snapshot_is_equal_to_another_of_the_same_content(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "1")
    first, again = trees.taken(workspace, project.path), trees.taken(workspace, project.path)
    project.write("train.py", "2")
    edited = trees.taken(workspace, project.path)

    assert first == again
    assert len({first, again, edited}) == 2
    assert repr(first) == f"Snapshot('{first.id}')"


@pytest.mark.parametrize("size", [0, 10, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_a_file_opens_with_its_bytes(workspace: Workspace, project: Project, size: int) -> None:
    content = os.urandom(size)
    (project.path / "sub").mkdir()
    (project.path / "sub" / "new\nline").write_bytes(content)
    snapshot = trees.taken(workspace, project.path)

    with snapshot.open("sub/new\nline") as file:
        assert file.read() == content
        file.seek(0)
        assert file.read(5) == content[:5]
    with snapshot.open(Path("sub") / "new\nline") as file:
        assert file.read() == content


def test_a_name_that_is_no_text_opens(workspace: Workspace, project: Project) -> None:
    trees.write(os.fsencode(project.path / "sub"), {b"\xff": (b"1", False)})
    snapshot = trees.taken(workspace, project.path)

    [file] = snapshot.files()
    with snapshot.open(file.path) as opened:
        assert opened.read() == b"1"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("trian.py", "did you mean train.py"),
        ("model.py", "did you mean sub/model.py"),
        ("sub/model.py/x", "no file 'sub/model.py/x'"),
        ("qqqqqqq", "files\\(\\) gives"),
        ("", "no file ''"),
        ("/train.py", "no file"),
        ("../train.py", "no file"),
        ("sub", "directory"),
        ("link", "a link to 'train.py'"),
    ],
)
def test_what_is_no_file_is_refused_with_the_way_on(
    workspace: Workspace, project: Project, path: str, said: str
) -> None:
    project.write("train.py", "")
    project.write("sub/model.py", "")
    (project.path / "link").symlink_to("train.py")
    snapshot = trees.taken(workspace, project.path)

    with pytest.raises(SnapshotException, match=said):
        snapshot.open(path)


@pytest.mark.parametrize("identifier", ["", "0" * 32, "latest", "%", "../x"])
def test_an_id_that_no_snapshot_has_is_refused(workspace: Workspace, project: Project, identifier: str) -> None:
    project.write("train.py", "")
    trees.taken(workspace, project.path)

    with pytest.raises(SnapshotException, match="no snapshot"):
        Snapshot._of(workspace._store, identifier)


def test_a_snapshot_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match="taken"):
        Snapshot()


@pytest.mark.parametrize("size", [10, 100_000])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_damaged_bytes_are_never_handed_out(workspace: Workspace, project: Project, size: int, damage: str) -> None:
    (project.path / "data").write_bytes(b"x" * size)
    snapshot = trees.taken(workspace, project.path)
    files = [path for path in Path(workspace._store.layout.objects).rglob("*") if path.is_file()]
    new = {"changed": b"y" + b"x" * (size - 1), "cut": b"x" * (size - 1), "gone": None}[damage]
    with workspace._store.blobs.writing() as db:
        db.execute("DELETE FROM blobs") if new is None else db.execute("UPDATE packs SET data = ?", (new,))
    for file in files:
        file.unlink() if new is None else file.write_bytes(new)

    with pytest.raises(SnapshotException, match=r"damaged|missing"):
        snapshot.open("data")


def test_opening_a_large_file_takes_little_memory(workspace: Workspace, project: Project) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux says what a process itself took at most")
    with open(project.path / "large", "wb") as file:
        file.truncate(200 * 2**20)
    snapshot = trees.taken(workspace, project.path)

    peak = output(
        python(
            """
            import sys
            from localexp import Snapshot, Workspace
            snapshot = Snapshot._of(Workspace(sys.argv[1])._store, sys.argv[2])
            with snapshot.open("large") as file:
                assert len(file.read(100)) == 100
            # Unlike what getrusage says, this does not count whoever started the process.
            print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
            """,
            workspace.path,
            snapshot.id,
        )
    )

    assert int(peak) < 100 * 1024


@pytest.mark.parametrize("wrong", [None, 3, "id"])
def test_a_diff_with_something_else_is_refused(workspace: Workspace, project: Project, wrong: object) -> None:
    snapshot = trees.taken(workspace, project.path)

    with pytest.raises(UserErrorException, match="compared with another"):
        snapshot.diff(wrong)  # type: ignore[arg-type]
    if not isinstance(wrong, str):
        with pytest.raises(UserErrorException, match="is a text"):
            workspace.get_snapshot(wrong)  # type: ignore[arg-type]
