"""The difference of two snapshots is what git says it is, and what makes one of the other."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Workspace
from localexp.snapshot import tree
from localexp.snapshot.diff import SnapshotDiff
from tests.processes import Project
from tests.snapshot import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.snapshot.trees import Content


def diff_of(workspace: Workspace, old: dict[bytes, Content], new: dict[bytes, Content]) -> SnapshotDiff:
    with tempfile.TemporaryDirectory() as folder:
        return _diff_in(workspace, folder, old, new)


def _diff_in(workspace: Workspace, folder: str, old: dict[bytes, Content], new: dict[bytes, Content]) -> SnapshotDiff:
    for name, content in (("old", old), ("new", new)):
        trees.write(os.fsencode(os.path.join(folder, name)), content)
    first = trees.taken(workspace, os.path.join(folder, "old"))
    return first.diff(trees.taken(workspace, os.path.join(folder, "new")))


def file(content: bytes = b"x\n", is_executable: bool = False) -> Content:
    return (content, is_executable)


def test_what_came_went_and_changed_is_named(workspace: Workspace) -> None:
    diff = diff_of(
        workspace,
        {
            b"same": file(),
            b"gone": file(b"1"),
            b"edited": file(b"2"),
            b"mode": file(b"3"),
            b"kind": file(b"4"),
            b"l": b"a",
        },
        {
            b"same": file(),
            b"new": file(b"5"),
            b"edited": file(b"6"),
            b"mode": file(b"3", True),
            b"kind": b"x",
            b"l": b"b",
        },
    )

    assert (diff.added, diff.removed, diff.renamed) == (["new"], ["gone"], [])
    assert diff.changed == ["edited", "kind", "l", "mode"]
    assert diff


def test_equal_snapshots_have_no_difference(workspace: Workspace) -> None:
    content: dict[bytes, Content] = {b"a": file(), b"sub": {b"b": file()}}

    diff = diff_of(workspace, content, content)

    assert not diff
    assert (diff.added, diff.removed, diff.changed, diff.renamed, diff.text()) == ([], [], [], [], "")


def test_a_folder_counts_by_what_is_in_it_and_if_empty_by_itself(workspace: Workspace) -> None:
    diff = diff_of(
        workspace,
        {b"a": file(b"1"), b"emptied": {b"b": file(b"2")}, b"filled": {}, b"gone": {}, b"stays": {}},
        {b"a": {b"b": file(b"3"), b"c": {}}, b"emptied": {}, b"filled": {b"d": file(b"4")}, b"stays": {}},
    )

    assert diff.added == ["a/b", "a/c/", "emptied/", "filled/d"]
    assert diff.removed == ["a", "emptied/b", "filled/", "gone/"]
    assert diff.changed == []
    assert "Only in b: emptied/\n" in diff.text()
    assert "Only in a: gone/\n" in diff.text()


def test_moved_files_are_paired_by_content_and_rather_by_name(workspace: Workspace) -> None:
    diff = diff_of(
        workspace,
        {b"a.py": file(), b"b.py": file(), b"c.py": file(), b"empty": file(b""), b"l": b"x"},
        {b"sub": {b"b.py": file(), b"z.py": file(is_executable=True)}, b"none": file(b""), b"m": b"x"},
    )

    assert diff.renamed == [("b.py", "sub/b.py"), ("a.py", "sub/z.py")]
    assert (diff.added, diff.removed, diff.changed) == (["m", "none"], ["c.py", "empty", "l"], [])
    assert (
        "old mode 100644\nnew mode 100755\nsimilarity index 100%\nrename from a.py\nrename to sub/z.py\n" in diff.text()
    )


def test_a_copy_is_no_rename(workspace: Workspace) -> None:
    diff = diff_of(workspace, {b"a": file()}, {b"a": file(), b"b": file()})

    assert (diff.added, diff.renamed) == (["b"], [])


def test_folders_that_are_the_same_are_not_read(workspace: Workspace, project: Project) -> None:
    project.write("same/deep/train.py", "")
    project.write("edited", "1")
    first = trees.taken(workspace, project.path)
    project.write("edited", "2")
    second = trees.taken(workspace, project.path)
    same = {entry.path: entry.hash for entry in first.entries()}["same"]
    with workspace._store.blobs.writing() as db:
        db.execute("DELETE FROM trees WHERE name = ?", (bytes.fromhex(same),))

    assert first.diff(second).changed == ["edited"]


def test_the_text_is_that_of_git(workspace: Workspace) -> None:
    old: dict[bytes, Content] = {
        b"edit.py": file(b"".join(b"line %d\n" % number for number in range(40))),
        b"gone.py": file(b"bye\n"),
        b"run.sh": file(b"x"),
        b"moved.py": file(b"moved\n"),
        b"with space": file(b"a\nb"),
        b"binary": file(b"\0old"),
        b"link": b"one",
        b"kind": file(b"4"),
        b"ta\tb\xff": file(b"\xff\n"),
    }
    new: dict[bytes, Content] = {
        b"edit.py": file(b"".join(b"line %d\n" % number for number in range(41) if number not in (3, 20))),
        b"came.py": file(b"hi\n"),
        b"run.sh": file(b"x", True),
        b"sub": {b"moved.py": file(b"moved\n"), b"empty": file(b"")},
        b"with space": file(b"a\nc"),
        b"binary": file(b"\0new"),
        b"link": b"two",
        b"kind": b"elsewhere",
        b"ta\tb\xff": file(b"\xfe\n"),
    }
    with tempfile.TemporaryDirectory() as folder:
        diff = _diff_in(workspace, folder, old, new)
        wanted = git_diff(folder)

    assert diff.text().encode("utf-8", "surrogateescape") == wanted


def git(folder: str, *arguments: str, input: bytes | None = None) -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *arguments], cwd=folder, input=input, check=True, capture_output=True, env=environment
    ).stdout


def git_diff(folder: str) -> bytes:
    """What git says of the directories ``old`` and ``new``, without the names of objects and of functions."""
    git(folder, "init", "-q", "--bare", "objects")
    names = []
    for place in ("old", "new"):
        base = ["--git-dir", "objects", "--work-tree", place]
        git(folder, *base, "read-tree", "--empty")
        git(folder, *base, "add", "-A", "-f")
        names.append(git(folder, *base, "write-tree").decode().strip())
    text = git(folder, "--git-dir", "objects", "diff-tree", "-p", "-r", "-M100%", "--no-color", *names)
    text = re.sub(rb"^(@@ .* @@).*", rb"\1", text, flags=re.MULTILINE)
    return re.sub(rb"^index .*\n", b"", text, flags=re.MULTILINE)


@settings(max_examples=15)
@given(old=trees.text_directories, new=trees.text_directories)
def test_git_makes_one_of_the_other_by_the_text(
    workspace: Workspace, old: dict[bytes, Content], new: dict[bytes, Content]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # To git there are no empty directories, so it puts no file in the place of one.
        diff = _diff_in(workspace, folder, without_empty_ones(old), without_empty_ones(new))
        patch = diff.text(context=1).encode("utf-8", "surrogateescape")

        if patch:
            git(os.path.join(folder, "old"), "apply", "--unsafe-paths", "-", input=patch)

        assert leaves(trees.read(f"{folder}/old")) == leaves(trees.read(f"{folder}/new"))


def without_empty_ones(content: dict[bytes, Content]) -> dict[bytes, Content]:
    """A directory without those below it that are empty."""
    filled = {name: without_empty_ones(one) if isinstance(one, dict) else one for name, one in content.items()}
    return {name: one for name, one in filled.items() if one != {}}


def leaves(content: dict[bytes, Content], prefix: bytes = b"") -> dict[bytes, Content]:
    """Files and links by path."""
    found: dict[bytes, Content] = {}
    for name, one in content.items():
        found |= leaves(one, prefix + name + b"/") if isinstance(one, dict) else {prefix + name: one}
    return found


@settings(max_examples=15)
@given(old=trees.directories, new=trees.directories)
def test_lists_say_exactly_what_differs(
    workspace: Workspace, old: dict[bytes, Content], new: dict[bytes, Content]
) -> None:
    diff = diff_of(workspace, old, new)
    before, after = leaves(old), leaves(new)

    came = {os.fsencode(path) for path in [*diff.added, *(new for _, new in diff.renamed)] if not path.endswith("/")}
    went = {os.fsencode(path) for path in [*diff.removed, *(old for old, _ in diff.renamed)] if not path.endswith("/")}
    assert came == after.keys() - before.keys()
    assert went == before.keys() - after.keys()
    assert {os.fsencode(path) for path in diff.changed} == {
        path for path in before.keys() & after.keys() if before[path] != after[path]
    }
    assert bool(diff) == (old != new)
    assert all(path == sorted(path) for path in (diff.added, diff.removed, diff.changed))


def test_a_huge_text_is_only_named(workspace: Workspace) -> None:
    diff = diff_of(workspace, {b"a": file(b"x\n" * 2**20)}, {b"a": file(b"y\n" * 2**20)})

    assert diff.text() == "diff --git a/a b/a\nBinary files a/a and b/a differ (larger than 1 MiB)\n"


@pytest.mark.parametrize("context", [0, 1, 3, -1])
def test_a_text_of_many_lines_in_another_order_takes_no_time(workspace: Workspace, context: int) -> None:
    lines = [b"%d\n" % number for number in range(50_000)]
    old, new = b"".join(lines), b"".join([lines[0], *reversed(lines[1:-1]), lines[-1]])

    text = diff_of(workspace, {b"a": file(old)}, {b"a": file(new)}).text(context)

    shown = text.splitlines()
    unchanged = min(max(context, 0), 1)
    assert shown[3] == f"@@ -{2 - unchanged},{49_998 + 2 * unchanged} +{2 - unchanged},{49_998 + 2 * unchanged} @@"
    assert len(shown) == 4 + 2 * 49_998 + 2 * unchanged


@settings(max_examples=10)
@given(
    lines=st.lists(st.sampled_from([b"", b"}", b"same"]) | st.integers(0, 10**9).map(lambda n: b"%d" % n), max_size=50),
    edits=st.lists(st.tuples(st.integers(0, 8000), st.integers(0, 40), st.integers(0, 3)), max_size=6),
    context=st.integers(0, 30),
)
def test_git_applies_the_text_of_a_long_file(
    workspace: Workspace, lines: list[bytes], edits: list[tuple[int, int, int]], context: int
) -> None:
    old = [lines[number % 97] if number % 97 < len(lines) else b"%d" % number for number in range(8000)]
    new = list(old)
    for place, removed, added in edits:
        new[place : place + removed] = [b"added"] * added
    with tempfile.TemporaryDirectory() as folder:
        diff = _diff_in(workspace, folder, {b"a": file(b"\n".join(old))}, {b"a": file(b"\n".join(new))})
        patch = diff.text(context).encode()

        if patch:
            git(os.path.join(folder, "old"), "apply", "--unidiff-zero", "-", input=patch)

        assert trees.read(f"{folder}/old") == trees.read(f"{folder}/new")
        shown = [line for line in patch.splitlines() if line.startswith((b"-", b"+"))]
        assert len(shown) <= 2 + 2 * sum(removed + added for _, removed, added in edits) + 2


def test_a_damaged_tree_is_no_difference(workspace: Workspace, project: Project) -> None:
    project.write("a", "1")
    first = trees.taken(workspace, project.path)
    data = tree.encoded([trees.file_entry(workspace, b"a", b"2")])
    second = trees.made_up(workspace, data)

    assert first.diff(second).changed == ["a"]
    assert "-1\n" in first.diff(second).text()
