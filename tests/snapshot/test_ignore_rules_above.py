"""The rule files above a source directory, up to the top of its repository: git is asked what they leave out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localexp.snapshot.ignore import IgnoreRules
from tests.snapshot.test_ignore_rules import files_we_keep, fill, run_git_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


# Files of a repository, the source directory, what is kept of it.
ABOVE: dict[str, tuple[dict[bytes, bytes], bytes, set[bytes]]] = {
    "a name": ({b".gitignore": b"a\n", b"x/a": b"", b"x/b": b""}, b"x", {b"b"}),
    "a path from the top": ({b".gitignore": b"/x/a\n/b\n", b"x/a": b"", b"x/b": b""}, b"x", {b"b"}),
    "a file between": (
        {b"x/.gitignore": b"/y/a\n", b"x/y/a": b"", b"x/y/b": b"", b"x/y/y/a": b""},
        b"x/y",
        {b"b", b"y/a"},
    ),
    "two stars": ({b".gitignore": b"x/**/a\n", b"x/y/a": b"", b"x/y/z/a": b"", b"x/y/b": b""}, b"x/y", {b"b"}),
    "folders alone": ({b".gitignore": b"/x/a/\n", b"x/a/b": b"", b"x/b/a": b""}, b"x", {b"b/a"}),
    "taken back in between": (
        {b".gitignore": b"*.a\n", b"x/.gitignore": b"!b.a\n", b"x/y/a.a": b"", b"x/y/b.a": b""},
        b"x/y",
        {b"b.a"},
    ),
    "taken back in by the source": (
        {b".gitignore": b"*.a\n", b"x/.gitignore": b"!b.a\n", b"x/a.a": b"", b"x/b.a": b""},
        b"x",
        {b".gitignore", b"b.a"},
    ),
    "what is beside the source": ({b"y/.gitignore": b"a\n", b"y/a": b"", b"x/a": b""}, b"x", {b"a"}),
    "the top of a repository inside another": (
        {b".gitignore": b"a\n", b"x/.git/HEAD": b"ref: refs/heads/main\n", b"x/a": b"", b"x/y/a": b""}
        | {b"x/.git/objects/a": b"", b"x/.git/refs/a": b""},
        b"x/y",
        {b"a"},
    ),
}


@pytest.mark.parametrize("case", ABOVE)
def test_rule_files_above_leave_out_what_they_leave_out_for_git(case: str, source: bytes) -> None:
    files, below, kept = ABOVE[case]
    fill(source, files)
    run_git_in(source, b"init", b"--quiet", b"--template=")
    directory = os.path.join(source, below)
    listed = run_git_in(directory, b"ls-files", b"--others", b"--exclude-standard", b"-z")
    assert files_we_keep(directory, with_parents=True) == kept == set(listed.split(b"\0")) - {b""}


def test_rule_files_above_are_read_if_asked_for(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"a\n", b"x/a": b""})
    assert files_we_keep(os.path.join(source, b"x")) == {b"a"}
    assert files_we_keep(os.path.join(source, b"x"), with_parents=True) == set()


def test_without_a_repository_no_rule_file_above_is_read(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b"x/a": b""})
    assert files_we_keep(os.path.join(source, b"x"), with_parents=True) == {b"a"}


def test_no_rule_file_above_the_repository_is_read(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"a\n", b"x/.git": b"gitdir: elsewhere\n", b"x/y/a": b""})
    assert files_we_keep(os.path.join(source, b"x/y"), with_parents=True) == {b"a"}
    assert files_we_keep(os.path.join(source, b"x"), with_parents=True) == {b"y/a"}


def test_a_rule_above_that_leaves_out_the_source_directory_itself_leaves_out_nothing_in_it(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"/x/\ny\n", b"x/y/a": b""})
    assert files_we_keep(os.path.join(source, b"x/y"), with_parents=True) == {b"a"}


def test_a_rule_above_for_all_that_is_in_the_source_directory_leaves_all_of_it_out(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"/x/*\n", b"x/a": b"", b"x/y/b": b""})
    assert files_we_keep(os.path.join(source, b"x"), with_parents=True) == set()


def test_an_amlignore_above_replaces_the_gitignores_beside_it_and_below(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".amlignore": b"a\n", b".gitignore": b"b\n", b"x/.gitignore": b"b\n"})
    fill(source, {b"x/y/a": b"", b"x/y/b": b"", b"x/y/.gitignore": b"b\n"})
    assert files_we_keep(os.path.join(source, b"x/y"), with_parents=True) == {b"b", b".gitignore"}


def test_a_source_directory_behind_a_link_has_the_rules_above_the_place_where_it_is(source: bytes) -> None:
    fill(source, {b"repository/.git/HEAD": b"", b"repository/.gitignore": b"/x/a\n", b"repository/x/a": b""})
    fill(source, {b"repository/x/b": b""})
    os.symlink(b"repository/x", os.path.join(source, b"link"))
    assert files_we_keep(os.path.join(source, b"link"), with_parents=True) == {b"b"}


def test_a_deciding_rule_above_is_named_from_the_source_directory(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"a\n", b"x/.gitignore": b"b\n", b"x/y/.gitignore": b"c\n"})
    rules = IgnoreRules.at_root(os.path.join(source, b"x/y"), with_parents=True)
    decisions = [rules.decide(name, False) for name in (b"a", b"b", b"c")]
    files = [rule.file for rule in decisions if rule is not None]
    assert files == [b"../../.gitignore", b"../.gitignore", b".gitignore"]
