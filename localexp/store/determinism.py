"""The switch for tests: what is recorded and shown is the same whenever and wherever it is."""

from __future__ import annotations

import itertools
import os

from localexp.errors import UserErrorException

VARIABLE = "LOCALEXP_DETERMINISTIC"
FOLDERS = "LOCALEXP_DETERMINISTIC_FOLDERS"
FROZEN, STEPPING = "frozen", "stepping"
START = "2026-01-01T00:00:00Z"
WORKSPACE_ID = "00000000-0000-4000-8000-000000000000"
_SECOND = 1_000_000
_LONGEST_STEP = 366 * 86_400 * _SECOND
# The first moment of the year 9999: what has dates, in whatever time zone, ends with that. A minute before it clocks
# stand still, for what is started then, as ranks, may begin a little later.
_END = 253_370_764_800 * _SECOND
_LAST = _END - 60 * _SECOND


class Clock:
    """A clock that says ``start``, and with each time that is recorded ``step`` more; both in microseconds.

    It stands still at the end of the year 9998.
    """

    def __init__(self, start: int, step: int) -> None:
        self.time = start
        self._last = max(start, _LAST)
        self._begun = start, step
        self._times = itertools.count(start, step)
        self._numbers = itertools.count(1)

    def anew(self) -> Clock:
        """A clock that begins as this one did."""
        return Clock(*self._begun)

    def tick(self) -> int:
        """A time that is recorded; ``time`` stays at the last."""
        self.time = min(next(self._times), self._last)
        return self.time

    def uuid(self) -> str:
        """The next id of what is not recorded."""
        return f"{WORKSPACE_ID[:24]}{next(self._numbers):012x}"

    def freeze(self) -> None:
        self._times = itertools.count(self.time, 0)


def clock_of(name: object, start: object = START, step: object = None) -> Clock:
    """The clock that is asked for; see ``localexp.testing.deterministic``.

    :raises UserErrorException: there is none of this name, ``start`` is no time with a zone, or ``step`` no duration.
    """
    if name not in (FROZEN, STEPPING):
        raise UserErrorException(f"there is no clock {name!r}; write 'frozen', or 'stepping'")
    if name == FROZEN and step is not None:
        raise UserErrorException(f"a frozen clock has no step, which is {step!r}: leave it out, or write 'stepping'")
    return Clock(_microseconds(start), 0 if name == FROZEN else _SECOND if step is None else _step(step))


def clock_of_text(text: str, where: str) -> Clock:
    """The clock that a text asks for: its name, then maybe its start, and its step in seconds.

    :raises UserErrorException: it is no such text; ``where`` says whose it is.
    """
    name, *rest = text.split() or [""]
    start, *steps = rest or [START]
    try:
        if len(steps) > 1:
            raise UserErrorException("that is more than a name, a start and a step")
        return clock_of(name, start, *map(_number, steps))
    except UserErrorException as error:
        raise UserErrorException(
            f"{where} is {text!r}: {error}; as in 'frozen', 'stepping' or 'stepping {START} 0.5'"
        ) from None


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        # ``_step`` says that it is none.
        return text


def _microseconds(start: object) -> int:
    from datetime import datetime, timedelta, timezone

    try:
        moment = datetime.fromisoformat(start.replace("Z", "+00:00")) if isinstance(start, str) else start
    except ValueError:
        moment = None
    if not isinstance(moment, datetime):
        raise UserErrorException(f"start is a datetime, or a text as {START!r}, not {start!r}")
    if moment.tzinfo is None:
        raise UserErrorException(f"start is {start!r}, of no time zone; give it one, as the Z of {START!r}")
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    if not timedelta(0) <= since < timedelta(microseconds=_END):
        raise UserErrorException(f"start is {start!r}; clocks begin in the years 1970 to 9998")
    return since // timedelta(microseconds=1)


def _step(step: object) -> int:
    from datetime import timedelta

    found = 0
    if isinstance(step, timedelta):
        found = step // timedelta(microseconds=1)
    elif isinstance(step, (int, float)) and not isinstance(step, bool) and 0 < step * _SECOND <= _LONGEST_STEP:
        found = round(step * _SECOND)
    if not 0 < found <= _LONGEST_STEP:
        raise UserErrorException(
            f"step is a number of seconds, or a timedelta, from a microsecond to a year, and not {step!r}"
        )
    return found


def inherited(time: int) -> dict[str, str]:
    """The variables of a process that is to be deterministic if this one is, and frozen at a time."""
    return {} if current is None else variables(time, folders)


def inheriting(environment: dict[str, str], time: int) -> dict[str, str]:
    """An environment of which a process is deterministic, and then frozen at a time, just if this one is."""
    # A variable that was set since this process began says nothing of it, and may be wrong.
    kept = {name: value for name, value in environment.items() if name not in (VARIABLE, FOLDERS)}
    return {**kept, **inherited(time)}


def variables(time: int, folders: str) -> dict[str, str]:
    """Those of a process that is to be deterministic and frozen at a time."""
    from localexp.store.clock import iso

    return {VARIABLE: f"{FROZEN} {iso(time)}", FOLDERS: folders}


_said = os.environ.get(VARIABLE)
current: Clock | None = clock_of_text(_said, f"the environment variable {VARIABLE}") if _said else None
"""The clock of this process, None for that of the machine."""
folders = os.environ.get(FOLDERS, "")
"""Lines of a name, an equals sign, and the path that is told by it; of two for one path the first counts."""


def _freeze_in_child() -> None:
    """What a forked child records is of the time of the fork: two that went on by steps would say the same times."""
    if current is not None:
        current.freeze()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_freeze_in_child)
