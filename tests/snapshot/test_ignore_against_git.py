"""Random rule files over random trees: git says of every entry which line of which file decides, and so do we."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from localexp.snapshot.ignore import IgnoreRules

if TYPE_CHECKING:
    from collections.abc import Iterator

    Decision = tuple[bytes, int, bool] | None
    RuleSet = tuple[list[bytes], bytes, bytes]

RULE_SETS_IN_A_REPOSITORY = 20
GIT = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.ignoreCase=false"]

NAMES = [b"a", b"b", b"ab", b"ba", b"aab", b"a.b", b"A", b"a b", b"a ", b"-", b"]", b"[a]", b"!a", b"#a", b"\\"]
NAMES += [b"a\\", b"*", b"**", b"?", b"1", b"\xff", b"\xc3\xa9", b"a\n", b"\t", b"a\r", b"^", b"[:", b"\xef\xbb\xbfa"]
PIECES = [b"a", b"b", b"ab", b"A", b"1", b".", b"./", b"*", b"**", b"***", b"/", b"/**/", b"**/", b"/**", b"?"]
PIECES += [b"[ab]", b"[!a]", b"[^a]", b"[]a]", b"[a-]", b"[z-a]", b"[a-c]", b"[\\]]", b"[a\\-c]", b"[*]", b"[/]"]
PIECES += [b"[", b"]", b"!", b"^", b"-", b":", b"[[:alpha:]]", b"[[:punct:]]", b"[[:foo:]]", b"[![:upper:]]"]
PIECES += [b"[[:space:]", b"[:alpha:]", b"[\xc3-\xff]", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf"]
PIECES += [b"\\", b"\\*", b"\\[", b"\\/", b"\\ ", b" ", b"\t", b"\r", b"\0", b"#"]
STARTS = [b"", b"", b"!", b"/", b"!/", b"#", b"\\!", b"\\#", b"./", b" "]
ENDS = [b"", b"", b"/", b" ", b"\\", b"\\ ", b"\r", b"\t", b"/ ", b"\0x", b"//"]

names = st.sampled_from(NAMES)
odd_lines = st.tuples(
    st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=6).map(b"".join), st.sampled_from(ENDS)
).map(b"".join)
plain_lines = st.tuples(
    st.sampled_from([b"", b"!", b"/", b"!/"]),
    st.lists(st.sampled_from(NAMES[:5]), min_size=1, max_size=2).map(b"/".join),
    st.sampled_from([b"", b"/"]),
).map(b"".join)
rule_files = st.tuples(
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(odd_lines | plain_lines, max_size=5).map(b"\n".join),
    st.sampled_from([b"", b"\n", b"\r\n"]),
).map(b"".join)
trees = st.lists(st.lists(names, min_size=1, max_size=4).map(b"/".join), min_size=2, max_size=7)
rule_sets = st.tuples(trees, rule_files, rule_files)
many_rule_sets = st.lists(rule_sets, min_size=RULE_SETS_IN_A_REPOSITORY, max_size=RULE_SETS_IN_A_REPOSITORY)


def write_tree(top: bytes, tree: list[bytes], rules: bytes, nested_rules: bytes) -> None:
    deepest = top
    os.mkdir(top)
    for path in tree:
        folder = os.path.dirname(os.path.join(top, path))
        try:
            os.makedirs(folder, exist_ok=True)
            open(os.path.join(top, path), "xb").close()
        except (FileExistsError, NotADirectoryError):
            continue
        deepest = max(deepest, folder, key=len)
    for folder, content in ((deepest, nested_rules), (top, rules)):
        with open(os.path.join(folder, b".gitignore"), "wb") as file:
            file.write(content)


def our_decisions(rules: IgnoreRules, directory: bytes, path: bytes) -> Iterator[tuple[bytes, Decision]]:
    for name in os.listdir(directory):
        below = os.path.join(directory, name)
        rule = rules.decide(name, os.path.isdir(below))
        yield path + name, (rule.file, rule.line, rule.include) if rule else None
        if os.path.isdir(below) and not rules.excludes(name, True):
            yield from our_decisions(rules.enter(name, below), below, path + name + b"/")


def decisions_of_git(top: bytes, paths: list[bytes]) -> dict[bytes, Decision]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.fsdecode(top), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([*GIT, "init", "--quiet", "--template="], cwd=top, env=environment, check=True)
    asked = b"".join(path + b"\0" for path in paths)
    command = [*GIT, "check-ignore", "--verbose", "--non-matching", "-z", "--stdin"]
    answer = subprocess.run(command, cwd=top, env=environment, input=asked, capture_output=True, check=False)
    assert answer.returncode in (0, 1), answer.stderr
    fields = iter(answer.stdout.split(b"\0"))
    return {
        path: (file, int(line), pattern.startswith(b"!")) if file else None
        for file, line, pattern, path in zip(fields, fields, fields, fields, strict=False)
    }


def check_that_we_decide_as_git_does(cases: list[RuleSet]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = os.fsencode(folder)
        for number, (tree, rules, nested_rules) in enumerate(cases):
            write_tree(os.path.join(top, b"%d" % number), tree, rules, nested_rules)
        ours = dict(our_decisions(IgnoreRules.at_root(top), top, b""))
        assert ours == decisions_of_git(top, list(ours))


@settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(many_rule_sets)
def test_every_entry_is_decided_by_the_line_that_decides_it_for_git(cases: list[RuleSet]) -> None:
    check_that_we_decide_as_git_does(cases)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_every_entry_of_5000_rule_sets_is_decided_by_the_line_that_decides_it_for_git() -> None:
    number = int(os.environ.get("IGNORE_SEED", random.SystemRandom().getrandbits(32)))
    print(f"IGNORE_SEED={number}")
    examples = 5000 // RULE_SETS_IN_A_REPOSITORY
    many = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seed(number)(many(given(many_rule_sets)(check_that_we_decide_as_git_does)))()
