"""Why a path of a source directory is in its snapshot or is not: the decision that the walk makes."""

from __future__ import annotations

import os
import stat

from localexp.errors import SnapshotException
from localexp.snapshot.ignore import IgnoreRules, is_virtual_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.ignore import Rule

_KINDS_THAT_ENTER = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
_ESCAPES = {7: b"\\a", 8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 34: b'\\"', 92: b"\\\\"}


class Explanation:
    """What becomes of ``path``, relative to the source directory, and the rule that decides it, if one does."""

    __slots__ = ("is_included", "path", "reason", "rule")

    def __init__(self, path: bytes, is_included: bool, reason: str, rule: Rule | None = None) -> None:
        self.path = path
        self.is_included = is_included
        self.reason = reason
        self.rule = rule

    def __repr__(self) -> str:
        return f"Explanation({self.path!r}, {self.is_included}, {self.reason!r}, {self.rule!r})"


def explain(source: bytes, path: bytes, with_parents: bool = False) -> Explanation:
    """Whether a path of the source directory enters its snapshot, and why.

    A path where nothing is gets the answer for a file there, or for a folder if it ends in a slash.

    :raises SnapshotException: what is on the way cannot be read.
    """
    inside = os.path.relpath(os.path.join(source, path), source)
    if inside == b".":
        return Explanation(inside, True, "it is the source directory itself")
    if inside.split(b"/", 1)[0] == b"..":
        return Explanation(inside, False, "it is outside the source directory")
    try:
        return _walk_down(source, inside, path.endswith(b"/"), IgnoreRules.at_root(source, with_parents))
    except OSError as error:
        raise SnapshotException(f"cannot read {os.fsdecode(error.filename or source)}: {error.strerror}") from error


def line_as_git_prints_it(explanation: Explanation) -> bytes:
    """The line of ``git check-ignore --verbose --non-matching`` for the path, without its end."""
    rule = explanation.rule
    place = b"%s:%d:%s" % (_quoted(rule.file), rule.line, rule.pattern) if rule else b"::"
    return b"%s\t%s" % (place, _quoted(explanation.path))


def _walk_down(source: bytes, path: bytes, named_as_folder: bool, rules: IgnoreRules) -> Explanation:
    *folders, name = path.split(b"/")
    directory = source
    for folder in folders:
        directory = os.path.join(directory, folder)
        shown = os.fsdecode(os.path.relpath(directory, source))
        if os.path.islink(directory):
            return Explanation(path, False, f"it is behind the link {shown}, and links are not followed")
        answer = _answer(rules, path, directory, True)
        if not answer.is_included:
            return Explanation(path, False, f"its folder {shown}/ is left out: {answer.reason}", answer.rule)
        rules = rules.enter(folder, directory)
    return _last_answer(rules, path, os.path.join(directory, name), named_as_folder)


def _last_answer(rules: IgnoreRules, path: bytes, full_path: bytes, named_as_folder: bool) -> Explanation:
    mode = _mode(full_path)
    if mode is None:
        kind = "folder" if named_as_folder else "file"
        answer = _answer(rules, path, full_path, named_as_folder)
        answer.reason = f"there is no such {kind}, but if there were: {answer.reason}"
        return answer
    answer = _answer(rules, path, full_path, stat.S_ISDIR(mode))
    if answer.is_included and stat.S_IFMT(mode) not in _KINDS_THAT_ENTER:
        return Explanation(path, False, "it is a pipe, socket or device", answer.rule)
    return answer


def _mode(path: bytes) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _answer(rules: IgnoreRules, path: bytes, full_path: bytes, is_directory: bool) -> Explanation:
    name = os.path.basename(full_path)
    rule = rules.decide(name, is_directory)
    if rule is not None and not rule.include:
        return Explanation(path, False, f"{_shown(rule)} leaves it out", rule)
    if rules.excludes(name, is_directory):
        kind = "no folder" if is_directory else "nothing"
        return Explanation(path, False, f"{kind} named {os.fsdecode(name)} ever enters a snapshot")
    if is_directory and is_virtual_environment(full_path):
        return Explanation(path, False, "it is a virtual environment")
    return Explanation(path, True, f"{_shown(rule)} takes it in" if rule else "included", rule)


def _shown(rule: Rule) -> str:
    return f"line {rule.line} of {os.fsdecode(rule.file)}, {os.fsdecode(rule.pattern)!r},"


def _quoted(path: bytes) -> bytes:
    quoted = b"".join(map(_escaped, path))
    return path if quoted == path else b'"%s"' % quoted


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return b"%c" % byte if 0x20 <= byte < 0x7F else b"\\%03o" % byte
