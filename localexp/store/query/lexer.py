"""The words of a filter, each with where it stands."""

from __future__ import annotations

import re

from localexp.errors import FilterSyntaxError
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.query.tree import Literal

LONGEST = 100_000
_LONGEST_NUMBER = 400
_LARGEST = 2**63
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<column> (?P<group> [^\W\d]\w* )\.
        (?: ` (?P<ticked> (?:[^`]|``)* ) ` | " (?P<quoted> (?:[^"]|"")* ) " )
        (?P<suffix> \.\w+ )? (?![\w`"]) )
  | (?P<word> [^\W\d][\w/.:-]* (?![\w/.:`"-]) )
  | (?P<number> [+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)? (?![\w.]) )
  | ' (?P<text> (?:[^']|'')* ) '
  | (?P<sign> <= | >= | != | <> | == | [=<>(),] )
  | (?P<end> \Z )
    )""",
    re.VERBOSE,
)
_A_NAME = 'metrics."val loss"'
_SAME = {"==": "=", "<>": "!="}


class Token:
    """``kind`` is column, word, number, text, sign or end; ``name`` and ``suffix`` are of a column that is quoted."""

    __slots__ = ("kind", "name", "start", "suffix", "text", "value")

    def __init__(self, kind: str, text: str, start: int, value: Literal = "") -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.value = value
        self.name = ""
        self.suffix = ""

    @property
    def lowered(self) -> str:
        """A keyword in whatever case it is written; no other kind of token is one."""
        return self.text.lower() if self.kind == "word" else ""


def tokens(text: str) -> list[Token]:
    """The tokens of a filter, the last of which is its end.

    :raises FilterSyntaxError: it holds what is none, or is too long.
    """
    if len(text) > LONGEST:
        raise FilterSyntaxError(f"this has {len(text):,} characters, and no more than {LONGEST:,} are read", text, 0)
    found, at = list[Token](), 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        found.append(_token(text, match))
        at = match.end()
    return found


def _token(text: str, match: re.Match[str]) -> Token:
    kind = match.lastgroup or "end"
    # Of nested groups the last that closes counts, which for a column is the column itself.
    start, written = match.start(kind), match[kind]
    if kind == "text":
        return Token("text", written, start - 1, readable(written.replace("''", "'")))
    if kind == "number":
        return Token("number", written, start, _number(text, written, start))
    if kind == "sign":
        return Token("sign", _SAME.get(written, written), start)
    token = Token(kind, written, start)
    if kind == "column":
        ticked, quoted = match["ticked"], match["quoted"]
        token.text = match["group"]
        token.name = readable(quoted.replace('""', '"') if ticked is None else ticked.replace("``", "`"))
        token.suffix = match["suffix"] or ""
    return token


def _number(text: str, written: str, start: int) -> int | float:
    if len(written) > _LONGEST_NUMBER:
        raise FilterSyntaxError(f"this number has {len(written):,} digits; write it as 1e9", text, start)
    try:
        whole = int(written)
        if -_LARGEST <= whole < _LARGEST:
            return whole
    except ValueError:
        # It has a point or an exponent.
        pass
    number = float(written)
    if abs(number) == float("inf"):
        raise FilterSyntaxError("this number is larger than any that is kept", text, start)
    return number


def _requoted(text: str, at: int) -> str:
    """A text that stands in double quotes there, in single ones; of one that is odd or long an example."""
    match = re.compile(r'"([^"]{0,40})"').match(text, at)
    return "'" + match[1].replace("'", "''") + "'" if match and match[1].isprintable() else "'so'"


def _unreadable(text: str, at: int) -> FilterSyntaxError:
    at += len(text[at:]) - len(text[at:].lstrip())
    character = text[at]
    if character == "'":
        reason = "this text does not end; a ' within one is written ''"
    elif character == '"':
        reason = f"a text stands in single quotes: {_requoted(text, at)}; double quotes are for names, as in {_A_NAME}"
    elif character == "`":
        reason = "a quoted name stands behind a point, as in metrics.`val loss`"
    elif character.isdigit() or character in "+-.":
        reason = "this is no number"
    elif re.match(r"[^\W\d]\w*\.[`\"]", text[at:]):
        reason = "this quoted name does not end, or is not followed by a blank or a field, as in metrics.`val loss`.min"
    elif re.match(r"[^\W\d]", character):
        reason = "behind this a blank belongs"
    else:
        reason = f"{character!r} means nothing here; names that have it are quoted, as in metrics.`val loss`"
    return FilterSyntaxError(reason, text, at)
