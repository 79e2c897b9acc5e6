"""What a line of a rule file means: the regular expression of its glob, by git's own reading of it.

Globs are bytes to git; here they are latin-1 text, where a character is a byte, because pathspec takes nothing else.
"""

from __future__ import annotations

import sys
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Marks the path of a directory. No name holds a NUL, so that no glob can swallow it as it could a slash.
DIRECTORY = "\0"

_SPECIAL = "*?[\\"
_CHARACTER = r"[^/\x00]"
_STAR = r"[^/\x00]*"
_FOLDERS = r"(?:[^\x00]*/)?"
_EVERYTHING = r"[^\x00]*"

# Without atomic groups (Python 3.10) a name of many stars against a long name is slow, not wrong.
_ATOMIC = "(?>%s)" if sys.version_info >= (3, 11) else "(?:%s)"

# At least every other piece stands for a character, and the system opens no path of more than 4096.
_TOO_MANY_PIECES = 2 * 4096 + 2


class Line:
    """What a line of a rule file means; ``core`` is the regex of its glob, empty if it can match nothing."""

    __slots__ = ("anchored", "core", "directory_only", "glob", "negated")

    def __init__(self, line: bytes) -> None:
        text = line.decode("latin-1")
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


def meant(written: bytes) -> bytes:
    """A line without its comment, what follows a NUL, and the trailing spaces that no backslash protects."""
    if written.startswith(b"#"):
        return b""
    text = written.split(b"\0", 1)[0]
    kept = text.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return text[: len(kept) + backslashes % 2]


def is_literal(glob: str) -> bool:
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
