"""What changed from one run to another."""

from __future__ import annotations

import math

from localexp.execution import comparing
from localexp.metrics import comparison
from localexp.snapshot.diff import SnapshotDiff
from localexp.store.values import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.comparing import Row
    from localexp.metrics.comparison import Sides
    from localexp.store.points import Summary
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

SECTIONS = ("source", *(name for name in comparing.SECTIONS if name not in ("snapshot", "ranges")))
# These are never the same, or follow from others.
_OF_EACH_RUN = ("created", "seconds", "exit code", "parent", "rerun of")


class Changes:
    """What is another in one run than in another: ``rows`` with two values each, ``metrics``, and the ``source``, which
    is None where snapshots are missing; ``note`` says which then. ``commits`` are how many commits only the one has
    behind it, and how many only the other, None if that cannot be told.
    """

    commits: tuple[int, int] | None = None

    def __init__(self, rows: list[Row], metrics: list[Sides], source: SnapshotDiff | None, note: str | None) -> None:
        self.rows = rows
        self.metrics = metrics
        self.source = source
        self.note = note

    def of_section(self, section: str) -> list[Row]:
        return [row for row in self.rows if row.section == section]


def changes(store: Store, old: RunRecord, new: RunRecord) -> Changes:
    """What changed from one run to another.

    :raises SnapshotException: what is stored of a snapshot is damaged.
    """
    rows = [row for row in comparing.compared(store, [old, new]) if row.differs and row.section in SECTIONS]
    others = [row for row in rows if row.section != "metrics" and not _is_of_each_run(row)]
    with store.main.reading() as db:
        metrics = comparison.sides(db, old.key, new.key)
    found = Changes(others, metrics, *_source(store, old, new))
    found.commits = _commits(found, new)
    return found


def _source(store: Store, old: RunRecord, new: RunRecord) -> tuple[SnapshotDiff | None, str | None]:
    if old.snapshot is None or new.snapshot is None:
        return None, " and ".join(_lack(one) for one in (old, new) if one.snapshot is None)
    return SnapshotDiff._between(store, old.snapshot, store, new.snapshot), None


def _commits(changes: Changes, new: RunRecord) -> tuple[int, int] | None:
    from localexp.execution.facts.git import commits_between

    source = new.definition_parts().get("sourceDirectory")
    commits = next((row.values for row in changes.of_section("git") if row.name == "commit"), [])
    if not isinstance(source, str) or len(commits) != 2 or not all(isinstance(one, str) for one in commits):
        return None
    return commits_between(source, *map(str, commits))


def _is_of_each_run(row: Row) -> bool:
    return row.section == "run" and row.name in _OF_EACH_RUN


def _lack(record: RunRecord) -> str:
    """Why a run has no snapshot."""
    if record.keeps_snapshot:
        return f"run {record.id} has no snapshot"
    return f"run {record.id} has kept no snapshot, as history.snapshot_project was False"


def last(summary: Summary | None) -> object:
    """The last value of a metric, None if it was not logged."""
    return None if summary is None else comparing.plain(summary.last)


def delta(sides: Sides) -> float | None:
    """By how much the last value of a metric is more; None if that is no finite number."""
    then, now = last(sides.then), last(sides.now)
    if not is_number(then) or not is_number(now):
        return None
    try:
        found = now - then
        return found if math.isfinite(found) else None
    except OverflowError:
        # An integer beyond what floats reach, beside a float.
        return None
