"""Submitted runs that wait for their turn, and those that take up a place meanwhile."""

from __future__ import annotations

from localexp.store import settings
from localexp.store.runs import COLUMNS_OF_RECORD, RunRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_ACTIVE = (
    f"SELECT {COLUMNS_OF_RECORD} FROM _runs JOIN _experiments ON _experiments.key = _runs.experiment "
    "WHERE ended_at IS NULL"
)


def waiting(db: sqlite3.Connection) -> Iterator[RunRecord]:
    """The runs that wait, the one that does for the longest time first."""
    for row in db.execute(f"{_ACTIVE} AND owner IS NULL AND status = 'Queued' ORDER BY _runs.key"):
        yield RunRecord(row)


def at_work(db: sqlite3.Connection) -> list[RunRecord]:
    """The submitted runs that take up a place.

    One that has submitted others which have yet to end does not: it may well be waiting for them.
    """
    rows = db.execute(
        f"{_ACTIVE} AND owner IS NOT NULL AND type IS NOT NULL "
        "AND _runs.key NOT IN (SELECT submitter FROM _runs WHERE ended_at IS NULL AND submitter IS NOT NULL) "
        "ORDER BY _runs.key"
    )
    return [RunRecord(row) for row in rows.fetchall()]


def has_room(db: sqlite3.Connection) -> bool:
    """Whether one more run may be at work."""
    return len(at_work(db)) < settings.number(db, settings.CONCURRENT_RUNS)
