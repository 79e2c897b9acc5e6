"""A script that failed for a file which is in the source directory, but not in its snapshot, is told so."""

from __future__ import annotations

import os
import re
import shlex

from localexp.errors import SnapshotException
from localexp.execution.last_words import TRACEBACK, lines_at_end
from localexp.snapshot.ignore import NEVER_ENTER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES_WITHOUT_TRACEBACK = 20
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")

_SPEAKS_OF_MISSING = re.compile(
    r"no such|not found|FileNotFound|not exist|non-?existent|not find|n't find|n't exist|not open|n't open|"
    r"unable to|missing",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?<!\w)'([^']+)'|\"([^\"]+)\"|`([^`]+)`")
# As of cat, "cat: a file.csv: No such file or directory", and of numpy, "FileNotFoundError: a file.npy not found."
_SUBJECT = re.compile(r"(?:^|: )(?:[Ff]ile )?((?:(?!: ).)+?)(?:: No such file| not found| does not exist)")
_AROUND_WORDS = "'\"`()[]{}<>,;:!?="


class Hint:
    """``text`` is for the user; ``input`` is the path, relative to the source directory, to be given as an input."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.input = path


def hint(log: str, tree: str, source: str, ignore_parents: bool) -> Hint | None:
    """What to tell the user whose script has failed, if that was for a path which only the source directory has.

    :param log: the path of what the script has printed.
    :param tree: its checkout.
    """
    for path, is_of_missing in dict.fromkeys(_paths(_last_words(log), tree)):
        if _never_enters(path):
            continue
        folder, found = os.path.dirname(path), None
        if _is_only_in(source, path, tree):
            found = _hint_at(path, path, "", tree, source, ignore_parents)
        elif is_of_missing and os.path.isdir(os.path.join(source, folder)) and _is_only_in(source, folder, tree):
            # What was to be written there, or read, needs the folder at least.
            found = _hint_at(folder, f"its folder {folder}/", "write to outputs/, or ", tree, source, ignore_parents)
        if found is not None:
            return found
    return None


def _is_only_in(source: str, path: str, tree: str) -> bool:
    return not os.path.lexists(os.path.join(tree, path)) and os.path.exists(os.path.join(source, path))


def _never_enters(path: str) -> bool:
    """Whether it is in a folder that is nobody's data, as the repository that git does not find in a checkout."""
    return not NEVER_ENTER.isdisjoint(os.fsencode(path).split(os.fsencode(os.sep)))


def _hint_at(path: str, named: str, otherwise: str, tree: str, source: str, ignore_parents: bool) -> Hint | None:
    try:
        left_out = _left_out(path, source, ignore_parents)
    except (ImportError, SnapshotException):
        # Without the rules it can still be said where the file is.
        wanted, reason = _first_missing(path, tree), ""
    else:
        if left_out is None:
            # The script itself has removed its copy of what the snapshot holds.
            return None
        wanted, reason = left_out[0], f": {left_out[1]}"
    how = f"{otherwise}bring it in with --input {shlex.quote(wanted)}, in Python inputs=[{wanted!r}]"
    return Hint(f"{named} is in {source} but not in the snapshot{reason}; {how}", wanted)


def _left_out(path: str, source: str, ignore_parents: bool) -> tuple[str, str] | None:
    """The folder, or the file itself, that is left out of snapshots, and why; None if nothing is."""
    from localexp.snapshot.explain import explain

    for place in _ways_down(path):
        answer = explain(os.fsencode(source), os.fsencode(place), ignore_parents)
        if not answer.is_included:
            return place, explain(os.fsencode(source), os.fsencode(path), ignore_parents).reason
    return None


def _first_missing(path: str, tree: str) -> str:
    return next(place for place in _ways_down(path) if not os.path.lexists(os.path.join(tree, place)))


def _ways_down(path: str) -> list[str]:
    parts = path.split(os.sep)
    return [os.sep.join(parts[: count + 1]) for count in range(len(parts))]


def _last_words(log: str) -> list[str]:
    """The last traceback, with those that it is chained to and what follows; without one, the last lines."""
    lines = list(lines_at_end(log, "surrogateescape"))
    starts = [number for number, line in enumerate(lines) if TRACEBACK in line]
    if not starts:
        return lines[-_LINES_WITHOUT_TRACEBACK:]
    first = starts.pop()
    while starts and any(line.startswith(_CHAINED) for line in lines[starts[-1] : first]):
        first = starts.pop()
    return lines[first:]


def _paths(lines: list[str], tree: str) -> Iterator[tuple[str, bool]]:
    """What may be paths in the checkout, relative to it, the likeliest first, each with whether its line misses one."""
    for line in reversed(lines):
        is_of_missing = _SPEAKS_OF_MISSING.search(line) is not None
        for text in _texts(line):
            path = _inside(text, tree)
            # A word alone may be anything, as the 'data' of a KeyError.
            if path is not None and (is_of_missing or os.sep in path or "." in path):
                yield path, is_of_missing


def _texts(line: str) -> Iterator[str]:
    for match in _QUOTED.finditer(line):
        yield next(filter(None, match.groups()))
    for match in _SUBJECT.finditer(line):
        yield match[1]
    for word in re.split(r"[\s=]+", line):
        yield word.strip(_AROUND_WORDS)
        yield word.rstrip(".").strip(_AROUND_WORDS)


def _inside(text: str, tree: str) -> str | None:
    if not text or "\0" in text:
        return None
    path = os.path.normpath(text)
    if os.path.isabs(path):
        # A process may know its own working directory by another name.
        tree = tree if path.startswith(tree + os.sep) else os.path.realpath(tree)
        path = os.path.relpath(path, tree)
    return None if path == os.curdir or path.split(os.sep)[0] == os.pardir else path
