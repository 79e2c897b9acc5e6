"""Times and durations as tables show them."""

from __future__ import annotations

from datetime import datetime, timezone


def moment_of(time: object) -> datetime | None:
    """The moment that a text of the record names; None of None."""
    return None if time is None else datetime.fromisoformat(str(time).replace("Z", "+00:00"))


def local_time(time: object) -> str | None:
    """A time of the record as the clock on the wall had it, to the minute; None of None."""
    moment = moment_of(time)
    return None if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def duration(started: object, ended: object) -> float | None:
    """The seconds between two times, to now if there is no end yet; None if it has not begun."""
    begin = moment_of(started)
    if begin is None:
        return None
    return max(0.0, ((moment_of(ended) or datetime.now(timezone.utc)) - begin).total_seconds())


def duration_text(seconds: float | None) -> str | None:
    """A duration with two units at most: ``0.3s``, ``12s``, ``3m 05s``, ``2h 07m``, ``4d 03h``."""
    if seconds is None:
        return None
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for size, unit, below, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // below:02}{part}"
    return f"{whole}s"
