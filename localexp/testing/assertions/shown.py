"""Values and tables in messages: on lines of their own, without control characters, and no longer than need be."""

from __future__ import annotations

import unicodedata

from localexp.report.printable import printable
from localexp.run.artifact import Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LONGEST, _BEFORE = 60, 20
_WIDEST_PLACE, _WIDEST_VALUE = 32, 24
_MOST_ROWS = 50
_MOST_NAMES = 5
_MOST_COMPARED = 1000


class Problem:
    """Something that is not as expected, as texts: where, what was expected there, what is there, and a remark."""

    def __init__(self, place: str, expected: str, got: str, remark: str = "") -> None:
        self.place = place
        self.expected = expected
        self.got = got
        self.remark = f"({remark})" if remark else ""

    @property
    def is_wide(self) -> bool:
        """Whether it has no place beside others in columns."""
        return len(self.place) > _WIDEST_PLACE or max(len(self.expected), len(self.got)) > _WIDEST_VALUE


def cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def name_text(name: str) -> str:
    """A name as it stands in a table."""
    return cut(printable(name))


def value_text(value: object) -> str:
    """A value in short; of many how many they are."""
    if isinstance(value, dict):
        return f"columns {names_text(value)}" if value else "no columns"
    if isinstance(value, list):
        return "1 value" if len(value) == 1 else f"{len(value):,} values"
    text = repr(value.name) if isinstance(value, Artifact) else repr(value)
    return cut(printable(text))


def names_text(names: Iterable[str], most: int = _MOST_NAMES) -> str:
    """The first of these names, and how many there are besides."""
    every = list(names)
    shown = ", ".join(cut(repr(name)) for name in every[:most])
    return f"{shown} and {len(every) - most:,} more" if len(every) > most else shown


def texts_of_two(expected: str, got: str) -> tuple[str, str, str]:
    """Two texts from shortly before where they differ, and a remark that says where that is."""
    if max(len(expected), len(got)) <= _LONGEST - 2:
        return value_text(expected), value_text(got), ""
    pairs = enumerate(zip(expected, got, strict=False))
    differs = next((at for at, (one, other) in pairs if one != other), min(len(expected), len(got)))
    start = max(0, differs - _BEFORE)
    one, other = (f"{'…' if start else ''}{value_text(text[start : start + _LONGEST])}" for text in (expected, got))
    return one, other, f"{len(expected):,} and {len(got):,} characters, which differ from [{differs}] on"


def close_names(name: str, known: Sequence[str]) -> list[str]:
    """Up to five of the names, those that are most like one; those with the same last part come first."""
    import difflib

    last = name.rstrip("/").rpartition("/")[2].lower()
    same = [one for one in known if last and one.rpartition("/")[2].lower() == last]
    like = difflib.get_close_matches(name, known[:_MOST_COMPARED], n=_MOST_NAMES, cutoff=0.6)
    return list(dict.fromkeys([*same, *like]))[:_MOST_NAMES]


def did_you_mean(close: Iterable[str]) -> str:
    names = " or ".join(cut(repr(name)) for name in close)
    return f"did you mean {names}?" if names else ""


def told(headline: str, problems: Sequence[Problem]) -> list[str]:
    """Lines for problems: a single one in the first line, where there is room for it; several in a table below."""
    if len(problems) == 1 and not problems[0].is_wide:
        one = problems[0]
        return [f"metric {one.place}: expected {one.expected}, got {one.got} {one.remark}".rstrip()]
    return [headline, *_table(problems)]


def _table(problems: Sequence[Problem]) -> list[str]:
    """A line each in columns, but below one another what would make these too wide."""
    shown = problems[:_MOST_ROWS]
    rows = [(one.place, one.expected, one.got, one.remark) for one in shown if not one.is_wide]
    head = ("metric", "expected", "got", "")
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]
    lines = [_line(head, widths)] if rows else []
    for one in shown:
        lines += _stacked(one) if one.is_wide else [_line((one.place, one.expected, one.got, one.remark), widths)]
    left_out = len(problems) - len(shown)
    return [*lines, f"  and {left_out:,} more"] if left_out else lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return ("  " + "  ".join(padded)).rstrip()


def _stacked(one: Problem) -> list[str]:
    return [f"  {one.place}  {one.remark}".rstrip(), f"    expected: {one.expected}", f"    got:      {one.got}"]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in text)
