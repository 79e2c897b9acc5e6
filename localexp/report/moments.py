"""Times and durations of what is known of runs."""

from __future__ import annotations

from datetime import datetime

from localexp.store import clock


def moment_of(time: object) -> datetime | None:
    """The moment that a text of the record names; None of None."""
    return None if time is None else datetime.fromisoformat(str(time).replace("Z", "+00:00"))


def duration(started: object, ended: object) -> float | None:
    """The seconds between two times, to now if there is no end yet; None if it has not begun."""
    begin = moment_of(started)
    if begin is None:
        return None
    return max(0.0, ((moment_of(ended) or clock.moment(clock.shown())) - begin).total_seconds())
