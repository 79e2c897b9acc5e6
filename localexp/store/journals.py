"""How far each journal has been folded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


class JournalRecord:
    """One row of ``journals``; ``folded`` is an offset in bytes, ``state`` is open, closed or done."""

    __slots__ = ("folded", "number", "owner", "state", "writer")

    def __init__(self, number: int, writer: str, owner: str | None, folded: int, state: str) -> None:
        self.number = number
        self.writer = writer
        self.owner = owner
        self.folded = folded
        self.state = state


def of_run(db: sqlite3.Connection, run: int) -> dict[str, JournalRecord]:
    """The known journals of a run by writer."""
    rows = db.execute("SELECT number, writer, owner, folded, state FROM _journals WHERE run = ?", (run,))
    return {row[1]: JournalRecord(*row) for row in rows}


def known(db: sqlite3.Connection, run: int, writer: str) -> JournalRecord:
    """The row of a journal, made if this is the first that is heard of it; within a write transaction."""
    row = db.execute(
        "SELECT number, writer, owner, folded, state FROM _journals WHERE run = ? AND writer = ?",
        (run, writer),
    ).fetchone()
    return _added(db, run, writer) if row is None else JournalRecord(*row)


def _added(db: sqlite3.Connection, run: int, writer: str) -> JournalRecord:
    (last,) = db.execute("SELECT max(number) FROM _journals WHERE run = ?", (run,)).fetchone()
    journal = JournalRecord((last or 0) + 1, writer, None, 0, "open")
    db.execute("INSERT INTO _journals (run, number, writer) VALUES (?, ?, ?)", (run, journal.number, writer))
    return journal


def update(db: sqlite3.Connection, run: int, journal: JournalRecord) -> None:
    db.execute(
        "UPDATE _journals SET owner = ?, folded = ?, state = ? WHERE run = ? AND number = ?",
        (journal.owner, journal.folded, journal.state, run, journal.number),
    )
