"""Who needs all that is there to stay, as a backup does: while a holder lives nothing is deleted or collected."""

from __future__ import annotations

import os

from localexp.store import clock
from localexp.store.owners import Owner
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_PREFIX = "hold."
_BEFORE_PATH = "\n"
# Who is on a machine that cannot be asked is not waited for any longer.
_MOST_MICROSECONDS = 24 * 3600 * 1_000_000


class Hold:
    """That ``owner`` needs everything to stay, and since when; ``path`` is what it makes, None if that is unknown."""

    def __init__(self, value: str) -> None:
        # Those of before there were paths end with the owner.
        said, _, path = value.partition(_BEFORE_PATH)
        since, _, owner = said.partition(" ")
        self.since = int(since)
        self.owner = Owner.parse(owner)
        self.path = path or None


def begin(db: sqlite3.Connection, owner: str, path: str = "") -> str:
    """Have everything stay that is there; returns the key for ``end``. Within a write transaction, as all here."""
    key = f"{_PREFIX}{os.urandom(8).hex()}"
    value = f"{clock.real()} {owner}{_BEFORE_PATH}{readable(path)}"
    db.execute("INSERT INTO _settings (key, value) VALUES (?, ?)", (key, value))
    return key


def end(db: sqlite3.Connection, key: str) -> None:
    db.execute("DELETE FROM _settings WHERE key = ?", (key,))


def holder(db: sqlite3.Connection) -> Owner | None:
    """Somebody who needs everything to stay, and may live; those who are known to have died are forgotten.

    So are, after a day, those of whom that cannot be known, as they are on another machine.
    """
    found = None
    for key, value in _every(db):
        hold = Hold(value)
        if hold.owner.is_known_dead() or clock.real() - hold.since > _MOST_MICROSECONDS:
            end(db, key)
        else:
            found = hold.owner
    return found


def of_the_dead(db: sqlite3.Connection) -> list[Hold]:
    """Those of processes that have died before they could say that they are done."""
    return [hold for hold in (Hold(value) for _, value in _every(db)) if hold.owner.is_known_dead()]


def forget_all(db: sqlite3.Connection) -> None:
    """In a copy, which nobody holds."""
    for key, _ in _every(db):
        end(db, key)


def _every(db: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = db.execute("SELECT key, value FROM _settings WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key", (_PREFIX,))
    return rows.fetchall()
