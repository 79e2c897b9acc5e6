"""The time, in the unit that the store keeps it in."""

from __future__ import annotations

import time


def now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def iso(microseconds: int) -> str:
    """The ISO 8601 form in UTC, as Azure ML's details give times."""
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(microseconds / 1_000_000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
