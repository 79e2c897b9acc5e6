"""Times and durations as tables show them."""

from __future__ import annotations

from localexp.report.moments import moment_of


def local_time(time: object) -> str | None:
    """A time of the record as the clock on the wall had it, to the minute; None of None."""
    moment = moment_of(time)
    return None if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


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
