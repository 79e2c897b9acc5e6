"""Runs: their rows, and the one place in which a run changes its state."""

from __future__ import annotations

import json

from localexp.errors import UserErrorException
from localexp.store import experiments
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_IDS_COMPARED = 1000
ENDED = frozenset(["Completed", "Failed", "Canceled"])

_FOLLOWING = {
    "NotStarted": {"Preparing", "Running", "Finalizing", *ENDED},
    "Queued": {"Preparing", "Running", "Finalizing", *ENDED},
    "Preparing": {"Running", "Finalizing", *ENDED},
    "Running": {"Finalizing", *ENDED},
    "Finalizing": {"Finalizing", *ENDED},
}

_COLUMNS = (
    "key",
    "id",
    "experiment",
    "number",
    "type",
    "target",
    "status",
    "display_name",
    "description",
    "created_at",
    "started_at",
    "ended_at",
    "definition",
    "snapshot",
    "new_blobs",
    "new_bytes",
    "owner",
    "process",
    "exit_code",
    "error",
    "unfolded",
)
_SELECT = (
    f"SELECT {', '.join('runs.' + column for column in _COLUMNS)}, experiments.name "
    "FROM runs JOIN experiments ON experiments.key = runs.experiment"
)


class RunRecord:
    """One row of ``runs``, with the name of its experiment."""

    __slots__ = (*_COLUMNS, "experiment_name")

    @property
    def keeps_snapshot(self) -> bool:
        """Whether its snapshot stays when it has ended."""
        return self.definition is None or self.definition_parts().get("snapshotProject") is not False

    key: int
    id: str
    experiment: int
    experiment_name: str
    number: int
    type: str | None
    target: str | None
    status: str
    display_name: str | None
    description: str | None
    created_at: int
    started_at: int | None
    ended_at: int | None
    definition: str | None
    snapshot: str | None
    new_blobs: int | None
    new_bytes: int | None
    owner: str | None
    process: str | None
    exit_code: int | None
    error: str | None
    unfolded: int

    def __init__(self, row: Iterable[object]) -> None:
        for name, value in zip((*_COLUMNS, "experiment_name"), row, strict=True):
            setattr(self, name, value)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def definition_parts(self) -> dict[str, object]:
        parts: dict[str, object] = json.loads(self.definition or "{}")
        return parts

    def error_parts(self) -> dict[str, object] | None:
        parts: dict[str, object] | None = json.loads(self.error) if self.error else None
        return parts


def create(
    db: sqlite3.Connection,
    *,
    identifier: str,
    experiment: int,
    status: str,
    owner: str,
    created_at: int,
    type: str | None = None,
    target: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    definition: dict[str, object] | None = None,
    snapshot: str | None = None,
    new_blobs: int | None = None,
    new_bytes: int | None = None,
) -> int:
    """Add a run and return its key.

    :raises UserErrorException: the id is taken.
    """
    number = experiments.next_run_number(db, experiment)
    started_at = created_at if status == "Running" else None
    cursor = db.execute(
        "INSERT INTO runs (id, experiment, number, type, target, status, display_name, description, created_at, "
        "started_at, definition, snapshot, new_blobs, new_bytes, owner) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            identifier,
            experiment,
            number,
            type,
            target,
            status,
            None if display_name is None else readable(display_name),
            None if description is None else readable(description),
            created_at,
            started_at,
            None if definition is None else json.dumps(definition),
            snapshot,
            new_blobs,
            new_bytes,
            owner,
        ),
    )
    if not cursor.rowcount:
        raise UserErrorException(f"there is a run {identifier!r} already; leave run_id out, or choose another")
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def find(db: sqlite3.Connection, identifier: str) -> RunRecord | None:
    row = db.execute(f"{_SELECT} WHERE runs.id = ?", (identifier,)).fetchone()
    return None if row is None else RunRecord(row)


def by_key(db: sqlite3.Connection, key: int) -> RunRecord:
    return RunRecord(db.execute(f"{_SELECT} WHERE runs.key = ?", (key,)).fetchone())


