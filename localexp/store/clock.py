"""The time, in the unit that the store keeps it in."""

from __future__ import annotations

import time
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


def now() -> int:
    """Microseconds since the epoch."""
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
