"""The one place in which a run changes its state."""

from __future__ import annotations

from localexp.errors import IllegalTransition

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

ENDED = frozenset(["Completed", "Failed", "Canceled"])
# A supervisor has yet to begin with it.
IN_FRONT = frozenset(["NotStarted", "Queued"])
STOPPABLE = frozenset(["NotStarted", "Queued", "Preparing", "Running", "CancelRequested"])

# What is to be canceled goes nowhere else, lest whoever takes it over from a dead process forget what it was to be.
_FOLLOWING = {
    "NotStarted": {"Queued", "Preparing", "CancelRequested", "Failed"},
    "Queued": {"Queued", "Preparing", "CancelRequested", "Failed", "Canceled"},
    "Preparing": {"Running", "CancelRequested", "Finalizing", "Failed"},
    "Running": {"CancelRequested", "Finalizing", *ENDED},
    "CancelRequested": {"CancelRequested", "Canceled"},
    "Finalizing": {"Finalizing", *ENDED},
}


def move(db: sqlite3.Connection, key: int, owner: str, status: str, *, time: int, new_owner: str | None = None) -> bool:
    """Take an owned run to its next state; False if it is no longer this owner's, or is to be canceled instead.

    ``new_owner`` hands the run over. An end clears the owner, so that nothing moves a run that has ended.

    :raises IllegalTransition: no run goes there from where this one is.
    """
    current = db.execute("SELECT status, owner FROM _runs WHERE key = ?", (key,)).fetchone()
    if current is None or current[1] != owner:
        return False
    if status not in _FOLLOWING[current[0]]:
        if current[0] == "CancelRequested":
            return False
        raise IllegalTransition(current[0], status)
    if status in ENDED:
        db.execute("UPDATE _runs SET status = ?, ended_at = ?, owner = NULL WHERE key = ?", (status, time, key))
    else:
        db.execute("UPDATE _runs SET status = ?, owner = ? WHERE key = ?", (status, new_owner or owner, key))
    if status == "Running":
        db.execute("UPDATE _runs SET started_at = coalesce(started_at, ?) WHERE key = ?", (time, key))
    return True


def is_cancel_requested(db: sqlite3.Connection, key: int) -> bool:
    row: tuple[str] | None = db.execute("SELECT status FROM _runs WHERE key = ?", (key,)).fetchone()
    return row == ("CancelRequested",)


def hand_over(db: sqlite3.Connection, key: int, owner: str, new_owner: str) -> bool:
    """Make another process the owner; False if the run is no longer this owner's."""
    changed = db.execute("UPDATE _runs SET owner = ? WHERE key = ? AND owner = ?", (new_owner, key, owner))
    return changed.rowcount == 1


def claim(db: sqlite3.Connection, key: int, owner: str) -> bool:
    """Make a process that is to start it the owner of a run that waits in the queue; False if it does not any more."""
    changed = db.execute(
        "UPDATE _runs SET owner = ? WHERE key = ? AND status = 'Queued' AND owner IS NULL", (owner, key)
    )
    return changed.rowcount == 1


def put_in_queue(db: sqlite3.Connection, key: int, owner: str) -> bool:
    """Have a run wait that its owner has not got to start; False if it is no longer this owner's."""
    changed = db.execute(
        "UPDATE _runs SET status = 'Queued', owner = NULL "
        "WHERE key = ? AND owner = ? AND status IN ('NotStarted', 'Queued')",
        (key, owner),
    )
    return changed.rowcount == 1


def cancel_waiting(db: sqlite3.Connection, key: int, time: int) -> bool:
    """End a run that waits in the queue as Canceled; False if it does not wait there any more."""
    changed = db.execute(
        "UPDATE _runs SET status = 'Canceled', ended_at = ? WHERE key = ? AND status = 'Queued' AND owner IS NULL",
        (time, key),
    )
    return changed.rowcount == 1
