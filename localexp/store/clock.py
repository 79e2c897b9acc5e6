"""The time, in the unit that the store keeps it in."""

from __future__ import annotations

import time
from functools import lru_cache

from localexp.store import determinism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


def now() -> int:
    """Microseconds since the epoch, to be recorded: a clock for tests may go on with each."""
    clock = determinism.current
    return real() if clock is None else clock.tick()


def shown() -> int:
    """The same for what records nothing, as a page, and is to change nothing that is recorded later."""
    clock = determinism.current
    return real() if clock is None else clock.time


def real() -> int:
    """The same of this machine's clock in any case, for what judges age, or may be compared with times of files."""
    return time.time_ns() // 1000


def iso(microseconds: int) -> str:
    """The ISO 8601 form in UTC, as Azure ML's details give times."""
    # Lists have three for each run, and `moment` would take longer.
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{_iso_of_seconds(seconds)}.{rest:06}Z"


# Values that were logged one after the other share their second with many.
@lru_cache(maxsize=16)
def _iso_of_seconds(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def moment(microseconds: int) -> datetime:
    """The time as Python has it, in UTC."""
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)
