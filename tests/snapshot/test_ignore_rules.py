"""What rule files leave out, each case asked of git as well, and what never enters a snapshot whatever they say."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from localexp.snapshot.ignore import IgnoreRules, is_virtual_environment

if TYPE_CHECKING:
    from pathlib import Path

# Rules, the files that they leave out, the files that stay.
CASES: dict[str, tuple[bytes, list[bytes], list[bytes]]] = {
    # Lines
    "an empty file": (b"", [], [b"a"]),
    "blank lines and lone ends of lines": (b"\n\r\n\n", [], [b"a", b"\r"]),
    "a last line without its end": (b"a\nb", [b"a", b"b"], [b"c"]),
    "a comment": (b"#a", [], [b"#a", b"a"]),
    "a hash behind a space": (b" #a", [b" #a"], [b"#a"]),
    "a hash behind a backslash": (b"\\#a", [b"#a"], [b"a"]),
    "a hash behind an exclamation mark": (b"*a\n!#a", [b"ba"], [b"#a"]),
    "an exclamation mark behind a backslash": (b"\\!a", [b"!a"], [b"a"]),
    "two exclamation marks": (b"*a\n!!a", [b"a"], [b"!a"]),
    "an exclamation mark alone": (b"a\n!", [b"a"], [b"!"]),
    "spaces at the end": (b"a  ", [b"a"], [b"a ", b"a  "]),
    "spaces at the start": (b" a", [b" a"], [b"a"]),
    "nothing but spaces": (b"  ", [], [b" ", b"  "]),
    "a protected space at the end": (b"a\\ ", [b"a "], [b"a", b"a\\"]),
    "a protected space before another": (b"a\\  ", [b"a "], [b"a", b"a  "]),
    "a protected backslash before a space": (b"a\\\\ ", [b"a\\"], [b"a", b"a "]),
    "a space inside": (b"a b", [b"a b"], [b"a", b"b"]),
    "a tab at the end": (b"a\t", [b"a\t"], [b"a"]),
    "a space before a tab": (b"a \t", [b"a \t"], [b"a", b"a "]),
    "a carriage return at the end": (b"a\r\nb\r", [b"a", b"b"], [b"a\r", b"b\r"]),
    "two carriage returns at the end": (b"a\r\r\n", [b"a\r"], [b"a", b"a\r\r"]),
    "a carriage return inside": (b"a\rb", [b"a\rb"], [b"a", b"b"]),
    "spaces before a carriage return": (b"a \r\n", [b"a"], [b"a "]),
    "a carriage return before spaces": (b"a\r \n", [b"a\r"], [b"a"]),
    "a byte order mark": (b"\xef\xbb\xbfa\nb", [b"a", b"b"], [b"\xef\xbb\xbfa"]),
    "a byte order mark on the second line": (b"b\n\xef\xbb\xbfa", [b"b", b"\xef\xbb\xbfa"], [b"a"]),
    "a byte order mark before a comment": (b"\xef\xbb\xbf#a", [], [b"a", b"#a"]),
    "a NUL": (b"a\0b\nc", [b"a", b"c"], [b"ab", b"b"]),
    "a NUL behind spaces": (b"a  \0b", [b"a"], [b"ab"]),
    "a NUL in front": (b"\0a\nb", [b"b"], [b"a"]),
    "a NUL inside a bracket": (b"[a\0]", [], [b"a", b"[a"]),
    "a backslash at the end": (b"a\\", [], [b"a", b"a\\"]),
    "a backslash alone": (b"\\", [], [b"\\"]),
    "two backslashes": (b"a\\\\", [b"a\\"], [b"a"]),
    "a backslash before a letter": (b"\\a\\b", [b"ab"], [b"\\a\\b"]),
    "bytes that are no UTF-8": (b"\xff*", [b"\xff", b"\xff\xfe"], [b"\xfe\xff"]),
    "a question mark against two bytes of one letter": (b"?", [b"a", b"\xe9"], ["é".encode()]),
    "a name with the end of a line": (b"a?b\n*c", [b"a\nb", b"\nc"], [b"a\n"]),
    "a letter in another case": (b"a\n[b-c]", [b"a", b"b"], [b"A", b"B"]),
    "a rule file that leaves itself out": (b"*\n!a", [b".gitignore", b"b"], [b"a"]),
    # Slashes
    "a name, wherever it is": (b"a", [b"a", b"b/a", b"b/b/a"], [b"ab", b"ba"]),
    "a name of a folder": (b"a", [b"a/b", b"b/a/b"], [b"b/b"]),
    "a slash at the end": (b"a/", [b"a/b", b"b/a/b"], [b"b/b/a"]),
    "a slash at the start": (b"/a", [b"a/b"], [b"b/a"]),
    "a slash at either end": (b"/a/", [b"a/b"], [b"b/a/b", b"b/b"]),
    "a slash inside": (b"a/b", [b"a/b"], [b"b/a/b", b"a/c", b"c/b"]),
    "a slash inside and at the end": (b"a/b/", [b"a/b/c"], [b"a/c/b", b"c/a/b/c"]),
    "a slash alone": (b"/", [], [b"a", b"b/a"]),
    "two slashes alone": (b"//", [], [b"a", b"b/a"]),
    "two slashes at the end": (b"a//", [], [b"a/b"]),
    "two slashes at the start": (b"//a", [], [b"a", b"b/a"]),
    "two slashes inside": (b"a//b", [], [b"a/b"]),
    "a protected slash inside": (b"a\\/b", [b"a/b"], [b"c/a/b"]),
    "a protected slash at the end": (b"a\\/", [], [b"a/b"]),
    "a dot and a slash": (b"./a", [], [b"a", b"b/a"]),
    "two dots and a slash": (b"../a", [], [b"a", b"b/a"]),
    # Stars and question marks
    "a star in a name": (b"a*c", [b"ac", b"abc", b"d/abbc"], [b"ab", b"bac", b"a/c"]),
    "a star before an ending": (b"*.b", [b"a.b", b".b", b"c/a.b"], [b"a.bc", b"ab"]),
    "a star behind a beginning": (b"a*", [b"a", b"ab", b"b/ab"], [b"ba"]),
    "a star alone": (b"*", [b"a", b"b/a"], []),
    "a star and a slash": (b"*/", [b"a/b"], [b"b"]),
    "a star behind a slash": (b"a/*", [b"a/b", b"a/c/d"], [b"b/a/c"]),
    "a star between slashes": (b"a/*/c", [b"a/b/c"], [b"a/c", b"a/b/b/c", b"a/b/d"]),
    "a star that may not cross a slash": (b"a/b*c", [b"a/bc", b"a/bbc"], [b"a/b/c"]),
    "a question mark": (b"a?c", [b"abc"], [b"ac", b"abbc"]),
    "a question mark against a slash": (b"a?c/d", [b"abc/d"], [b"a/c/d"]),
    "protected stars and question marks": (b"\\*\n\\?", [b"*", b"?"], [b"a", b"\\*"]),
    "many stars that are no two": (b"a*b*c", [b"abc", b"aabbcc", b"abcbc"], [b"acb", b"abcb"]),
    "two stars and a slash": (b"**/a", [b"a", b"b/a", b"b/c/a"], [b"ba"]),
    "two stars and a slash before a path": (b"**/a/b", [b"a/b", b"c/a/b"], [b"a/c/b", b"ca/b"]),
    "a slash and two stars": (b"a/**", [b"a/b", b"a/c/d"], [b"b/a"]),
    "a slash, two stars, a slash": (b"a/**/", [b"a/b/c"], [b"a/d"]),
    "two stars between slashes": (b"a/**/b", [b"a/b", b"a/c/b", b"a/c/d/b"], [b"a/cb", b"ab", b"c/a/b"]),
    "two stars twice": (b"a/**/b/**/c", [b"a/b/c", b"a/d/b/d/c"], [b"a/c", b"a/b/d"]),
    "two stars twice in a row": (b"**/**/a", [b"a", b"b/a"], [b"ba"]),
    "two stars before a protected slash": (b"**\\/a", [b"b/a", b"b/c/a"], [b"a"]),
    "two stars between single ones": (b"*a/**/b*c/?/d", [b"xa/bc/b/d", b"a/e/bc/b/d"], [b"xa/bc/d"]),
    "two stars between single ones before a protected slash": (b"*a/**\\/b*c/?/d", [b"xa/e/bc/b/d"], [b"xa/bc/b/d"]),
    "two stars alone": (b"**", [b"a", b"b/a"], []),
    "three stars": (b"a/***/b", [b"a/b", b"a/c/d/b"], [b"ab"]),
    "two stars in a name": (b"a**c", [b"ac", b"abc"], [b"a/c", b"a/b/c"]),
    "two stars in a name behind a slash": (b"d/a**c", [b"d/ac", b"d/abc"], [b"d/a/c", b"d/a/b/c"]),
    "two stars that end a name behind a slash": (b"d/a**", [b"d/a/c", b"d/ab/c"], [b"d/b", b"a"]),
    "two stars that end a name, anchored": (b"/a**", [b"a", b"ab/c"], [b"ba", b"b/a"]),
    "two stars between a name and a slash": (b"a**/c", [b"ac", b"a/c", b"ab/c", b"a/b/c"], [b"bac", b"b/ac"]),
    "the same behind a question mark": (b"?a**/c", [b"ba/c", b"bab/c"], [b"bac", b"ba/b/c"]),
    "two stars between a slash and a name": (b"d/**c", [b"d/c", b"d/bc"], [b"d/b/c"]),
    "two stars that end a name, not anchored": (b"!c*\na**\n!a/", [b"ab", b"a/ab"], [b"a/cd"]),
    # Brackets
    "a bracket": (b"[ab]c", [b"ac", b"bc"], [b"cc", b"[ab]c"]),
    "a bracket with an exclamation mark": (b"[!ab]c", [b"cc"], [b"ac", b"bc", b"c"]),
    "a bracket with a caret": (b"[^ab]c", [b"cc"], [b"ac", b"bc"]),
    "a bracket with two exclamation marks": (b"[!!a]", [b"b"], [b"!", b"a"]),
    "a bracket with a caret behind a letter": (b"[a^]", [b"a", b"^"], [b"b"]),
    "a bracket that begins with a bracket": (b"[]a]", [b"]", b"a"], [b"[]a]"]),
    "a bracket of all but a bracket": (b"[!]a]", [b"b"], [b"]", b"a"]),
    "an empty bracket": (b"[]", [], [b"[]", b"]"]),
    "a bracket of all but nothing": (b"[!]", [], [b"[!]", b"!", b"a"]),
    "a range": (b"[b-d]", [b"b", b"c", b"d"], [b"a", b"e", b"-"]),
    "a range of bytes": (b"[\xc3-\xff]", [b"\xe9", b"\xff"], [b"\xc2", b"a"]),
    "a range from last to first": (b"[z-a]", [b"z"], [b"a", b"m", b"-"]),
    "all but a range from last to first": (b"[!z-a]", [b"a", b"m", b"-"], [b"z"]),
    "a dash at the end of a bracket": (b"[a-]", [b"a", b"-"], [b"b"]),
    "a dash at the start of a bracket": (b"[-a]", [b"a", b"-"], [b"b"]),
    "a dash behind a range": (b"[a-c-e]", [b"b", b"-", b"e"], [b"d"]),
    "a range from a bracket": (b"[]-a]", [b"]", b"^", b"a"], [b"-", b"b"]),
    "a range to a protected bracket": (b"[Z-\\]]", [b"Z", b"[", b"\\", b"]"], [b"-", b"a"]),
    "a protected dash": (b"[a\\-c]", [b"a", b"-", b"c"], [b"b", b"\\"]),
    "a protected bracket in a bracket": (b"[\\]a]", [b"]", b"a"], [b"\\"]),
    "a protected backslash in a bracket": (b"[\\\\]", [b"\\"], [b"a"]),
    "a range from a protected letter": (b"[\\a-c]", [b"a", b"b", b"c"], [b"\\", b"-"]),
    "a range to a class": (b"[A-[:alpha:]]", [b"B]", b"[]", b":]", b"l]"], [b"b]", b"B", b"l"]),
    "a dash behind a class": (b"[[:digit:]-a]", [b"1", b"-", b"a"], [b"b", b":"]),
    "a dash behind a class behind a letter": (b"[a[:digit:]-c]", [b"a", b"1", b"-", b"c"], [b"b"]),
    "a class in a bracket": (b"[[:digit:]x]", [b"1", b"x"], [b"a", b":"]),
    "all but a class": (b"[![:digit:]]", [b"a", b":"], [b"1"]),
    "two classes": (b"[[:digit:][:upper:]]", [b"1", b"A"], [b"a"]),
    "a class without its bracket": (b"[:alpha:]", [b"a", b":", b"l", b"p", b"h"], [b"b"]),
    "a class of an unknown name": (b"[[:foo:]]\n[a[:foo:]]\nb", [b"b"], [b"a", b"f", b":"]),
    "a class in capitals": (b"[[:ALPHA:]]", [], [b"a", b"A"]),
    "a class without a name": (b"[[::]]\nb", [b"b"], [b":", b"[", b":]"]),
    "a class that is not closed": (b"[[:alpha]", [b"[", b":", b"a", b"l"], [b"b"]),
    "the start of a class": (b"[[:]", [b"[", b":"], [b"a"]),
    "a class in a bracket that is not closed": (b"[[:alpha:]\nb", [b"b"], [b"a", b"[[:alpha:]"]),
    "a bracket that is not closed": (b"[a\nb", [b"b"], [b"a", b"[a"]),
    "a bracket that is not closed, behind a star": (b"a*[b", [], [b"ab", b"a[b"]),
    "a backslash at the end of a bracket": (b"[a\\", [], [b"a", b"[a\\"]),
    "a bracket that only opens": (b"[", [], [b"["]),
    "a bracket that only closes": (b"]", [b"]"], [b"a"]),
    "a protected bracket": (b"\\[a]", [b"[a]"], [b"a"]),
    "a star and a question mark in a bracket": (b"[*?]", [b"*", b"?"], [b"a"]),
    "a slash in a bracket": (b"a[/]b", [], [b"a/b", b"a[/]b"]),
    "all but a letter against a slash": (b"a[!c]b/d", [b"abb/d"], [b"a/b/d", b"acb/d"]),
    "a bracket that a slash at the end would close": (b"[a/", [], [b"a/b", b"[a/b"]),
    "what a regex holds for special": (b"a.(b)|{2}+$", [b"a.(b)|{2}+$"], [b"axb", b"a.b", b"abb"]),
    # Order
    "a name taken back in": (b"*.a\n!b.a", [b"a.a"], [b"b.a"]),
    "the last line that matches": (b"a\n!a\na\n!b", [b"a"], [b"b"]),
    "a file in a folder that is left out": (b"a/\n!a/b", [b"a/b", b"a/c"], []),
    "a file in a folder of which the content is left out": (b"a/*\n!a/b", [b"a/c"], [b"a/b"]),
    "a folder taken back in": (b"/*\n!/a", [b"b", b"c/a"], [b"a/b", b"a/c/d"]),
    "all but one ending": (b"*\n!*/\n!*.a", [b"b", b"c/b"], [b"a.a", b"c/a.a"]),
    "a file taken back in as a folder": (b"a\n!a/", [b"b/a"], [b"a/b"]),
    "a folder taken back in below one left out": (b"a\n!a/b/", [b"a/b/c", b"b/a"], []),
    "a name left out in one folder alone": (b"!a\n/a", [b"a"], [b"b/a"]),
    "a line that means nothing between two": (b"*\n[\n!a", [b"b"], [b"a"]),
}

CLASSES = [b"alnum", b"alpha", b"blank", b"cntrl", b"digit", b"graph"]
CLASSES += [b"lower", b"print", b"punct", b"space", b"upper", b"xdigit"]


def fill(source: bytes, files: dict[bytes, bytes]) -> None:
    for path, content in files.items():
        os.makedirs(os.path.dirname(os.path.join(source, path)), exist_ok=True)
        with open(os.path.join(source, path), "wb") as file:
            file.write(content)


def files_we_keep(source: bytes, with_parents: bool = False) -> set[bytes]:
    kept = set()
    waiting = [(b"", IgnoreRules.at_root(source, with_parents))]
    while waiting:
        path, rules = waiting.pop()
        for entry in os.scandir(os.path.join(source, path)):
            is_directory = entry.is_dir(follow_symlinks=False)
            if rules.excludes(entry.name, is_directory):
                continue
            if is_directory:
                waiting.append((path + entry.name + b"/", rules.enter(entry.name, entry.path)))
            else:
                kept.add(path + entry.name)
    return kept


@pytest.fixture(scope="module")
def git_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("git")
    run_git(folder, folder, "init", "--quiet", "--template=")
    return folder


def run_git(git_directory: Path, source: os.PathLike[str] | bytes, *arguments: str) -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": str(git_directory), "GIT_CONFIG_NOSYSTEM": "1"}
    environment |= {"GIT_DIR": str(git_directory / ".git"), "GIT_WORK_TREE": "."}
    command = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.ignoreCase=false", *arguments]
    return subprocess.run(command, cwd=source, env=environment, check=True, stdout=subprocess.PIPE).stdout


def files_git_keeps(git_directory: Path, source: bytes) -> set[bytes]:
    listed = run_git(git_directory, source, "ls-files", "--others", "--exclude-standard", "-z")
    return set(listed.split(b"\0")) - {b""}


@pytest.fixture
def source(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_a_rule_file_leaves_out_what_it_leaves_out_for_git(case: str, source: bytes, git_directory: Path) -> None:
    rules, left_out, kept = CASES[case]
    fill(source, dict.fromkeys([*left_out, *kept], b"") | {b".gitignore": rules})
    ours = files_we_keep(source)
    assert ours == files_git_keeps(git_directory, source)
    assert ours - {b".gitignore"} == set(kept)


@pytest.fixture(scope="module")
def folder_of_every_byte(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = os.fsencode(tmp_path_factory.mktemp("bytes"))
    fill(folder, {bytes([byte]): b"" for byte in range(256) if byte not in b"\0./"})
    return folder


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("sign", [b"", b"!"])
def test_a_class_of_characters_has_the_members_that_it_has_for_git(
    name: bytes, sign: bytes, folder_of_every_byte: bytes, git_directory: Path
) -> None:
    fill(folder_of_every_byte, {b".gitignore": b"[%s[:%s:]]" % (sign, name)})
    ours = files_we_keep(folder_of_every_byte)
    assert ours == files_git_keeps(git_directory, folder_of_every_byte)
    assert 1 < len(ours) < 254


def test_a_nested_rule_file_holds_below_its_directory_and_goes_before_those_above(
    source: bytes, git_directory: Path
) -> None:
    rule_files = {b".gitignore": b"*.a\n/x/k\n", b"x/.gitignore": b"!b.a\n/k\n/y/m\n", b"x/y/.gitignore": b"b.a\n"}
    paths = [b"b.a", b"k", b"y/m", b"x/b.a", b"x/c.a", b"x/k", b"x/z/b.a", b"x/z/k", b"x/y/b.a", b"x/y/m", b"x/y/k"]
    fill(source, dict.fromkeys(paths, b"") | rule_files)
    ours = files_we_keep(source)
    assert ours == files_git_keeps(git_directory, source)
    assert ours - set(rule_files) == {b"k", b"y/m", b"x/b.a", b"x/z/b.a", b"x/z/k", b"x/y/k"}


def test_a_link_to_a_directory_is_no_directory(source: bytes, git_directory: Path) -> None:
    fill(source, {b"folder/a": b"", b".gitignore": b"link/\n"})
    os.symlink(b"folder", os.path.join(source, b"link"))
    assert files_we_keep(source) == {b".gitignore", b"folder/a", b"link"} == files_git_keeps(git_directory, source)


def test_the_deciding_rule_is_given_with_its_place_and_text(source: bytes) -> None:
    fill(source, {b".gitignore": b"\xef\xbb\xbfb  \r\n", b"x/y/.gitignore": b"# no\n\n!a\n"})
    rules = IgnoreRules.at_root(source).enter(b"x", os.path.join(source, b"x"))
    rules = rules.enter(b"y", os.path.join(source, b"x/y"))
    taken_in, ignored = rules.decide(b"a", False), rules.decide(b"b", True)
    assert taken_in is not None
    assert (taken_in.file, taken_in.line, taken_in.pattern) == (b"x/y/.gitignore", 3, b"!a")
    assert taken_in.include
    assert ignored is not None
    assert (ignored.file, ignored.line, ignored.pattern) == (b".gitignore", 1, b"b")
    assert not ignored.include
    assert rules.decide(b"c", False) is None


def test_an_amlignore_replaces_the_gitignore_beside_it(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b".amlignore": b"b\n", b"a": b"", b"b": b""})
    assert files_we_keep(source) == {b".gitignore", b".amlignore", b"a"}


def test_an_empty_amlignore_replaces_the_gitignore_beside_it(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\n", b".amlignore": b"", b"a": b""})
    assert files_we_keep(source) == {b".gitignore", b".amlignore", b"a"}


def test_below_an_amlignore_no_gitignore_is_read(source: bytes) -> None:
    fill(source, {b"x/.amlignore": b"# nothing\n", b"x/y/z/.gitignore": b"a\n", b"x/y/z/a": b""})
    fill(source, {b"y/.gitignore": b"a\n", b"y/a": b""})
    assert files_we_keep(source) == {b"x/.amlignore", b"x/y/z/.gitignore", b"x/y/z/a", b"y/.gitignore"}


def test_below_an_amlignore_another_is_read(source: bytes) -> None:
    fill(source, {b".amlignore": b"a\nb\n", b"x/y/.amlignore": b"!a\n", b"x/y/a": b"", b"x/y/b": b"", b"x/a": b""})
    assert files_we_keep(source) == {b".amlignore", b"x/y/.amlignore", b"x/y/a"}


def test_a_gitignore_above_an_amlignore_still_holds(source: bytes) -> None:
    fill(source, {b".gitignore": b"a\nb\n", b"x/.amlignore": b"!b\n", b"x/a": b"", b"x/b": b""})
    assert files_we_keep(source) == {b".gitignore", b"x/.amlignore", b"x/b"}


@pytest.mark.parametrize("name", [b".git", b".localexp", b"__pycache__"])
def test_some_directories_never_enter_whatever_the_rules_say(name: bytes, source: bytes) -> None:
    fill(source, {b"x/%s/a" % name: b"", b".gitignore": b"!*\n"})
    assert files_we_keep(source) == {b".gitignore"}


def test_the_file_that_leads_to_a_git_directory_never_enters(source: bytes) -> None:
    fill(source, {b"x/.git": b"gitdir: elsewhere\n", b"x/__pycache__": b"", b"x/.localexp": b""})
    assert files_we_keep(source) == {b"x/__pycache__", b"x/.localexp"}


def test_a_directory_with_a_pyvenv_cfg_is_a_virtual_environment(source: bytes) -> None:
    fill(source, {b"venv/pyvenv.cfg": b"home = /usr/bin\n", b"not/bin/python": b""})
    assert is_virtual_environment(os.path.join(source, b"venv"))
    assert not is_virtual_environment(os.path.join(source, b"not"))


@pytest.mark.filterwarnings("ignore:.*is a link")
def test_a_rule_file_that_is_a_link_is_not_read(source: bytes, git_directory: Path) -> None:
    fill(source, {b"rules": b"a\n", b"a": b""})
    os.symlink(b"rules", os.path.join(source, b".gitignore"))
    assert files_we_keep(source) == {b".gitignore", b"a", b"rules"} == files_git_keeps(git_directory, source)


def test_a_rule_file_that_is_a_link_is_warned_of(source: bytes) -> None:
    fill(source, {b"rules": b"a\n"})
    os.symlink(b"rules", os.path.join(source, b".gitignore"))
    with pytest.warns(UserWarning, match=r"\.gitignore is a link"):
        IgnoreRules.at_root(source)


def test_a_gitignore_is_read_beside_an_amlignore_that_is_no_file(source: bytes) -> None:
    fill(source, {b".amlignore/a": b"", b".gitignore": b"a\n"})
    assert files_we_keep(source) == {b".gitignore"}


def test_a_directory_named_as_a_rule_file_holds_no_rules(source: bytes, git_directory: Path) -> None:
    fill(source, {b".gitignore/a": b"a\n"})
    assert files_we_keep(source) == {b".gitignore/a"} == files_git_keeps(git_directory, source)


def test_a_fifo_named_as_a_rule_file_is_not_waited_for(source: bytes) -> None:
    os.mkfifo(os.path.join(source, b".gitignore"))
    assert not IgnoreRules.at_root(source).excludes(b"a", False)


def test_a_rule_file_that_cannot_be_read_is_an_error() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        fill(os.fsencode(folder), {b".gitignore": b"a\n"})
        os.chmod(os.path.join(folder, ".gitignore"), 0)
        user = os.geteuid()
        os.seteuid(user or 65534)
        try:
            with pytest.raises(PermissionError):
                IgnoreRules.at_root(os.fsencode(folder))
        finally:
            os.seteuid(user)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs atomic groups")
def test_many_stars_do_not_take_for_ever(source: bytes) -> None:
    fill(source, {b".gitignore": b"*a" * 40 + b"b\nx/" + b"*a" * 40 + b"b\n"})
    assert not IgnoreRules.at_root(source).excludes(b"a" * 250, False)
    assert IgnoreRules.at_root(source).excludes(b"a" * 250 + b"b", False)


def test_a_line_longer_than_any_path_matches_nothing_at_once(source: bytes) -> None:
    fill(source, {b".gitignore": b"[a-z]*" * 300_000 + b"\nb\n"})
    rules = IgnoreRules.at_root(source)
    assert not rules.excludes(b"a", False)
    assert rules.excludes(b"b", False)


def test_many_folders_of_any_name_in_a_row_are_as_one(source: bytes) -> None:
    fill(source, {b".gitignore": b"**/" * 10_000 + b"a\n"})
    assert IgnoreRules.at_root(source).excludes(b"a", False)
    assert not IgnoreRules.at_root(source).excludes(b"b", False)


def test_without_a_rule_file_nothing_is_imported_for_it(source: bytes) -> None:
    os.mkdir(os.path.join(source, b"x"))
    program = """
import sys
from localexp.snapshot.ignore import IgnoreRules
source = sys.argv[1].encode()
assert not IgnoreRules.at_root(source).enter(b"x", source + b"/x").excludes(b"a", False)
print("pathspec" in sys.modules, "re" in sys.modules)
"""
    command = [sys.executable, "-S", "-c", program, os.fsdecode(source)]
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {"PYTHONPATH": here}
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    assert answer.stdout == "False False\n"


def run_git_in(folder: bytes, *arguments: bytes) -> bytes:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run([b"git", *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE).stdout


def test_the_files_of_a_repository_inside_the_source_enter(source: bytes) -> None:
    """git lists it as one entry, for it keeps a commit of it; a snapshot has nothing but files."""
    fill(source, {b"x/a": b"", b"x/.gitignore": b"b\n", b"x/b": b""})
    run_git_in(os.path.join(source, b"x"), b"init", b"--quiet")
    assert files_we_keep(source) == {b"x/a", b"x/.gitignore"}
