"""What a run reads that is not in its snapshot, as it was at submit."""

from __future__ import annotations

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


class Input:
    """A file or folder: its path relative to the source directory, and how it was; ``changed`` is its newest time."""

    __slots__ = ("bytes", "changed", "files", "hash", "path")

    def __init__(self, path: str, files: int, size: int, changed: int, digest: str) -> None:
        self.path = path
        self.files = files
        self.bytes = size
        self.changed = changed
        self.hash = digest


def add(db: sqlite3.Connection, run: int, one: Input) -> None:
    db.execute(
        "INSERT INTO _inputs (run, path, files, bytes, changed, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (run, readable(one.path), one.files, one.bytes, one.changed, one.hash),
    )


def of_run(db: sqlite3.Connection, run: int) -> list[Input]:
    """The inputs of a run, by path."""
    rows = db.execute("SELECT path, files, bytes, changed, hash FROM _inputs WHERE run = ? ORDER BY path", (run,))
    return [Input(*row) for row in rows]
