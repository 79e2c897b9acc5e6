"""The time, in the unit that the store keeps it in."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def iso(microseconds: int) -> str:
    """The ISO 8601 form in UTC, as Azure ML's details give times."""
    return moment(microseconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(microseconds: int) -> datetime:
    """The time as Python has it, in UTC."""
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds)
