"""What the end of a log says of why its script has ended."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TAIL_BYTES = 256 * 1024
_FURTHEST_BYTES = 4 * 1024 * 1024
_MOST_LINES_OF_MESSAGE = 50
TRACEBACK = "Traceback (most recent call last):"
_GROUP = f"  + Exception Group {TRACEBACK}"
# Python writes these above the traceback of an exception for which it does not end.
_ASIDES = ("Exception ignored", "Exception in thread", "Error in atexit", "--- Logging error ---", "Call stack:")
_FRAME = re.compile(r' +File "(.+)", line (\d+)(?:, in (.+))?$')
_MARGIN_OF_GROUP = re.compile(r"^ +(?:\| ?|\+-.*|\+ )")
_TERMINAL_CODE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Frame:
    """A place in a traceback; ``function`` is None where Python could not read a file."""

    __slots__ = ("function", "line", "path")

    def __init__(self, path: str, line: str, function: str | None) -> None:
        self.path = path
        self.line = line
        self.function = function


class Raised:
    """An exception in a log: the line that names it, and where it came from, the innermost frame last."""

    __slots__ = ("frames", "text")

    def __init__(self, text: str, frames: list[Frame]) -> None:
        self.text = text
        self.frames = frames


class LastWords:
    """What the end of a log tells; all of it is None or empty without a log.

    ``exception`` is the last for which the script may have ended, ``is_last`` says that nothing follows it,
    ``may_be_last`` that what follows, if anything, may be the rest of its message, and ``line`` is the last line that
    belongs to no traceback and is not indented.
    """

    def __init__(self, log: str) -> None:
        said = _said(list(lines_at_end(log)))
        raised = [one for one in said if isinstance(one, Raised)]
        lines = [one for one in said if isinstance(one, str)]
        self.exception = raised[-1] if raised else None
        below = said[::-1].index(raised[-1]) if raised else len(said)
        self.is_last = below == 0
        self.may_be_last = below <= _MOST_LINES_OF_MESSAGE
        self.line = lines[-1].strip() if lines else ""


def exception_further_back(log: str) -> Raised | None:
    """The last exception in a log before its end, which may be nothing but the message of it."""
    # Each part has half of the next in it, so that a traceback is whole in one of them.
    for back in range(_TAIL_BYTES // 2, _FURTHEST_BYTES, _TAIL_BYTES // 2):
        text = _part(log, back, "replace")
        raised = [one for one in _said(list(_lines(text))) if isinstance(one, Raised)] if TRACEBACK in text else []
        if raised or not text:
            return raised[-1] if raised else None
    return None


def lines_at_end(log: str, errors: str = "replace") -> Iterator[str]:
    """The last lines of a log, as a terminal shows them; ``errors`` says what becomes of bytes that are no UTF-8."""
    return _lines(_part(log, 0, errors))


def _part(log: str, back: int, errors: str) -> str:
    """The text of a log that ends so many bytes before its end; none without a log, or where it is not as long."""
    try:
        with open(log, "rb") as file:
            end = os.fstat(file.fileno()).st_size - back
            start = max(0, end - _TAIL_BYTES)
            file.seek(start)
            return file.read(max(0, end - start)).decode(errors=errors)
    except FileNotFoundError:
        return ""


def _lines(text: str) -> Iterator[str]:
    for line in _TERMINAL_CODE.sub("", text).split("\n"):
        # A progress bar writes over what it has written.
        yield line.rstrip("\r").rpartition("\r")[2].rstrip()


def _said(lines: list[str]) -> list[Raised | str]:
    """Exceptions and lines that are not indented, in order, without what Python says by the way."""
    said: list[Raised | str] = []
    start = 0
    while start < len(lines):
        end = _end_of_traceback(lines, start)
        if end is None:
            if lines[start][:1].strip() and not lines[start].startswith(_ASIDES):
                said.append(lines[start])
            start += 1
            continue
        found = _raised(lines[start:end], lines[end : end + 1])
        if found is not None and not (start and lines[start - 1].startswith(_ASIDES)):
            said.append(found)
        start = end
    return said


def _end_of_traceback(lines: list[str], start: int) -> int | None:
    """Behind which line a traceback ends that begins at ``start``, None if none does."""
    if lines[start] == _GROUP:
        return _first(lines, start, lambda line: not _MARGIN_OF_GROUP.match(line))
    # Above a syntax error in the script itself there is no header, and a header may follow what a progress bar left.
    if not lines[start].endswith(TRACEBACK) and not _FRAME.match(lines[start]):
        return None
    end = _first(lines, start + 1, lambda line: line[:1].strip() != "")
    is_named = end < len(lines) and not lines[end].endswith(TRACEBACK)
    return end + 1 if is_named else end


def _first(lines: list[str], start: int, is_it: Callable[[str], bool]) -> int:
    return next((number for number in range(start, len(lines)) if is_it(lines[number])), len(lines))


def _raised(traceback: list[str], below: list[str]) -> Raised | None:
    if traceback[0] == _GROUP:
        return _group([_MARGIN_OF_GROUP.sub("", line) for line in traceback])
    name = traceback[-1]
    if not name[:1].strip() or name.endswith(TRACEBACK):
        # The log ends before it, or another process has written in between.
        return None
    if name.endswith(":"):
        # The message begins in the next line.
        name = " ".join([name, *(line.strip() for line in below)])
    matches = [_FRAME.match(line) for line in traceback]
    return Raised(name, [Frame(*match.groups()) for match in matches if match])


def _group(lines: list[str]) -> Raised | None:
    """A group as the first exception in it, if that was raised somewhere, for that is where to look."""
    raised = [one for one in _said(lines) if isinstance(one, Raised)]
    if len(raised) < 2:
        return raised[0] if raised else None
    return Raised(f"{raised[0].text}: {raised[1].text}", raised[1].frames)
