"""Deletion of runs: which go, and the rows that go with them."""

from __future__ import annotations

from localexp.store import facts, runs
from localexp.store.many import rows_of_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


def families(db: sqlite3.Connection, keys: Sequence[int]) -> list[runs.RunRecord]:
    """Those of the runs that are there, with their children and all theirs, in the order of their keys."""
    found, rest = set(keys), list(keys)
    while rest:
        children = [row[0] for row in rows_of_many(db, "SELECT key FROM _runs WHERE parent IN ({})", rest)]
        rest = [key for key in children if key not in found]
        found.update(rest)
    return sorted(runs.of_keys(db, sorted(found)), key=lambda record: record.key)


def delete(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    """Remove the rows of runs, no child of which may be left, and what hangs on them; within a write transaction."""
    # A parent may go before its children, as long as they are gone at the end.
    db.execute("PRAGMA defer_foreign_keys = ON")
    # A tree that is still leased to one was not left clean.
    db.executemany("UPDATE _checkouts SET run = NULL, ready_at = NULL WHERE run = ?", [(key,) for key in keys])
    db.executemany("DELETE FROM _runs WHERE key = ?", [(key,) for key in keys])
    facts.forget_unused(db)


def delete_of_experiment(db: sqlite3.Connection, experiment: int) -> None:
    """Remove the rows of all runs of an experiment, and what hangs on them."""
    # A tree that is still leased to one was not left clean.
    db.execute(
        "UPDATE _checkouts SET run = NULL, ready_at = NULL WHERE run IN (SELECT key FROM _runs WHERE experiment = ?)",
        (experiment,),
    )
    db.execute("DELETE FROM _runs WHERE experiment = ?", (experiment,))
    facts.forget_unused(db)
