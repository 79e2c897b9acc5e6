"""What is told of paths where there is to be no difference between machines, or two times on one: names for them."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from localexp.store import determinism

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

# Folders that are made with names which nobody has chosen.
_NAMED_AT_RANDOM = (
    (r"(\.localexp[/\\]checkouts[/\\])[0-9a-f]{12}\b", r"\1{checkout}"),
    (r"(\.localexp[/\\]environments[/\\][0-9a-f]+-)[0-9a-f]{6}\b", r"\1{build}"),
    (r"\{tmp\}[/\\]pytest-of-[^/\\]+[/\\]pytest-\d+\b", "{tmp}"),
    (r"(\{tmp\}[/\\]localexp-)[a-z0-9_]{8}\b", r"\1{random}"),
)

_PYTHON = "{python}"


def told_by_names() -> bool:
    """Whether there is to be no difference."""
    return determinism.current is not None


def told(text: str) -> str:
    """A text as it is to be shown; names stand in it for paths if this process is deterministic."""
    if not told_by_names() or ("/" not in text and "\\" not in text):
        return text
    if _is_this_python(text):
        return _PYTHON
    # A test may well have a home of its own.
    return _Telling.of(determinism.folders, os.path.expanduser("~")).told(text)


def all_told(value: object) -> object:
    """Plain data with each text in it as ``told`` gives it."""
    if not told_by_names():
        return value
    if isinstance(value, str):
        return told(value)
    if isinstance(value, dict):
        return {all_told(name): all_told(inner) for name, inner in value.items()}
    return [all_told(inner) for inner in value] if isinstance(value, (list, tuple)) else value


class _Telling:
    """Knows names for paths."""

    def __init__(self, folders: str, home: str) -> None:
        import re

        paths = [*_of_lines(folders), *_of_every_machine(home)]
        self._names = {spelling: name for path, name in reversed(paths) for spelling in _spellings(path)}
        longest_first = sorted(self._names, key=len, reverse=True)
        # All begin alike, which makes the search fast; so what may not stand before is not asked here.
        self._path = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?![\w-]|\.\w)")
        # It may be an option, as in -I/srv/project. Behind a name the path would be one within what that stands for.
        self._may_follow = re.compile(r"(?:|.*(?:[^\w.}-]|-\w))", re.DOTALL)
        self._random = [(re.compile(pattern), name) for pattern, name in _NAMED_AT_RANDOM]

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, folders: str, home: str) -> _Telling:
        return cls(folders, home)

    def told(self, text: str) -> str:
        text = self._path.sub(self._name, text)
        for folder, name in self._random:
            text = folder.sub(name, text)
        return text

    def _name(self, found: re.Match[str]) -> str:
        before = found.string[max(0, found.start() - 2) : found.start()]
        return self._names[found[0]] if self._may_follow.fullmatch(before) else found[0]


def _of_lines(folders: str) -> list[tuple[str, str]]:
    lines = [line.partition("=") for line in folders.split("\n")]
    return [(path, name) for name, _, path in lines]


def _is_this_python(path: str) -> bool:
    """Whether it leads to a Python of the folder of this one, which it may do by links or by ``..``."""
    folder, name = os.path.split(path)
    if name not in _names_of_this_python() or not os.path.isabs(folder):
        return False
    try:
        return os.path.realpath(folder) == os.path.realpath(os.path.dirname(sys.executable))
    except ValueError:
        # It has a character that no path has.
        return False


def _names_of_this_python() -> set[str]:
    if not sys.executable:
        # It is within another program.
        return set()
    suffix = ".exe" if os.name == "nt" else ""
    usual = {f"python{version}{suffix}" for version in ("", "3", f"3.{sys.version_info.minor}")}
    return {os.path.basename(sys.executable), *usual}


def _of_every_machine(home: str) -> list[tuple[str, str]]:
    folder = os.path.dirname(sys.executable or "")
    return [
        *((os.path.join(folder, name), _PYTHON) for name in sorted(_names_of_this_python())),
        (sys.prefix, "{prefix}"),
        (os.path.dirname(os.__file__), "{stdlib}"),
        (home, "{home}"),
    ]


def _spellings(path: str) -> set[str]:
    """Also as it stands in addresses and in JSON."""
    import json
    from urllib.parse import quote

    # A root would be in every path.
    if not os.path.isabs(path) or os.path.dirname(path) == path:
        return set()
    plain = {path, os.path.realpath(path)}
    return plain | {quote(one) for one in plain if os.sep == "/"} | {json.dumps(one)[1:-1] for one in plain}
