"""Random rule files over random trees: git says what they list and which line of which file decides, and so do we."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from localexp.snapshot import scan
from localexp.snapshot.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Decision = tuple[bytes, int, bytes] | None
    # Entries and their kinds, rule files and the number of the folder that each is in.
    RuleSet = tuple[list[tuple[bytes, str]], list[tuple[int, bytes]]]

RULE_SETS_IN_A_REPOSITORY = 20
GIT = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.ignoreCase=false"]

NAMES = [b"a", b"b", b"ab", b"ba", b"aab", b"a.b", b"A", b"a b", b"a ", b"-", b"]", b"[a]", b"!a", b"#a", b"\\"]
NAMES += [b"a\\", b"*", b"**", b"?", b"1", b"\xff", b"\xc3\xa9", b"a\n", b"\t", b"a\r", b"^", b"[:", b"\xef\xbb\xbfa"]
NAMES_APART = [b".git", b".localexp", b"__pycache__", b"pyvenv.cfg"]
PIECES = [b"a", b"b", b"ab", b"A", b"1", b".", b"./", b"*", b"**", b"***", b"/", b"/**/", b"**/", b"/**", b"?"]
PIECES += [b"[ab]", b"[!a]", b"[^a]", b"[]a]", b"[a-]", b"[z-a]", b"[a-c]", b"[\\]]", b"[a\\-c]", b"[*]", b"[/]"]
PIECES += [b"[", b"]", b"!", b"^", b"-", b":", b"[[:alpha:]]", b"[[:punct:]]", b"[[:foo:]]", b"[![:upper:]]"]
PIECES += [b"[[:space:]", b"[:alpha:]", b"[\xc3-\xff]", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf"]
PIECES += [b"\\", b"\\*", b"\\[", b"\\/", b"\\ ", b" ", b"\t", b"\r", b"\0", b"#"]
LIVELY_PIECES = [
    b"a",
    b"b",
    b"*",
    b"*",
    b"?",
    b"[ab]",
    b"[!b]",
    b"[[:lower:]]",
    b"\\a",
    b"/",
    b"**/",
    b"/**",
    b"/**/",
    b"**",
]
STARTS = [b"", b"", b"!", b"/", b"!/", b"#", b"\\!", b"\\#", b"./", b" "]
ENDS = [b"", b"", b"/", b" ", b"\\", b"\\ ", b"\r", b"\t", b"/ ", b"\0x", b"//"]


MAKERS: dict[str, Callable[[bytes], None]] = {
    "file": lambda path: open(path, "xb").close(),
    "folder": os.mkdir,
    "link to a folder": lambda path: os.symlink(b".", path),
    "link to nothing": lambda path: os.symlink(b"nowhere", path),
    "pipe": os.mkfifo,
}


def rule_sets_over(names: list[bytes]) -> st.SearchStrategy[RuleSet]:
    kinds = st.sampled_from(["file"] * 5 + list(MAKERS))
    # Names that the plain lines have come often, or hardly a line would decide about anything.
    paths = st.lists(st.sampled_from(NAMES[:5] * 5 + names), min_size=1, max_size=4).map(b"/".join)
    trees = st.lists(st.tuples(paths, kinds), min_size=2, max_size=10)
    return st.tuples(
        trees, st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 3, 4]), rule_files), min_size=1, max_size=4)
    )


odd_lines = st.tuples(
    st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=6).map(b"".join), st.sampled_from(ENDS)
).map(b"".join)
# Lines that are likely to match, where most odd ones match nothing.
lively_lines = st.tuples(
    st.sampled_from([b"", b"", b"!", b"/"]),
    st.lists(st.sampled_from(LIVELY_PIECES), min_size=1, max_size=4).map(b"".join),
    st.sampled_from([b"", b"", b"/"]),
).map(b"".join)
plain_lines = st.tuples(
    st.sampled_from([b"", b"!", b"/", b"!/"]),
    st.lists(st.sampled_from(NAMES[:5]), min_size=1, max_size=2).map(b"/".join),
    st.sampled_from([b"", b"/"]),
).map(b"".join)
rule_files = st.tuples(
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(odd_lines | lively_lines | plain_lines, max_size=6).map(b"\n".join),
    st.sampled_from([b"", b"\n", b"\r\n"]),
).map(b"".join)


def write_tree(top: bytes, rule_set: RuleSet) -> list[bytes]:
    """Make the entries and the rule files, and return the folders."""
    tree, files = rule_set
    os.makedirs(top)
    for path, kind in tree:
        try:
            os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
            MAKERS[kind](os.path.join(top, path))
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            continue
    folders = sorted(folder for folder, _, _ in os.walk(top))
    for number, content in files:
        write(os.path.join(folders[number % len(folders)], b".gitignore"), content)
    return folders


def write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def make_repository(folder: bytes) -> None:
    os.makedirs(os.path.join(folder, b".git/objects"))
    os.mkdir(os.path.join(folder, b".git/refs"))
    write(os.path.join(folder, b".git/HEAD"), b"ref: refs/heads/main\n")


def git(folder: bytes, *arguments: str, asked: list[bytes] | None = None) -> list[bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    given = b"".join(path + b"\0" for path in asked or [])
    answer = subprocess.run([*GIT, *arguments], cwd=folder, env=environment, input=given, capture_output=True)
    assert answer.returncode in (0, 1), answer.stderr
    return answer.stdout.split(b"\0")[:-1]


def listed_by_git(folder: bytes) -> set[bytes]:
    return set(git(folder, "ls-files", "--others", "--exclude-standard", "-z"))


def listed(source: bytes) -> set[bytes]:
    return set(scan.walk(source).every_path())


def every_path(top: bytes) -> Iterator[bytes]:
    """The paths of folders and of all else, without what git itself keeps of a repository."""
    for folder, folders, files in os.walk(top):
        if b".git" in folders and os.path.exists(os.path.join(folder, b".git/HEAD")):
            folders.remove(b".git")
        yield from (os.path.relpath(os.path.join(folder, name), top) for name in folders + files)


def never_enters(top: bytes, path: bytes) -> bool:
    folders = path.split(b"/")[:-1]
    return any(
        name in (b".localexp", b"__pycache__") or os.path.isfile(os.path.join(top, *folders[:depth], b"pyvenv.cfg"))
        for depth, name in enumerate(folders, 1)
    )


def check_that_we_decide_as_git_does(cases: list[RuleSet]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(folder)
        for number, case in enumerate(cases):
            write_tree(os.path.join(top, b"%d" % number), case)
        paths = list(every_path(top))
        make_repository(top)
        answers = {path: explain(top, path).rule for path in paths}
        ours = {path: (rule.file, rule.line, rule.pattern) if rule else None for path, rule in answers.items()}
        fields = iter(git(top, "check-ignore", "--verbose", "--non-matching", "-z", "--stdin", asked=paths))
        of_git: dict[bytes, Decision] = {
            path: (file, int(line), pattern) if file else None
            for file, line, pattern, path in zip(fields, fields, fields, fields, strict=True)
        }
        assert ours == of_git


def check_that_we_list_what_git_lists(cases: list[RuleSet]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(folder)
        for number, case in enumerate(cases):
            write_tree(os.path.join(top, b"%d" % number), case)
        make_repository(top)
        assert listed(top) == {path for path in listed_by_git(top) if not never_enters(top, path)}


def check_that_an_amlignore_means_to_us_what_a_gitignore_means_to_git(cases: list[tuple[RuleSet, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top, twin = os.path.join(os.fsencode(folder), b"ours"), os.path.join(os.fsencode(folder), b"twin")
        for number, (case, chosen) in enumerate(cases):
            write_tree(os.path.join(twin, b"%d" % number), case)
            folders = write_tree(os.path.join(top, b"%d" % number), case)
            use_amlignores_from(folders[chosen % len(folders)])
        make_repository(twin)
        assert without_rule_files(listed(top)) == without_rule_files(listed_by_git(twin))


def use_amlignores_from(top: bytes) -> None:
    """Rename the rule files at and below a folder, and put in their place others that leave everything out."""
    for folder, _, files in os.walk(top):
        if b".gitignore" in files:
            os.rename(os.path.join(folder, b".gitignore"), os.path.join(folder, b".amlignore"))
        elif folder == top:
            write(os.path.join(folder, b".amlignore"), b"")
        write(os.path.join(folder, b".gitignore"), b"*\n")


def without_rule_files(paths: set[bytes]) -> set[bytes]:
    return {path for path in paths if os.path.basename(path) not in (b".gitignore", b".amlignore")}


def check_that_the_rules_above_a_folder_are_those_of_git(cases: list[tuple[RuleSet, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(os.path.realpath(folder))
        write(os.path.join(top, b".gitignore"), b"*\n")
        for number, (case, chosen, height) in enumerate(cases):
            folders = write_tree(os.path.join(top, b"%d" % number), case)
            source = folders[chosen % len(folders)]
            above = [folder for folder in folders if (source + b"/").startswith(folder + b"/")]
            repository = above[height % len(above)]
            for folder_of_git in {folders[0], repository}:
                make_repository(folder_of_git)
            if source == repository or not is_left_out_by_git(source):
                assert kept_by_the_rules_above_as_well(source) == listed_by_git(source)


def is_left_out_by_git(source: bytes) -> bool:
    """Nothing in such a folder counts for git."""
    return git(source, "check-ignore", "-z", "--stdin", asked=[source]) != []


def kept_by_the_rules_above_as_well(source: bytes) -> set[bytes]:
    paths = [path for path in every_path(source) if not is_folder(os.path.join(source, path))]
    return {path for path in paths if explain(source, path, with_parents=True).is_included}


def is_folder(path: bytes) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def check_that_what_is_explained_is_what_is_listed(cases: list[RuleSet]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(folder)
        for number, case in enumerate(cases):
            write_tree(os.path.join(top, b"%d" % number), case)
        paths = [path for path in every_path(top) if not is_folder(os.path.join(top, path))]
        assert {path for path in paths if explain(top, path).is_included} == listed(top)


rule_sets = rule_sets_over(NAMES)
rule_sets_with_all_names = rule_sets_over(NAMES + NAMES_APART)
numbers = st.integers(0, 5)
heights = st.sampled_from([0, 0, 0, 1, 2])


def many(cases: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(cases, min_size=RULE_SETS_IN_A_REPOSITORY, max_size=RULE_SETS_IN_A_REPOSITORY)


CHECKS: list[tuple[Callable[[list[Any]], None], st.SearchStrategy[list[Any]]]] = [
    (check_that_we_decide_as_git_does, many(rule_sets)),
    (check_that_we_list_what_git_lists, many(rule_sets_with_all_names)),
    (check_that_an_amlignore_means_to_us_what_a_gitignore_means_to_git, many(st.tuples(rule_sets, numbers))),
    (check_that_the_rules_above_a_folder_are_those_of_git, many(st.tuples(rule_sets, numbers, heights))),
    (check_that_what_is_explained_is_what_is_listed, many(rule_sets_with_all_names)),
]
each_check = pytest.mark.parametrize(
    ("check", "cases"), CHECKS, ids=[check.__name__.removeprefix("check_that_") for check, _ in CHECKS]
)


def run(check: Callable[[list[Any]], None], cases: st.SearchStrategy[list[Any]], rule_sets_to_try: int) -> None:
    """Print the seed, with which the same rule sets are tried again."""
    number = int(os.environ.get("IGNORE_SEED", random.SystemRandom().getrandbits(32)))
    print(f"IGNORE_SEED={number} for {rule_sets_to_try} rule sets")
    examples = rule_sets_to_try // RULE_SETS_IN_A_REPOSITORY
    limits = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seed(number)(limits(given(cases)(check)))()


@each_check
def test_40_random_rule_sets_mean_to_us_what_they_mean_to_git(
    check: Callable[[list[Any]], None], cases: st.SearchStrategy[list[Any]]
) -> None:
    run(check, cases, 40)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@each_check
def test_5000_random_rule_sets_mean_to_us_what_they_mean_to_git(
    check: Callable[[list[Any]], None], cases: st.SearchStrategy[list[Any]]
) -> None:
    run(check, cases, 5000)
