"""Which working trees there are, and to which run each is leased."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


class CheckoutRecord:
    """One row of ``checkouts``; ``ready_at`` is when its files stood complete, ``size`` how many bytes they have.

    It is leased to ``run``; without one it is idle if it is ready, and otherwise to be removed.
    """

    __slots__ = ("folder", "key", "owner", "ready_at", "run", "size", "snapshot", "source")

    def __init__(
        self,
        key: int,
        folder: str,
        run: int | None,
        owner: str,
        source: str,
        snapshot: str,
        ready_at: int | None,
        size: int,
    ) -> None:
        self.key = key
        self.folder = folder
        self.run = run
        self.owner = owner
        self.source = source
        self.snapshot = snapshot
        self.ready_at = ready_at
        self.size = size


_SELECT = "SELECT key, folder, run, owner, source, snapshot, ready_at, bytes FROM _checkouts"


def add(db: sqlite3.Connection, folder: str, run: int, owner: str, source: str, snapshot: str, time: int) -> int:
    cursor = db.execute(
        "INSERT INTO _checkouts (folder, run, owner, source, snapshot, leased_at) VALUES (?, ?, ?, ?, ?, ?)",
        (folder, run, owner, readable(source), snapshot, time),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def lease_idle(db: sqlite3.Connection, run: int, owner: str, source: str, snapshot: str, time: int) -> int | None:
    """Lease an idle tree of this source directory to a run, and return its key; None if there is none.

    It is the one that holds the same snapshot, otherwise the one that was used last, and not ready before it is fitted.
    """
    row = db.execute(
        "SELECT key FROM _checkouts WHERE run IS NULL AND ready_at IS NOT NULL AND source = ? "
        "ORDER BY snapshot = ? DESC, leased_at DESC LIMIT 1",
        (readable(source), snapshot),
    ).fetchone()
    if row is None:
        return None
    db.execute(
        "UPDATE _checkouts SET run = ?, owner = ?, snapshot = ?, leased_at = ?, ready_at = NULL WHERE key = ?",
        (run, owner, snapshot, time, row[0]),
    )
    return int(row[0])


def set_ready(db: sqlite3.Connection, key: int, size: int, time: int) -> None:
    db.execute("UPDATE _checkouts SET ready_at = ?, bytes = ? WHERE key = ?", (time, size, key))


def by_key(db: sqlite3.Connection, key: int) -> CheckoutRecord:
    return CheckoutRecord(*db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone())


def of_run(db: sqlite3.Connection, run: int) -> CheckoutRecord | None:
    """The tree that is leased to a run."""
    row = db.execute(f"{_SELECT} WHERE run = ?", (run,)).fetchone()
    return None if row is None else CheckoutRecord(*row)


def release(db: sqlite3.Connection, key: int) -> None:
    """Give a tree that its run has left clean back, for another to be leased."""
    db.execute("UPDATE _checkouts SET run = NULL WHERE key = ?", (key,))


def condemn(db: sqlite3.Connection, key: int) -> None:
    """See to it that a tree is never leased again, until it is removed."""
    db.execute("UPDATE _checkouts SET run = NULL, ready_at = NULL WHERE key = ?", (key,))


def left(db: sqlite3.Connection) -> list[CheckoutRecord]:
    """Trees that are neither idle nor of a run that goes on: whoever held them died before removing them."""
    rows = db.execute(
        f"{_SELECT} WHERE (run IS NULL AND ready_at IS NULL) OR run IN "
        "(SELECT key FROM _runs WHERE status IN ('Completed', 'Failed', 'Canceled'))"
    )
    return [CheckoutRecord(*row) for row in rows.fetchall()]


def leased_snapshots(db: sqlite3.Connection) -> list[str]:
    """What the trees hold that are leased."""
    return [row[0] for row in db.execute("SELECT DISTINCT snapshot FROM _checkouts WHERE run IS NOT NULL")]


def folders(db: sqlite3.Connection) -> set[str]:
    """Those of all trees."""
    return {row[0] for row in db.execute("SELECT folder FROM _checkouts")}


def idle(db: sqlite3.Connection) -> list[CheckoutRecord]:
    """Trees that can be leased, the one that was not for the longest time first."""
    rows = db.execute(f"{_SELECT} WHERE run IS NULL AND ready_at IS NOT NULL ORDER BY leased_at, key")
    return [CheckoutRecord(*row) for row in rows.fetchall()]


def total_bytes(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(sum(bytes), 0) FROM _checkouts").fetchone()[0])


def claim(db: sqlite3.Connection, record: CheckoutRecord, new_owner: str) -> bool:
    """Condemn a tree and make another process the one that answers for it; False if it is not as it was any more."""
    changed = db.execute(
        "UPDATE _checkouts SET owner = ?, run = NULL, ready_at = NULL "
        "WHERE key = ? AND owner = ? AND run IS ? AND ready_at IS ?",
        (new_owner, record.key, record.owner, record.run, record.ready_at),
    )
    return changed.rowcount == 1


def hand_over(db: sqlite3.Connection, run: int, new_owner: str) -> None:
    """Make whoever takes a run over the one that answers for its tree too."""
    db.execute("UPDATE _checkouts SET owner = ? WHERE run = ?", (new_owner, run))


def remove(db: sqlite3.Connection, key: int) -> None:
    db.execute("DELETE FROM _checkouts WHERE key = ?", (key,))