def ids_beginning_with(db: sqlite3.Connection, prefix: str, limit: int) -> list[str]:
    """Ids that begin with a prefix, the newest first."""
    rows = db.execute(
        "SELECT id FROM runs WHERE substr(id, 1, length(:prefix)) = :prefix "
        "ORDER BY created_at DESC, key DESC LIMIT :limit",
        {"prefix": prefix, "limit": limit},
    )
    return [row[0] for row in rows]


def ids_like(db: sqlite3.Connection, identifier: str) -> list[str]:
    """Ids that somebody may have meant, the likeliest first."""
    import difflib

    return difflib.get_close_matches(identifier, newest_ids(db, _IDS_COMPARED), n=3, cutoff=0.5)


def newest_ids(db: sqlite3.Connection, limit: int) -> list[str]:
    rows = db.execute("SELECT id FROM runs ORDER BY created_at DESC, key DESC LIMIT ?", (limit,))
    return [row[0] for row in rows]


def page(db: sqlite3.Connection, experiment: int | None, after: RunRecord | None, limit: int) -> list[RunRecord]:
    """The runs of one experiment or of all, newest first, that come after the run ``after`` in that order."""
    conditions, bound = ["1"], list[object]()
    if experiment is not None:
        conditions.append("runs.experiment = ?")
        bound.append(experiment)
    if after is not None:
        conditions.append("(runs.created_at, runs.key) < (?, ?)")
        bound += [after.created_at, after.key]
    rows = db.execute(
        f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY runs.created_at DESC, runs.key DESC LIMIT ?",
        (*bound, limit),
    )
    return [RunRecord(row) for row in rows.fetchall()]


def move(db: sqlite3.Connection, key: int, owner: str, status: str, *, time: int, new_owner: str | None = None) -> bool:
    """Take an owned run to its next state; False if it is no longer this owner's, or not in a state before it.

    ``new_owner`` hands the run over. An end clears the owner, so that nothing moves a run that has ended.
    """
    current = db.execute("SELECT status, owner FROM runs WHERE key = ?", (key,)).fetchone()
    if current is None or current[1] != owner or status not in _FOLLOWING.get(current[0], ()):
        return False
    if status in ENDED:
        db.execute("UPDATE runs SET status = ?, ended_at = ?, owner = NULL WHERE key = ?", (status, time, key))
    else:
        db.execute("UPDATE runs SET status = ?, owner = ? WHERE key = ?", (status, new_owner or owner, key))
    if status == "Running":
        db.execute("UPDATE runs SET started_at = coalesce(started_at, ?) WHERE key = ?", (time, key))
    return True


def hand_over(db: sqlite3.Connection, key: int, owner: str, new_owner: str) -> bool:
    """Make another process the owner; False if the run is no longer this owner's."""
    changed = db.execute("UPDATE runs SET owner = ? WHERE key = ? AND owner = ?", (new_owner, key, owner))
    return changed.rowcount == 1


def set_process(db: sqlite3.Connection, key: int, process: str) -> None:
    """Record the process that runs the script."""
    db.execute("UPDATE runs SET process = ? WHERE key = ?", (process, key))


def set_outcome(db: sqlite3.Connection, key: int, exit_code: int | None, error: dict[str, object] | None) -> None:
    """Record how the script ended, before or with the end of the run."""
    text = None if error is None else json.dumps(error)
    db.execute("UPDATE runs SET exit_code = ?, error = ? WHERE key = ?", (exit_code, text, key))


def set_snapshot(db: sqlite3.Connection, key: int, snapshot: str, new_blobs: int, new_bytes: int) -> None:
    db.execute(
        "UPDATE runs SET snapshot = ?, new_blobs = ?, new_bytes = ? WHERE key = ?",
        (snapshot, new_blobs, new_bytes, key),
    )


def forget_snapshot(db: sqlite3.Connection, key: int) -> None:
    db.execute("UPDATE runs SET snapshot = NULL WHERE key = ?", (key,))


def set_unfolded(db: sqlite3.Connection, key: int, unfolded: bool) -> None:
    db.execute("UPDATE runs SET unfolded = ? WHERE key = ?", (int(unfolded), key))
