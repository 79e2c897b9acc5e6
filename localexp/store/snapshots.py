"""Snapshots that are whole, and those that a process is making."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

# The root of a snapshot in the making for which nothing that is stored may be removed.
ALL = "*"


def exists(db: sqlite3.Connection, identifier: str) -> bool:
    return db.execute("SELECT 1 FROM _snapshots WHERE id = ?", (identifier,)).fetchone() is not None


def every_id(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT id FROM _snapshots ORDER BY id")]


def runs_by_id(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The ids of the runs of each snapshot that has any, the oldest first."""
    found: dict[str, list[str]] = {}
    for snapshot, run in db.execute("SELECT snapshot, id FROM _runs WHERE snapshot IS NOT NULL ORDER BY key"):
        found.setdefault(snapshot, []).append(run)
    return found


def add(db: sqlite3.Connection, identifier: str, files: int, size: int, created_at: int) -> None:
    """Record a snapshot, all of whose bytes are on the disk."""
    db.execute(
        "INSERT INTO _snapshots (id, files, bytes, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (identifier, files, size, created_at),
    )


def without_runs(db: sqlite3.Connection) -> list[str]:
    """Those that no run has."""
    rows = db.execute("SELECT id FROM _snapshots WHERE NOT EXISTS (SELECT 1 FROM _runs WHERE snapshot = _snapshots.id)")
    return [row[0] for row in rows]


def remove(db: sqlite3.Connection, identifiers: list[str]) -> None:
    """Forget snapshots that no run has; what is stored for them stays until garbage is collected."""
    db.executemany("DELETE FROM _snapshots WHERE id = ?", [(identifier,) for identifier in identifiers])


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM _snapshots").fetchone()[0])


def begin(db: sqlite3.Connection, owner: str, started_at: int, root: str | None = None) -> int:
    """Announce a snapshot in the making, and return its key for ``end``; with ``ALL`` as root nothing is removed."""
    cursor = db.execute(
        "INSERT INTO _snapshots_in_the_making (owner, started_at, root) VALUES (?, ?, ?)", (owner, started_at, root)
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def set_root(db: sqlite3.Connection, key: int, root: str) -> bool:
    """Have garbage collection keep all that a snapshot needs, or ``ALL``; False if somebody has given this one up."""
    return db.execute("UPDATE _snapshots_in_the_making SET root = ? WHERE key = ?", (root, key)).rowcount == 1


def end(db: sqlite3.Connection, key: int) -> None:
    db.execute("DELETE FROM _snapshots_in_the_making WHERE key = ?", (key,))


def in_the_making(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """(key, owner) of each."""
    return db.execute("SELECT key, owner FROM _snapshots_in_the_making").fetchall()


def makers(db: sqlite3.Connection) -> list[tuple[int, str, int, str | None]]:
    """(key, owner, start, root) of each that is in the making."""
    return db.execute("SELECT key, owner, started_at, root FROM _snapshots_in_the_making").fetchall()
