"""What went wrong in a run without ending it."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.tags import When


def add(db: sqlite3.Connection, run: int, source: str, message: str, when: When) -> None:
    """Add a warning; the same ``when`` (time, writer, position) says the same thing again."""
    db.execute(
        "INSERT INTO _warnings (run, source, message, time, writer, position) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (run, source, readable(message), *when),
    )


def add_once(db: sqlite3.Connection, run: int, source: str, message: str, when: When) -> None:
    """Add a warning unless the run has one of these words."""
    said = db.execute("SELECT 1 FROM _warnings WHERE run = ? AND message = ?", (run, readable(message))).fetchone()
    if said is None:
        add(db, run, source, message, when)


def of_run(db: sqlite3.Connection, run: int) -> list[tuple[str, str]]:
    """(source, message) in the order in which they came up."""
    return db.execute(
        "SELECT source, message FROM _warnings WHERE run = ? ORDER BY time, writer, position", (run,)
    ).fetchall()
