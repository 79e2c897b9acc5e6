"""Copies of databases in use, and what has to be changed in one of the record, where nothing else is at hand."""

from __future__ import annotations

import sqlite3

from localexp.errors import FullDiskError, StoreError
from localexp.store import holds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.store.database import Database

_PAGES_A_STEP = 4096


def copy(database: Database, path: str, progress: Callable[[int, int], object]) -> None:
    """Write a copy of a database as it stands now, whoever writes to it meanwhile.

    :param progress: called now and then with the number of pages that are copied, and of all.
    :raises StoreError: it cannot be written there.
    """
    with database.reading() as db:
        target = sqlite3.connect(path)
        try:
            # Within one transaction: else each commit of another process would have it begin again.
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            target.execute("PRAGMA synchronous = OFF")
            db.backup(target, pages=_PAGES_A_STEP, progress=lambda _, left, total: progress(total - left, total))
        except sqlite3.OperationalError as error:
            kind = FullDiskError if "full" in str(error) else StoreError
            raise kind(
                f"cannot copy {database.path} to {path}: {error}; free some space, or choose another place"
            ) from error
        finally:
            db.rollback()
            target.close()


def end(db: sqlite3.Connection, key: int, status: str, error: str, time: int) -> None:
    """End a run of whose processes the copy will never hear; ``error`` is JSON."""
    db.execute(
        "UPDATE _runs SET status = ?, error = ?, ended_at = ?, owner = NULL, process = NULL WHERE key = ?",
        (status, error, time, key),
    )


def let_go(db: sqlite3.Connection) -> None:
    """Forget all that is bound to the place of the original; no journal is left, so none is to be looked for."""
    for table in ("_checkouts", "_builds", "_snapshots_in_the_making"):
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE _journals SET state = 'done'")
    db.execute("UPDATE _runs SET unfolded = 0 WHERE unfolded = 1")
    holds.forget_all(db)


def count_runs(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM _runs").fetchone()[0])
