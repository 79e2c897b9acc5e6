"""The last lines of what the script of a run has printed."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout

_BYTES, _LONGEST_LINE = 2**14, 300
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def last_lines(layout: RunLayout, most: int) -> list[str]:
    """As a terminal would show them: without colours, and of a line that was written over and over its last state.

    Of several ranks the first is read, and what has become of all.
    """
    found = [line for path in (layout.rank_log(0), layout.log) for line in lines_of(path)]
    return found[-most:]


def lines_of(path: str) -> list[str]:
    """The last lines of one log, likewise; none if it is not there."""
    try:
        with open(path, "rb") as file:
            begin = max(0, os.fstat(file.fileno()).st_size - _BYTES)
            file.seek(begin)
            text = file.read(_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return []
    lines = text.removesuffix("\n").split("\n") if text else []
    # The first line may have lost its beginning, unless it is all that there is.
    return [_plain(line) for line in (lines[1:] or lines if begin else lines)]


def last_state(line: str) -> str:
    """What a line of a log shows in the end, without colours: of a progress bar how it was last."""
    return _COLOURS.sub("", line).rstrip("\r").rpartition("\r")[2]


def _plain(line: str) -> str:
    plain = _CONTROLS.sub("", last_state(line))
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[:_LONGEST_LINE]}…"
