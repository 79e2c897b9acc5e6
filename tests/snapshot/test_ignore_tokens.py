"""By the token of its rules a directory tells whether what was judged in it once still holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localexp.snapshot import ignore
from localexp.snapshot.ignore import IgnoreRules
from tests.snapshot.test_ignore_rules import fill

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


def token_of(source: bytes, *names: bytes, with_parents: bool = False) -> bytes:
    rules = IgnoreRules.at_root(source, with_parents)
    for name in names:
        source = os.path.join(source, name)
        rules = rules.enter(name, source)
    return rules.token


def test_the_same_rule_files_give_the_same_token(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b"x/.amlignore": b"b\n"})
    assert token_of(source, b"x") == token_of(source, b"x")
    assert len(token_of(source, b"x")) == 8


def test_a_directory_without_a_rule_file_has_the_token_of_the_one_that_it_is_in(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b"x/a": b""})
    rules = IgnoreRules.at_root(source)
    assert rules.enter(b"x", os.path.join(source, b"x")).token is rules.token


@pytest.mark.parametrize(
    "change",
    [
        {b".gitignore": b"b\n"},
        {b"x/.gitignore": b"b\n"},
        {b"x/.gitignore": b""},
        {b"x/.amlignore": b""},
        {b"x/y/.gitignore": b""},
        {b"x/y/.gitignore": b"c\n"},
        {b".amlignore": b"c\n"},
    ],
)
def test_another_rule_file_gives_another_token(change: dict[bytes, bytes], source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b"x/.gitignore": b"c\n", b"x/y/a": b""})
    before = token_of(source, b"x", b"y")
    fill(source, change)
    assert token_of(source, b"x", b"y") != before


def test_a_rule_file_that_goes_gives_another_token(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b"x/.gitignore": b"c\n"})
    before = token_of(source, b"x")
    os.unlink(os.path.join(source, b"x/.gitignore"))
    assert token_of(source, b"x") != before


def test_a_rule_file_of_another_name_gives_another_token(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n"})
    before = token_of(source)
    os.rename(os.path.join(source, b".gitignore"), os.path.join(source, b".amlignore"))
    assert token_of(source) != before


def test_a_rule_file_that_moves_down_gives_another_token(source: bytes) -> None:
    fill(source, {b"x/.gitignore": b"/a\n", b"x/y/b": b""})
    before = token_of(source, b"x", b"y")
    os.rename(os.path.join(source, b"x/.gitignore"), os.path.join(source, b"x/y/.gitignore"))
    assert token_of(source, b"x", b"y") != before


def test_a_rule_file_that_is_not_in_force_changes_no_token(source: bytes) -> None:
    fill(source, {b".amlignore": b"a\n", b"x/a": b""})
    before = token_of(source, b"x")
    fill(source, {b".gitignore": b"b\n", b"x/.gitignore": b"b\n", b"y/.amlignore": b"b\n"})
    assert token_of(source, b"x") == before


def test_rule_files_above_give_another_token_and_without_them_it_is_the_same(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b"x/.gitignore": b"a\n"})
    directory = os.path.join(source, b"x")
    assert token_of(directory, with_parents=True) == token_of(directory)
    fill(source, {b".gitignore": b"b\n"})
    with_one_above = token_of(directory, with_parents=True)
    assert with_one_above != token_of(directory)
    fill(source, {b".gitignore": b"c\n"})
    assert token_of(directory, with_parents=True) != with_one_above


def test_a_source_directory_that_comes_to_be_another_below_the_same_rules_has_another_token(source: bytes) -> None:
    fill(source, {b".git/HEAD": b"", b".gitignore": b"/x/a\n", b"x/a": b"", b"y/a": b""})
    link = os.path.join(source, b"link")
    os.symlink(b"x", link)
    before = token_of(link, with_parents=True)
    os.unlink(link)
    os.symlink(b"y", link)
    assert token_of(link, with_parents=True) != before


@pytest.mark.parametrize("rules", [{}, {b".gitignore": b"a\n"}])
def test_rules_that_come_to_mean_something_else_give_another_token(
    rules: dict[bytes, bytes], source: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, rules)
    before = token_of(source)
    monkeypatch.setattr(ignore, "MEANING_OF_RULES", b"rules  0")
    assert token_of(source) != before
