"""Rows of runs, made as fast as SQLite takes them."""

from __future__ import annotations

from localexp.store import runs, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


def add_run(
    db: sqlite3.Connection,
    experiment: int,
    identifier: str,
    *,
    parent: int | None = None,
    type: str | None = None,
    status: str = "Completed",
    said: Mapping[str, str | None] | None = None,
    properties: Mapping[str, str | None] | None = None,
) -> int:
    """Add a run of which everything is known, and return its key."""
    key = runs.create(
        db,
        identifier=identifier,
        experiment=experiment,
        parent=parent,
        type=type,
        status=status,
        owner=None,
        created_at=1,
    )
    db.execute("UPDATE _runs SET ended_at = 1, unfolded = 0 WHERE key = ?", (key,))
    for name, value in (said or {}).items():
        tags.put(db, key, name, value, (1, 0, 0))
    for name, value in (properties or {}).items():
        tags.add_property(db, key, name, value, (1, 0, 0))
    return key
