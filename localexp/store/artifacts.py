"""Artifacts: what is recorded of the files of a run."""

from __future__ import annotations

from localexp.errors import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def checked_name(name: str) -> str:
    """A name under which a file of a run may lie: parts between single slashes that lead nowhere else.

    :raises UserErrorException: it is none.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(c in name for c in "\0\\") or ":" in parts[0]:
        raise UserErrorException(f"{name!r} cannot name a file of a run; use a relative path with single slashes")
    return name


def add(db: sqlite3.Connection, run: int, name: str, size: int, digest: str, time: int) -> None:
    """Record a file; the newest word about a name stands."""
    db.execute(
        "INSERT INTO artifacts (run, name, size, hash, time) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (run, name) DO UPDATE SET size = excluded.size, hash = excluded.hash, time = excluded.time "
        "WHERE excluded.time >= time",
        (run, name, size, digest, time),
    )


def of_run(db: sqlite3.Connection, run: int) -> dict[str, tuple[int, str]]:
    """(size in bytes, hash) by name."""
    rows = db.execute("SELECT name, size, hash FROM artifacts WHERE run = ? ORDER BY name", (run,))
    return {name: (size, digest) for name, size, digest in rows}
