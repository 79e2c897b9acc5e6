"""What is said about a path of a source directory, beside what git says about it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest

from localexp.errors import SnapshotException
from localexp.snapshot.explain import explain, line_as_git_prints_it

if TYPE_CHECKING:
    from pathlib import Path

RULE_FILES = {
    b".gitignore": b"""# what is built
*.py[co]
/build/
dist/

*.log
!keep.log
data/*
!data/small/
**/tmp/
docs/**/*.html
/notes.txt
[Tt]humbs.db\x20\x20
\xc3\xa9*
""",
    b"src/.gitignore": b"*.o\n!keep.o\n/local\n*[[:digit:]].dat\n",
    b"src/deep/.gitignore": b"!*.log\nwide/**\n!wide/a.py\n/?\\[x\n",
}
FILES = [b"a.py", b"a.pyc", b"a.log", b"keep.log", b"build/a", b"dist/a", b"src/build/a", b"src/dist/a.py"]
FILES += [b"data/a", b"data/small/a", b"data/small/a.log", b"data/large/a", b"tmp/a", b"src/tmp/a", b"src/tmp/keep.log"]
FILES += [b"docs/a.html", b"docs/x/a.html", b"docs/x/a.md", b"src/notes.txt", b"thumbs.db", b"src/Thumbs.db"]
FILES += [b"src/a.o", b"src/keep.o", b"src/local", b"src/deep/local", b"src/a1.dat", b"src/a.dat", b"src/deep/a.log"]
FILES += [b"src/deep/keep.o", b"src/deep/wide/a.py", b"src/deep/wide/b", b"src/deep/a[x", b"src/deep/wide.log"]
FILES += [b"\xc3\xa9", b"\xc3\xa8", b"\xff.log", b'a "b"\\\n\x01.log', b"notes.txt"]
MISSING = [b"b.pyc", b"b.py", b"build/b", b"data/b/c", b"data/small/b", b"x/tmp/b", b"src/deep/b.log", b"tmp"]
MISSING += [
    b"docs/y/z.html",
    b"src/b2.dat",
    b"src/deep/b.log/c",
    b"no/where/keep.log",
    b"a.py/b",
    b"a.log/b",
    b"src/dist",
]


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


def write(source: bytes, files: dict[bytes, bytes]) -> None:
    for path, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(source, path)), exist_ok=True)
        with open(os.path.join(source, path), "wb") as file:
            file.write(content)


def git(folder: bytes, *arguments: str, asked: bytes = b"") -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "core.excludesFile=/dev/null", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, input=asked, check=True, capture_output=True).stdout


def every_path(source: bytes) -> list[bytes]:
    found = [os.path.join(folder, name) for folder, folders, files in os.walk(source) for name in folders + files]
    return [os.path.relpath(path, source) for path in found]


def test_a_project_of_20_rules_is_explained_line_by_line_as_git_explains_it(source: bytes) -> None:
    write(source, dict.fromkeys(FILES, b"") | RULE_FILES)
    paths = every_path(source) + MISSING
    git(source, "init", "--quiet", "--template=")
    lines = b"".join(line_as_git_prints_it(explain(source, path)) + b"\n" for path in paths)
    ignored = git(source, "check-ignore", "--stdin", "-z", asked=b"\0".join(paths)).split(b"\0")[:-1]
    assert lines.decode() == git(source, "check-ignore", "-v", "-n", "--", *map(os.fsdecode, paths)).decode()
    assert [path for path in paths if not explain(source, path).is_included] == ignored


def test_a_folder_that_is_not_there_is_asked_for_with_a_slash_at_its_end(source: bytes) -> None:
    write(source, {b".gitignore": b"a/\n"})
    git(source, "init", "--quiet")
    assert [explain(source, path).is_included for path in (b"a", b"a/", b"b/")] == [True, False, True]
    assert git(source, "check-ignore", "--stdin", asked=b"a\na/\n") == b"a/\n"


def test_a_rule_above_is_named_from_the_source_directory(source: bytes) -> None:
    write(source, {b".gitignore": b"*.log\n", b"x/y/a.log": b""})
    git(source, "init", "--quiet")
    directory = os.path.join(source, b"x/y")
    assert explain(directory, b"a.log").reason == "included"
    explanation = explain(directory, b"a.log", with_parents=True)
    assert explanation.reason == "line 1 of ../../.gitignore, '*.log', leaves it out"
    assert git(directory, "check-ignore", "-v", "a.log") == b".gitignore:1:*.log\ta.log\n"
    assert line_as_git_prints_it(explanation) == b"../../.gitignore:1:*.log\ta.log"


REASONS = {
    b"a": (True, "included"),
    b"./sub/../a": (True, "included"),
    b"sub/": (True, "included"),
    b"sub/a.log": (False, "line 2 of sub/.gitignore, '*.log', leaves it out"),
    b"sub/b.log": (True, "line 3 of sub/.gitignore, '!b.log', takes it in"),
    b"data": (False, "line 1 of .gitignore, 'data/', leaves it out"),
    b"data/x/a": (False, "its folder data/ is left out: line 1 of .gitignore, 'data/', leaves it out"),
    b"sub/.git": (False, "nothing named .git ever enters a snapshot"),
    b".localexp/a": (False, "its folder .localexp/ is left out: no folder named .localexp ever enters a snapshot"),
    b"__pycache__": (False, "no folder named __pycache__ ever enters a snapshot"),
    b"venv": (False, "it is a virtual environment"),
    b"venv/lib/a": (False, "its folder venv/ is left out: it is a virtual environment"),
    b"link": (True, "included"),
    b"link to venv": (True, "included"),
    b"link/a": (False, "it is behind the link link, and links are not followed"),
    b"pipe": (False, "it is a pipe, socket or device"),
    b"none": (True, "there is no such file, but if there were: included"),
    b"a/none": (True, "there is no such file, but if there were: included"),
    b"none/": (True, "there is no such folder, but if there were: included"),
    b"sub/none.log": (
        False,
        "there is no such file, but if there were: line 2 of sub/.gitignore, '*.log', leaves it out",
    ),
    b"": (True, "it is the source directory itself"),
    b"../a": (False, "it is outside the source directory"),
    b"/a": (False, "it is outside the source directory"),
    b"..a": (True, "included"),
}


@pytest.mark.parametrize("path", REASONS)
def test_a_person_is_told_why(path: bytes, source: bytes) -> None:
    write(source, {b".gitignore": b"data/\n", b"sub/.gitignore": b"\n*.log\n!b.log\n", b"sub/.git": b""})
    names = [b"a", b"..a", b"sub/a.log", b"sub/b.log", b"data/x/a", b".localexp/a", b"__pycache__/a"]
    write(source, dict.fromkeys([*names, b"venv/pyvenv.cfg", b"venv/lib/a"], b""))
    os.symlink(b"sub", os.path.join(source, b"link"))
    os.symlink(b"venv", os.path.join(source, b"link to venv"))
    os.mkfifo(os.path.join(source, b"pipe"))
    explanation = explain(source, path)
    assert (explanation.is_included, explanation.reason) == REASONS[path]


def test_a_whole_path_into_the_source_directory_is_taken_as_the_one_inside(source: bytes) -> None:
    write(source, {b".gitignore": b"a\n"})
    explanation = explain(source, os.path.join(source, b"x/a"))
    assert explanation.path == b"x/a"
    assert not explanation.is_included


def test_a_rule_leaves_out_a_pipe_before_its_kind_does(source: bytes) -> None:
    write(source, {b".gitignore": b"pipe\n"})
    os.mkfifo(os.path.join(source, b"pipe"))
    assert explain(source, b"pipe").reason == "line 1 of .gitignore, 'pipe', leaves it out"


def test_what_cannot_be_read_is_an_error() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        write(os.fsencode(folder), {b".gitignore": b"a\n"})
        os.chmod(os.path.join(folder, ".gitignore"), 0)
        user = os.geteuid()
        os.seteuid(user or 65534)
        try:
            with pytest.raises(SnapshotException, match=r"cannot read .*\.gitignore"):
                explain(os.fsencode(folder), b"a")
        finally:
            os.seteuid(user)
