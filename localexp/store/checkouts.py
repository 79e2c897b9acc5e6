"""Which working trees there are, and to which run each is leased."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


class CheckoutRecord:
    """One row of ``checkouts``; ``ready_at`` is when its files stood complete."""

    __slots__ = ("folder", "key", "owner", "ready_at", "run", "snapshot", "source")

    def __init__(
        self,
        key: int,
        folder: str,
        run: int | None,
        owner: str,
        source: str,
        snapshot: str,
        ready_at: int | None,
    ) -> None:
        self.key = key
        self.folder = folder
        self.run = run
        self.owner = owner
        self.source = source
        self.snapshot = snapshot
        self.ready_at = ready_at


_SELECT = "SELECT key, folder, run, owner, source, snapshot, ready_at FROM checkouts"


def add(db: sqlite3.Connection, folder: str, run: int, owner: str, source: str, snapshot: str, time: int) -> int:
    cursor = db.execute(
        "INSERT INTO checkouts (folder, run, owner, source, snapshot, leased_at) VALUES (?, ?, ?, ?, ?, ?)",
        (folder, run, owner, readable(source), snapshot, time),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_ready(db: sqlite3.Connection, key: int, time: int) -> None:
    db.execute("UPDATE checkouts SET ready_at = ? WHERE key = ?", (time, key))


def of_run(db: sqlite3.Connection, run: int) -> CheckoutRecord | None:
    """The tree that is leased to a run."""
    row = db.execute(f"{_SELECT} WHERE run = ?", (run,)).fetchone()
    return None if row is None else CheckoutRecord(*row)


def of_ended_runs(db: sqlite3.Connection) -> list[CheckoutRecord]:
    """Trees that nothing needs any more: whoever held them died before removing them."""
    rows = db.execute(
        f"{_SELECT} WHERE run IS NULL OR run IN "
        "(SELECT key FROM runs WHERE status IN ('Completed', 'Failed', 'Canceled'))"
    )
    return [CheckoutRecord(*row) for row in rows.fetchall()]


def claim(db: sqlite3.Connection, key: int, owner: str, new_owner: str) -> bool:
    """Make another process the one that answers for a tree; False if it is no longer this owner's."""
    changed = db.execute("UPDATE checkouts SET owner = ? WHERE key = ? AND owner = ?", (new_owner, key, owner))
    return changed.rowcount == 1


def hand_over(db: sqlite3.Connection, run: int, new_owner: str) -> None:
    """Make whoever takes a run over the one that answers for its tree too."""
    db.execute("UPDATE checkouts SET owner = ? WHERE run = ?", (new_owner, run))


def remove(db: sqlite3.Connection, key: int) -> None:
    db.execute("DELETE FROM checkouts WHERE key = ?", (key,))
