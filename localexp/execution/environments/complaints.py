"""What a tool that could not build an environment says itself, of all that it has printed."""

from __future__ import annotations

import re
from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 2**18
_MOST, _LONGEST = 3, 400
_FULL = "No space left on device"
_PROBLEM = re.compile(r"\s*(?:ERROR:|error:|cause:|Caused by:|\u00d7|[╰├]─▶) (.+)")
# What says no more than that there was an error, or where to read about it.
_EMPTY = ("ResolutionImpossible", "subprocess-exited-with-error")
_CONTINUED = " " * 6
_BROKEN = re.compile(r"WARNING: Retrying .* after connection broken by (.*)")
_OBJECT = re.compile(r"<[^<>]*>:? ?")
_CONFLICT, _END_OF_OUTPUT = "The conflict is caused by:", "[end of output]"


def reason(log: str, exit_code: int) -> str:
    """The essence of a log: what it says that went wrong, in three parts at most."""
    with open(log, "rb") as file:
        file.seek(max(0, file.seek(0, 2) - _MOST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    if any(_FULL in line for line in lines):
        return f"the disk is full ({_FULL}); free some space and submit it again"
    said = list(dict.fromkeys([*_connections(lines), *_problems(lines), *_conflicts(lines), *_ends_of_output(lines)]))
    if len(said) > _MOST:
        # Of causes of causes the last is the deepest.
        said = [*said[: _MOST - 1], said[-1]]
    return "; ".join(map(_shortened, said)) or f"{_last(lines)} (exit code {exit_code})"


def _problems(lines: list[str]) -> Iterator[str]:
    """What is marked as an error or its cause, with the lines into which uv has broken it."""
    text = ""
    for line in [*lines, ""]:
        problem = _PROBLEM.match(line)
        if text and not problem and line.startswith(_CONTINUED):
            text += f" {line.strip()}"
            continue
        if text and not text.startswith(_EMPTY):
            yield text
        text = problem[1] if problem else ""


def _conflicts(lines: list[str]) -> Iterator[str]:
    """What pip lists as the requirements that do not go together."""
    if _CONFLICT in lines:
        for line in lines[lines.index(_CONFLICT) + 1 :]:
            if not line.strip():
                return
            yield line.strip()


def _ends_of_output(lines: list[str]) -> Iterator[str]:
    """The last line of what a failed step of a package's own build has printed."""
    for line, following in pairwise(lines):
        if _END_OF_OUTPUT in following:
            yield line.strip()


def _connections(lines: list[str]) -> Iterator[str]:
    """Why there was none in the end; pip then says only that nothing was found."""
    broken = [match[1] for match in map(_BROKEN.match, lines) if match]
    if broken:
        yield f"connection broken by {_OBJECT.sub('', broken[-1])}"


def _last(lines: list[str]) -> str:
    return _shortened(next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing"))


def _shortened(text: str) -> str:
    return text.rstrip(".:") if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
