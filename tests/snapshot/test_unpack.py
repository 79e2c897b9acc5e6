"""A snapshot comes back into a directory of the user's as it was, and harms nothing that is there."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from localexp import Workspace
from localexp.errors import SnapshotException
from localexp.snapshot import tree
from tests.processes import Project, output, python, wait_until
from tests.snapshot import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.snapshot.trees import Content


@settings(max_examples=15)
@given(content=trees.directories)
def test_any_tree_comes_back_as_it_was(workspace: Workspace, content: dict[bytes, Content]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        trees.write(os.fsencode(source), content)
        snapshot = trees.taken(workspace, source)

        written = snapshot.restore(target)
        again = snapshot.restore(target, overwrite=True)

        assert trees.read(target) == content
        files = list(snapshot.files())
        assert (written.files, written.bytes, written.kept) == (len(files), sum(file.size for file in files), 0)
        assert (again.files, again.bytes, again.kept) == (0, 0, len(files))


@settings(max_examples=15)
@given(content=trees.directories, there=trees.directories)
def test_with_overwrite_the_snapshot_wins_and_without_it_nothing_changes(
    workspace: Workspace, content: dict[bytes, Content], there: dict[bytes, Content]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
        trees.write(os.fsencode(source), content)
        trees.write(os.fsencode(target), there)
        snapshot = trees.taken(workspace, source)

        for overwrite in (False, True):
            try:
                snapshot.restore(target, overwrite)
            except SnapshotException:
                assert trees.read(target) == there
            else:
                assert trees.read(target) == merged(there, content)


def merged(there: dict[bytes, Content], content: dict[bytes, Content]) -> dict[bytes, Content]:
    result = {**there, **content}
    for name, one in content.items():
        old = there.get(name)
        if isinstance(one, dict) and isinstance(old, dict):
            result[name] = merged(old, one)
    return result


def test_deep_and_large_things_come_back(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    deep = "/".join(["d" * 20] * 100)
    project.write(f"{deep}/file", "deep")
    (project.path / "large").write_bytes(os.urandom(3_000_000))
    (project.path / "large").chmod(0o755)
    for number in range(1200):
        (project.path / f"file-{number}").write_bytes(b"%d" % number)
    snapshot = trees.taken(workspace, project.path)
    done = []

    snapshot.restore(tmp_path / "target", progress=lambda *step: done.append(step))

    assert trees.read(tmp_path / "target") == trees.read(project.path)
    assert len(done) > 2
    assert sorted(done) == done
    assert done[-1] == (1202, 1202)


def test_what_is_in_the_way_is_named_before_anything_is_written(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    for number in range(12):
        project.write(f"file-{number:02}", "new")
    snapshot = trees.taken(workspace, project.path)
    target = tmp_path / "target"
    shutil.copytree(project.path, target)
    for number in range(11):
        (target / f"file-{number:02}").write_text("old")
    (target / "file-11").unlink()
    before = trees.read(target)

    with pytest.raises(SnapshotException, match=r"11 files that differ(.|\n)*--overwrite") as caught:
        snapshot.restore(target)

    assert "file-09" in str(caught.value)
    assert "file-10" not in str(caught.value)
    assert trees.read(target) == before
    snapshot.restore(target, overwrite=True)
    assert trees.read(target) == trees.read(project.path)


def test_an_executable_bit_that_differs_is_in_the_way(workspace: Workspace, project: Project) -> None:
    file = project.write("run.sh", "")
    snapshot = trees.taken(workspace, project.path)
    file.chmod(0o755)

    with pytest.raises(SnapshotException, match=r"run\.sh"):
        snapshot.restore(project.path)
    snapshot.restore(project.path, overwrite=True)

    assert not os.access(file, os.X_OK)


def test_a_link_in_place_of_a_folder_is_never_followed(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("sub/train.py", "new")
    snapshot = trees.taken(workspace, project.path)
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    target.mkdir()
    (outside / "train.py").write_text("mine")
    (target / "sub").symlink_to(outside)

    with pytest.raises(SnapshotException, match="sub"):
        snapshot.restore(target)
    assert (target / "sub").is_symlink()
    snapshot.restore(target, overwrite=True)

    assert trees.read(target) == trees.read(project.path)
    assert trees.read(outside) == {b"train.py": (b"mine", False)}


def test_a_link_in_place_of_a_file_is_replaced_and_not_written_through(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    project.write("train.py", "new")
    snapshot = trees.taken(workspace, project.path)
    (tmp_path / "mine").write_text("new")
    target = tmp_path / "target"
    target.mkdir()
    (target / "train.py").symlink_to(tmp_path / "mine")

    with pytest.raises(SnapshotException, match=r"train\.py"):
        snapshot.restore(target)
    snapshot.restore(target, overwrite=True)

    assert not (target / "train.py").is_symlink()


def test_links_of_the_snapshot_are_written_as_they_are(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    (project.path / "passwords").symlink_to("/etc/passwd")
    (project.path / "up").symlink_to("../..")
    snapshot = trees.taken(workspace, project.path)

    snapshot.restore(tmp_path / "target")

    assert trees.read(tmp_path / "target") == {b"passwords": b"/etc/passwd", b"up": b"../.."}


def test_the_target_may_be_a_link_to_a_directory(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)
    (tmp_path / "real").mkdir()
    (tmp_path / "target").symlink_to("real")

    snapshot.restore(tmp_path / "target")

    assert (tmp_path / "target").is_symlink()
    assert os.listdir(tmp_path / "real") == ["train.py"]


def test_a_target_that_is_no_directory_is_refused(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")

    for name in ("file", "dangling", "file/below"):
        with pytest.raises(SnapshotException, match=r"(file|dangling|below)"):
            snapshot.restore(tmp_path / name, overwrite=True)

    assert (tmp_path / "file").read_text() == "mine"


def test_a_fifo_in_the_way_is_replaced_and_not_opened(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)
    (tmp_path / "target").mkdir()
    os.mkfifo(tmp_path / "target" / "train.py")

    snapshot.restore(tmp_path / "target", overwrite=True)

    assert trees.read(tmp_path / "target") == {b"train.py": (b"", False)}


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"/etc", b"a\0b"])
@pytest.mark.parametrize("kind", [tree.FILE, tree.DIRECTORY, tree.LINK])
def test_a_made_up_name_never_leaves_the_target(workspace: Workspace, tmp_path: Path, name: bytes, kind: bytes) -> None:
    empty = tree.encoded([])
    entry = {
        tree.FILE: trees.file_entry(workspace, name, b"evil"),
        tree.DIRECTORY: tree.Entry(tree.DIRECTORY, name, tree.digest_of(empty)),
        tree.LINK: tree.Entry(tree.LINK, name, target=b"/etc"),
    }[kind]
    snapshot = trees.made_up(workspace, empty, tree.encoded([entry]))
    before = sorted(os.listdir(tmp_path))

    with pytest.raises(SnapshotException, match="no file can have"):
        snapshot.restore(tmp_path / "target")

    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", [b".git", b".localexp"] + ([] if sys.platform == "linux" else [b".GIT"]))
def test_a_made_up_snapshot_brings_no_hooks_and_no_store(workspace: Workspace, tmp_path: Path, name: bytes) -> None:
    hooks = tree.encoded([trees.file_entry(workspace, b"pre-commit", b"evil")])
    inner = tree.encoded([tree.Entry(tree.DIRECTORY, name, tree.digest_of(hooks))])
    snapshot = trees.made_up(
        workspace, hooks, inner, tree.encoded([tree.Entry(tree.DIRECTORY, b"a", tree.digest_of(inner))])
    )

    with pytest.raises(SnapshotException, match="never captures"):
        snapshot.restore(tmp_path / "target")

    assert not (tmp_path / "target").exists()


def test_a_made_up_link_and_a_directory_of_one_name_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    inner = tree.encoded([trees.file_entry(workspace, b"file", b"evil")])
    link = tree.Entry(tree.LINK, b"a", target=str(tmp_path / "outside").encode())
    directory = tree.Entry(tree.DIRECTORY, b"a", tree.digest_of(inner))
    snapshot = trees.made_up(workspace, inner, tree.encoded([link, directory]))
    (tmp_path / "outside").mkdir()

    with pytest.raises(SnapshotException, match="twice"):
        snapshot.restore(tmp_path / "target")

    assert os.listdir(tmp_path / "outside") == []


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("is_there", [False, True])
def test_damaged_bytes_change_nothing(
    workspace: Workspace, project: Project, tmp_path: Path, large: bool, is_there: bool
) -> None:
    project.write("a.txt", "good")
    project.write("sub/b.bin", "x" * (100_000 if large else 10))
    project.write("z.txt", "good")
    snapshot = trees.taken(workspace, project.path)
    damage(workspace)
    target = tmp_path / "target"
    if is_there:
        target.mkdir()

    with pytest.raises(SnapshotException, match="damaged"):
        snapshot.restore(target)

    assert target.exists() == is_there
    assert not is_there or os.listdir(target) == []
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".localexp-")]


def damage(workspace: Workspace) -> None:
    """Change a byte of the file ``b.bin``."""
    for path in Path(workspace._store.layout.objects).rglob("*"):
        if path.is_file():
            path.write_bytes(b"y" + path.read_bytes()[1:])
    with workspace._store.blobs.writing() as db:
        db.execute(trees.REPLACE, ("x" * 10, "y" * 10))


def test_a_full_disk_is_said_and_leaves_nothing_behind(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("a.txt", "small")
    (project.path / "large").write_bytes(os.urandom(3_000_000))
    snapshot = trees.taken(workspace, project.path)
    target = tmp_path / "small-disk"
    target.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "none", target], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(SnapshotException, match="the disk is full"):
            snapshot.restore(target)
        with pytest.raises(SnapshotException, match="the disk is full"):
            snapshot.restore(target / "new")
        assert os.listdir(target) == []
    finally:
        subprocess.run(["umount", target], check=True)


def test_a_path_that_is_too_long_there_is_said(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("/".join(["d" * 200] * 15) + "/file", "")
    snapshot = trees.taken(workspace, project.path)
    target = tmp_path / "/".join(["t" * 200] * 6)

    with pytest.raises(SnapshotException, match=r"cannot hold the name .*d{200}"):
        snapshot.restore(target)

    assert not target.exists()


def test_an_interrupted_restore_leaves_no_part_and_can_be_repeated(
    workspace: Workspace, project: Project, tmp_path: Path
) -> None:
    for number in range(1200):
        (project.path / f"file-{number}").write_bytes(os.urandom(1000))
    snapshot, whole = trees.taken(workspace, project.path), trees.read(project.path)
    target = tmp_path / "target"
    target.mkdir()
    code = """
        import sys
        from localexp import Snapshot, Workspace
        Snapshot._of(Workspace(sys.argv[1])._store, sys.argv[2]).restore(sys.argv[3])
        """

    for sent, cleans_up in ((signal.SIGINT, True), (signal.SIGKILL, False)):
        process = python(code, workspace.path, snapshot.id, target)
        wait_until(lambda: len(os.listdir(target)) > 100, "it has begun to write")
        process.send_signal(sent)
        process.communicate()
        assert process.returncode != 0
        left = trees.read(target)
        assert not [name for name in left if name.startswith(b".localexp-")] or not cleans_up
        assert all(whole[name] == content for name, content in left.items() if not name.startswith(b".localexp-"))
        for name in left:
            os.unlink(os.path.join(os.fsencode(target), name))

    output(python(code, workspace.path, snapshot.id, target))
    assert trees.read(target) == whole


def test_a_directory_that_may_not_be_written_is_said(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)

    with pytest.raises(SnapshotException, match=r"cannot write /proc/nowhere: "):
        snapshot.restore("/proc/nowhere")


def test_few_files_are_open_at_a_time(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    project.write("/".join(["d"] * 300) + "/file", "deep")
    snapshot = trees.taken(workspace, project.path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Runs that other tests have left open hold files too.
    in_use = max(int(number) for number in os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 90, hard))
    try:
        snapshot.restore(tmp_path / "target")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert trees.read(tmp_path / "target") == trees.read(project.path)


def test_the_store_itself_is_no_target(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    snapshot = trees.taken(workspace, project.path)
    root = workspace._store.layout.root
    before = trees.read(root)

    for target in (root, f"{root}/runs", workspace._store.layout.checkouts):
        with pytest.raises(SnapshotException, match="lies in the store"):
            snapshot.restore(target, overwrite=True)
    with pytest.raises(SnapshotException, match="has no name"):
        snapshot.restore("")

    assert trees.read(root) == before


def test_what_a_killed_restore_has_left_is_not_captured(workspace: Workspace, project: Project) -> None:
    project.write("train.py", "")
    before = trees.taken(workspace, project.path)
    project.write(".localexp-restore-0123456789abcdef-0/train.py", "")
    project.write(".localexp-restore-0123456789abcdef-1", "")

    assert trees.taken(workspace, project.path) == before
