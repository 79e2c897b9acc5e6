"""Why a script has ended as it did, in words."""

from __future__ import annotations

import os

from localexp.execution import ending
from localexp.store.telling import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.ending import Outcome
    from localexp.execution.last_words import Frame
    from localexp.execution.memory import Memory

_LONGEST = 500
# With these a shell ends if it cannot run a program.
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
# With this Python ends after an exception.
_UNCAUGHT = 1
_BEFORE_SIGNAL = 128
_SIGNALS_OF_PROGRAMS = ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS")


def outcome(exit_code: int, log: str, checkout: str, source: str, memory: Memory, who: str = "the script") -> Outcome:
    """How a run ends whose script has ended with this code; a negative one is a signal.

    :param log: the path of the log, whose end names the exception.
    :param checkout: the working tree of the script; what is said of it is said of the ``source`` directory.
    :param memory: made when the script was started.
    :param who: what has ended so; of a distributed script a rank, whose log it is.
    """
    if exit_code == 0:
        return ending.completed()
    name = signal_name(-exit_code) if exit_code < 0 else _signal_of_program(exit_code)
    if name is not None:
        why = memory.why_killed() if name == "SIGKILL" else ""
        message = f"{how_it_ended(exit_code, who)}{why}"
        return ending.failed(message, exit_code, signal=name if exit_code < 0 else None)
    return _exited(exit_code, log, _Places(checkout, source), who)


def how_it_ended(exit_code: int, who: str = "the script") -> str:
    """What the code alone says."""
    if exit_code < 0:
        return f"{who} was killed by {signal_name(-exit_code)}"
    name = _signal_of_program(exit_code)
    return f"{who} exited with code {exit_code}" + (f", as a shell does after {name}" if name else "")


def left_running(count: int) -> str:
    """What to say of processes that had to be killed when their script had ended."""
    processes = "a process" if count == 1 else f"{count} processes"
    return f"{processes} that the script had left running had to be killed; have it wait for what it starts"


def signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_of_program(exit_code: int) -> str | None:
    """The signal that killed a program of a command, which a shell passes on as a code."""
    name = signal_name(exit_code - _BEFORE_SIGNAL) if exit_code > _BEFORE_SIGNAL else None
    return name if name in _SIGNALS_OF_PROGRAMS else None


def _exited(exit_code: int, log: str, places: _Places, who: str) -> Outcome:
    from localexp.execution.last_words import LastWords, exception_further_back

    words, headline = LastWords(log), how_it_ended(exit_code, who)
    raised = words.exception
    # What was caught may stand far above; a message of many lines looks the same, if not as long.
    is_told = words.may_be_last if exit_code == _UNCAUGHT else words.is_last
    if raised is None and is_told and exit_code == _UNCAUGHT:
        raised = exception_further_back(log)
    if raised is not None and is_told:
        frame = places.telling(raised.frames)
        where = "" if frame is None else f" ({places.short(frame)})"
        message = f"{headline}: {_shortened(places.of_source(raised.text))}{where}"
        return ending.failed(message, exit_code, traceback=None if frame is None else places.long(frame))
    return ending.failed(f"{headline}{_said(exit_code, _shortened(places.of_source(words.line)))}", exit_code)


def _said(exit_code: int, line: str) -> str:
    """The last line of a log, which is the reason only of what a shell could not run: a script may end with any."""
    if not line:
        return ""
    if exit_code == _NOT_FOUND:
        return f": {_not_found(line)}"
    if exit_code == _NOT_EXECUTABLE:
        return f": {line}; give a script to its interpreter, as in 'bash train.sh'"
    return f"; its last line: {line}"


def _not_found(said: str) -> str:
    """What a shell says, in plain words."""
    import re

    match = re.search(r"(?:^|: )([^:]+): (?:command not found|not found|No such file or directory)$", said)
    if match is None:
        return said
    return f"the command {match[1]} was not found; write its path, or the name of a program on PATH ({said})"


def _shortened(text: str) -> str:
    # What is cut off is not to depend on the length of paths that are told by names.
    text = told(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class _Places:
    """Says of the source directory what a script says of its checkout."""

    def __init__(self, checkout: str, source: str) -> None:
        self._checkout = checkout
        self._source = source
        self._spellings = sorted({checkout, os.path.realpath(checkout)}, key=len, reverse=True)

    def of_source(self, text: str) -> str:
        """A text with the source directory wherever it has the checkout."""
        import re

        for spelling in self._spellings:
            # Messages have paths as they are, or in quotes as a literal.
            for written in (spelling, repr(spelling)[1:-1]):
                text = re.sub(re.escape(written) + r"(?![\w-])", lambda _: self._source, text)
        return text

    def telling(self, frames: list[Frame]) -> Frame | None:
        """The innermost frame of the project itself, else the innermost in a file."""
        files = [frame for frame in reversed(frames) if not frame.path.startswith("<")]
        own = (frame for frame in files if self._inside(frame) is not None)
        return next(own, files[0] if files else None)

    def short(self, frame: Frame) -> str:
        return f"{self._inside(frame) or frame.path}, line {frame.line}"

    def long(self, frame: Frame) -> str:
        inside = self._inside(frame)
        path = frame.path if inside is None else os.path.join(self._source, inside)
        return f"{path}, line {frame.line}" + (f", in {frame.function}" if frame.function else "")

    def _inside(self, frame: Frame) -> str | None:
        """The path in the checkout of a frame of it, None if it lies elsewhere."""
        path = os.path.normpath(os.path.join(self._checkout, frame.path))
        if not os.path.isabs(frame.path) and not os.path.exists(path):
            # As of what was compiled by Cython, which is relative to where that was done.
            return None
        for spelling in self._spellings:
            if path.startswith(spelling + os.sep):
                return path[len(spelling) + 1 :]
        # A script that ran inline is known by the files of its source directory, in which there may be others too.
        inside = path[len(self._source) + 1 :] if path.startswith(self._source + os.sep) else None
        return inside if inside and os.path.exists(os.path.join(self._checkout, inside)) else None
