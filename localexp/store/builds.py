"""Virtual environments that were built for runs, or are being built.

The row of one comes before its folder, which only its owner touches until it is ready. A folder without a row is
nobody's.
"""

from __future__ import annotations

import os

from localexp.store.runs import COLUMNS_OF_RECORD, RunRecord
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.layout import Layout


class BuildRecord:
    """One row of ``builds``: ``place`` is where it was made, ``size`` how many bytes are there.

    Without ``ready_at`` its ``owner`` is at work on it.
    """

    __slots__ = ("id", "owner", "place", "ready_at", "requirements", "size", "started_at", "used_at")

    def __init__(
        self,
        identifier: str,
        place: str,
        requirements: str,
        owner: str,
        started_at: int,
        ready_at: int | None,
        used_at: int | None,
        size: int | None,
    ) -> None:
        self.id = identifier
        self.place = place
        self.requirements = requirements.split("\n") if requirements else []
        self.owner = owner
        self.started_at = started_at
        self.ready_at = ready_at
        self.used_at = used_at
        self.size = size

    def folder(self, layout: Layout) -> str:
        """Where it lies in a workspace that may have been moved or copied since it was made."""
        return layout.environment(os.path.basename(self.place))

    def is_where_it_was_made(self, layout: Layout) -> bool:
        """Whether it can be used there."""
        return self.place == readable(self.folder(layout))


_SELECT = "SELECT id, place, requirements, owner, started_at, ready_at, used_at, bytes FROM _builds"


def every(db: sqlite3.Connection) -> list[BuildRecord]:
    """All of them, in the order of their ids."""
    return [BuildRecord(*row) for row in db.execute(f"{_SELECT} ORDER BY id").fetchall()]


def find(db: sqlite3.Connection, identifier: str) -> BuildRecord | None:
    row = db.execute(f"{_SELECT} WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else BuildRecord(*row)


def begin(db: sqlite3.Connection, identifier: str, place: str, requirements: list[str], owner: str, time: int) -> bool:
    """Make a process the one that builds it; False if another is at that, or has done it."""
    added = db.execute(
        "INSERT INTO _builds (id, place, requirements, owner, started_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (identifier, readable(place), readable("\n".join(requirements)), owner, time),
    )
    return added.rowcount == 1


def set_ready(db: sqlite3.Connection, identifier: str, place: str, size: int, time: int) -> bool:
    """Have it be used; False if it was removed meanwhile."""
    changed = db.execute(
        "UPDATE _builds SET ready_at = ?1, used_at = ?1, bytes = ?2 WHERE id = ?3 AND place = ?4",
        (time, size, identifier, readable(place)),
    )
    return changed.rowcount == 1


def use(db: sqlite3.Connection, build: BuildRecord, time: int) -> bool:
    """Note that a run uses it; False if it was removed meanwhile."""
    changed = db.execute("UPDATE _builds SET used_at = ? WHERE id = ? AND place = ?", (time, build.id, build.place))
    return changed.rowcount == 1


def remove(db: sqlite3.Connection, build: BuildRecord) -> bool:
    """Forget it; False if it is not as it was any more."""
    removed = db.execute(
        "DELETE FROM _builds WHERE id = ? AND place = ? AND owner = ? AND ready_at IS ?",
        (build.id, build.place, build.owner, build.ready_at),
    )
    return removed.rowcount == 1


def runs_that_want_one(db: sqlite3.Connection) -> list[RunRecord]:
    """Runs that have not ended and are run by a build, or wait for it."""
    rows = db.execute(
        f"SELECT {COLUMNS_OF_RECORD} FROM _runs JOIN _experiments ON _experiments.key = _runs.experiment "
        "WHERE ended_at IS NULL AND definition IS NOT NULL"
    )
    return [record for record in map(RunRecord, rows.fetchall()) if wanted_by(record) is not None]


def wanted_by_any(db: sqlite3.Connection) -> set[str]:
    """The ids of the builds that run some run, ran it, or are to."""
    rows = db.execute(
        f"SELECT {COLUMNS_OF_RECORD} FROM _runs JOIN _experiments ON _experiments.key = _runs.experiment "
        "WHERE definition LIKE '%\"build\": {%'"
    )
    return {build for build in (wanted_by(RunRecord(row)) for row in rows) if build is not None}


def wanted_by(record: RunRecord) -> str | None:
    """The id of the build that runs a run."""
    build = record.definition_parts().get("build")
    return str(build["id"]) if isinstance(build, dict) else None
