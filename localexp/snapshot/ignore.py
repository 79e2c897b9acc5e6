"""Which entries of a source directory stay out of its snapshot, by the rules that git itself follows.

A directory's rule file is its ``.amlignore``, otherwise its ``.gitignore``. Names and globs are bytes, as to git;
inside they are latin-1 text, where a character is a byte, because pathspec takes nothing else.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from functools import lru_cache
from itertools import islice

from localexp.store.layout import STORE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Pattern
    from typing import TypeAlias

    from pathspec import PathSpec
    from pathspec.pattern import RegexPattern

    # The rules of one file, the way from its directory to the present one, the path of the file.
    _Layer: TypeAlias = "tuple[_Ruleset, str, bytes]"

_AMLIGNORE = b".amlignore"
_GITIGNORE = b".gitignore"
_NEVER_ENTER = frozenset([b".git", os.fsencode(STORE_FOLDER), b"__pycache__"])


class Rule:
    """The line of a rule file that decides about an entry; ``include`` means that it takes it back in (``!``)."""

    __slots__ = ("file", "include", "line", "pattern")

    def __init__(self, file: bytes, line: int, pattern: bytes, include: bool) -> None:
        self.file = file
        self.line = line
        self.pattern = pattern
        self.include = include

    def __repr__(self) -> str:
        return f"Rule({self.file!r}, line={self.line}, pattern={self.pattern!r}, include={self.include})"


class IgnoreRules:
    """The rules in force inside one directory; made for the source directory and narrowed on the way down."""

    __slots__ = ("_folder", "_layers", "_reads_gitignore")

    def __init__(self, folder: bytes, layers: tuple[_Layer, ...], reads_gitignore: bool) -> None:
        self._folder = folder
        self._layers = layers
        self._reads_gitignore = reads_gitignore

    @classmethod
    def at_root(cls, directory: bytes) -> IgnoreRules:
        """The rules inside the source directory, whose absolute path is ``directory``."""
        return cls(b"", (), True)._with_file_of(directory)

    def enter(self, name: bytes, directory: bytes) -> IgnoreRules:
        """The rules inside the child directory ``name``, whose absolute path is ``directory``."""
        layers = self._layers
        if layers:
            step = name.decode("latin-1") + "/"
            layers = tuple([(ruleset, way + step, file) for ruleset, way, file in layers])
        return IgnoreRules(b"%s%s/" % (self._folder, name), layers, self._reads_gitignore)._with_file_of(directory)

    def excludes(self, name: bytes, is_directory: bool) -> bool:
        """Whether an entry of the present directory is left out; a link to a directory is no directory."""
        if name in _NEVER_ENTER and (is_directory or name == b".git"):
            return True
        if not self._layers:
            return False
        rule = self.decide(name, is_directory)
        return rule is not None and not rule.include

    def decide(self, name: bytes, is_directory: bool) -> Rule | None:
        """The rule that ignores an entry of the present directory or takes it back in, if there is one."""
        text = name.decode("latin-1")
        for ruleset, way, file in self._layers:
            rule = ruleset.decide(file, way, text, is_directory)
            if rule is not None:
                return rule
        return None

    def _with_file_of(self, directory: bytes) -> IgnoreRules:
        name = _AMLIGNORE
        data = _rule_file(directory, name)
        if data is not None:
            self._reads_gitignore = False
        elif self._reads_gitignore:
            name = _GITIGNORE
            data = _rule_file(directory, name)
        if data:
            ruleset = _ruleset(data)
            if ruleset.can_match:
                self._layers = ((ruleset, "", self._folder + name), *self._layers)
        return self


def is_virtual_environment(directory: bytes) -> bool:
    """Whether a directory is a Python virtual environment, which never enters a snapshot."""
    return os.path.isfile(directory + b"/pyvenv.cfg")


def _rule_file(directory: bytes, name: bytes) -> bytes | None:
    path = b"%s/%s" % (directory, name)
    # Most directories have none, and this says so in half the time of an open that fails.
    if not os.access(path, os.F_OK):
        return None
    try:
        # Not blocking, or a FIFO of that name would hold the scan for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            _warn_of_link(path)
        elif error.errno != errno.ENXIO:
            raise
        return None
    try:
        return _content(descriptor)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()


def _warn_of_link(path: bytes) -> None:
    import warnings

    warnings.warn(f"{os.fsdecode(path)} is a link: as in git, no ignore rules are read from it", stacklevel=2)


@lru_cache(maxsize=256)
def _ruleset(data: bytes) -> _Ruleset:
    return _Ruleset(data)


class _Ruleset:
    """The lines of a rule file. Equal files share one, and a later snapshot finds it compiled."""

    __slots__ = ("_endings", "_lines", "_name_regex", "_names", "_path_regex", "_paths", "_spec", "can_match")

    def __init__(self, data: bytes) -> None:
        self._lines = [line.removesuffix(b"\r") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
        lines = [line for line in map(_Line, self._lines) if line.core]
        in_paths, in_names = _split(lines, lambda line: line.anchored)
        literal_paths, other_paths = _split(in_paths, lambda line: _is_literal(line.glob))
        literal_names, others = _split(in_names, lambda line: _is_literal(line.glob))
        endings, other_names = _split(others, lambda line: line.glob[0] == "*" and _is_literal(line.glob[1:]))
        self._paths = frozenset(line.glob for line in literal_paths)
        self._path_regex = _any_of(other_paths)
        self._names = frozenset(line.glob for line in literal_names)
        self._endings = tuple({line.glob[1:] for line in endings})
        self._name_regex = _any_of(other_names)
        self._spec: PathSpec[RegexPattern] | None = None
        self.can_match = bool(lines)

    def decide(self, file: bytes, way: str, name: str, is_directory: bool) -> Rule | None:
        if not self._may_match(way, name):
            return None
        path = f"{way}{name}{_DIRECTORY}" if is_directory else way + name
        result = self._compiled().check_file(path, ())
        if result.index is None:
            return None
        return Rule(file, result.index + 1, self._lines[result.index], not result.include)

    def _may_match(self, way: str, name: str) -> bool:
        """Says no to most names, which no line matches, in a twentieth of the time that asking every line takes."""
        return (
            name in self._names
            or name.endswith(self._endings)
            or (self._name_regex is not None and self._name_regex.match(name) is not None)
            or (bool(self._paths) and way + name in self._paths)
            or (self._path_regex is not None and self._path_regex.match(way + name) is not None)
        )

    def _compiled(self) -> PathSpec[RegexPattern]:
        if self._spec is None:
            from pathspec import PathSpec

            git_pattern = _git_pattern_class()
            self._spec = PathSpec([git_pattern(line) for line in self._lines], backend="simple")
        return self._spec


@lru_cache(maxsize=1)
def _git_pattern_class() -> Callable[[bytes], RegexPattern]:
    from pathspec.pattern import RegexPattern

    class GitPattern(RegexPattern):
        """A line of a rule file, understood as git understands it."""

        @classmethod
        def pattern_to_regex(cls, pattern: bytes) -> tuple[str | None, bool | None]:  # type: ignore[override]
            line = _Line(pattern)
            return (line.regex(), not line.negated) if line.core else (None, None)

    return GitPattern


def _split(lines: list[_Line], belongs: Callable[[_Line], bool]) -> tuple[list[_Line], list[_Line]]:
    return [line for line in lines if belongs(line)], [line for line in lines if not belongs(line)]


def _any_of(lines: list[_Line]) -> Pattern[str] | None:
    import re

    return re.compile(rf"(?:{'|'.join(line.core for line in lines)})\Z") if lines else None


# Marks the path of a directory. No name holds a NUL, so that no glob can swallow it as it could a slash.
_DIRECTORY = "\0"

_SPECIAL = "*?[\\"
_CHARACTER = r"[^/\x00]"
_STAR = r"[^/\x00]*"
_FOLDERS = r"(?:[^\x00]*/)?"
_EVERYTHING = r"[^\x00]*"

# Without atomic groups (Python 3.10) a name of many stars against a long name is slow, not wrong.
_ATOMIC = "(?>%s)" if sys.version_info >= (3, 11) else "(?:%s)"

# At least every other piece stands for a character, and the system opens no path of more than 4096.
_TOO_MANY_PIECES = 2 * 4096 + 2


class _Line:
    """What a line of a rule file means; ``core`` is the regex of its glob, empty if it can match nothing."""

    __slots__ = ("anchored", "core", "directory_only", "glob", "negated")

    def __init__(self, written: bytes) -> None:
        text = _meant(written).decode("latin-1")
        self.negated = text.startswith("!")
        text = text.removeprefix("!")
        self.directory_only = text.endswith("/")
        text = text.removesuffix("/")
        self.anchored = "/" in text
        self.glob = text.removeprefix("/")
        self.core = _core(self.glob, self.anchored)

    def regex(self) -> str:
        folders = "" if self.anchored else _FOLDERS
        mark = r"\x00" if self.directory_only else r"\x00?"
        return rf"\A{folders}{self.core}{mark}\Z"


def _meant(written: bytes) -> bytes:
    """A line without its comment, what follows a NUL, and the trailing spaces that no backslash protects."""
    if written.startswith(b"#"):
        return b""
    text = written.split(b"\0", 1)[0]
    kept = text.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return text[: len(kept) + backslashes % 2]


def _is_literal(glob: str) -> bool:
    return _literal_length(glob) == len(glob)


def _literal_length(glob: str) -> int:
    return next((at for at, character in enumerate(glob) if character in _SPECIAL), len(glob))


def _core(glob: str, anchored: bool) -> str:
    """The regex of a glob, empty if it can match nothing."""
    # git compares the literal start of an anchored glob by itself, so that what comes next is at a start again:
    # the stars of `a**/b` cross slashes.
    start = _literal_length(glob) if anchored else 0
    try:
        pieces = list(islice(_pieces(glob, start), _TOO_MANY_PIECES))
    except LookupError:
        # A bracket is not closed, a class has an unknown name, or the last backslash protects nothing.
        return ""
    return _joined(pieces) if len(pieces) < _TOO_MANY_PIECES else ""


def _joined(pieces: list[str]) -> str:
    """A star before another takes the least it can, for good: it need not try more, which could take for ever."""
    regex = after_star = star = ""
    for piece in pieces:
        if piece == _STAR:
            regex += _ATOMIC % f"{star}?{after_star}" if star else after_star
            star, after_star = _STAR, ""
        elif piece in (_FOLDERS, _EVERYTHING):
            regex += star + after_star + piece
            star = after_star = ""
        else:
            after_star += piece
    return regex + star + after_star


def _pieces(glob: str, start: int) -> Iterator[str]:
    import re

    at = 0
    piece = ""
    while at < len(glob):
        before = piece
        if glob[at] == "*":
            piece, at = _stars(glob, at, start)
        elif glob[at] == "?":
            piece, at = _CHARACTER, at + 1
        elif glob[at] == "[":
            piece, at = _bracket(glob, at + 1)
        else:
            character, at = _character(glob, at)
            piece = re.escape(chr(character))
        if not before == piece == _FOLDERS:
            yield piece


def _stars(glob: str, at: int, start: int) -> tuple[str, int]:
    end = at
    while glob.startswith("*", end):
        end += 1
    opens = at == start or glob[at - 1] == "/"
    closes = end == len(glob) or glob.startswith(("/", "\\/"), end)
    if end - at == 1 or not opens or not closes:
        return _STAR, end
    return (_FOLDERS, end + 1) if glob.startswith("/", end) else (_EVERYTHING, end)


def _character(glob: str, at: int) -> tuple[int, int]:
    at += glob[at] == "\\"
    return ord(glob[at]), at + 1


def _bracket(glob: str, at: int) -> tuple[str, int]:
    negated = glob[at] in "!^"
    at += negated
    members: set[int] = set()
    low = 0
    first = at
    while at == first or glob[at] != "]":
        if (name := _class_name(glob, at)) is not None:
            members |= _CLASSES[name]
            low, at = 0, at + len(name) + len("[::]")
        elif glob[at] == "-" and low and glob[at + 1] != "]":
            high, at = _character(glob, at + 1)
            members.update(range(low, high + 1))
            low = 0
        else:
            low, at = _character(glob, at)
            members.add(low)
    return _one_of(members, negated), at + 1


def _class_name(glob: str, at: int) -> str | None:
    if not glob.startswith("[:", at):
        return None
    name = glob[at + 2 : glob.find("]", at + 2)]
    return name[:-1] if name.endswith(":") else None


def _one_of(members: set[int], negated: bool) -> str:
    members = members | {ord("/"), 0} if negated else members - {ord("/")}
    listed = "".join(rf"\x{member:02x}" for member in sorted(members))
    return f"[{'^' * negated}{listed}]" if members else "(?!)"


_DIGITS = frozenset(b"0123456789")
_LOWER = frozenset(range(ord("a"), ord("z") + 1))
_UPPER = frozenset(range(ord("A"), ord("Z") + 1))
_ALNUM = _DIGITS | _LOWER | _UPPER
_GRAPH = frozenset(range(0x21, 0x7F))

# To git, unlike to C, a vertical tab and a form feed are no space.
_CLASSES = {
    "alnum": _ALNUM,
    "alpha": _LOWER | _UPPER,
    "blank": frozenset(b" \t"),
    "cntrl": frozenset([*range(0x20), 0x7F]),
    "digit": _DIGITS,
    "graph": _GRAPH,
    "lower": _LOWER,
    "print": _GRAPH | {0x20},
    "punct": _GRAPH - _ALNUM,
    "space": frozenset(b" \t\n\r"),
    "upper": _UPPER,
    "xdigit": _DIGITS | frozenset(b"abcdefABCDEF"),
}
