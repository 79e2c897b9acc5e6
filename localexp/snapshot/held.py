"""Times in which nothing that is stored for snapshots is removed, and those who wish that."""

from __future__ import annotations

from contextlib import contextmanager

from localexp.store import clock, holds, snapshots
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from localexp.store.store import Store

# Nobody at all can say of a process of another machine or container whether it lives: after a day it does not count.
_BELIEVED_MICROSECONDS = 24 * 3600 * 1_000_000


class Maker:
    """A process that makes a snapshot; ``root`` is the one that it needs, or all."""

    def __init__(self, key: int, owner: str, started_at: int, root: str | None) -> None:
        self.key = key
        self.owner = Owner.parse(owner)
        self.started_at = started_at
        self.root = root

    def counts(self) -> bool:
        """Whether what it needs is to be kept."""
        if self.owner.is_known_dead():
            return False
        return self.owner.can_be_judged() or clock.real() - self.started_at < _BELIEVED_MICROSECONDS

    @property
    def holds_everything(self) -> bool:
        return self.root == snapshots.ALL


def holder(db: sqlite3.Connection) -> tuple[Owner, str] | None:
    """Who needs all that is stored, be it for one snapshot, and what that process does; in a write transaction."""
    backing_up = holds.holder(db)
    if backing_up is not None:
        return backing_up, "makes a backup"
    return next(((maker.owner, "takes a snapshot") for maker in makers(db) if maker.holds_everything), None)


def makers(db: sqlite3.Connection) -> list[Maker]:
    """Those that count."""
    return [maker for maker in (Maker(*row) for row in snapshots.makers(db)) if maker.counts()]


@contextmanager
def held(store: Store, path: str = "") -> Iterator[None]:
    """Within the block nothing that a backup needs is removed, whoever deletes, collects garbage or repairs.

    ``path`` is what is left of the backup if this process dies.

    On a store that may only be read nothing is done: nobody removes anything there.
    """
    if store.is_read_only:
        yield
        return
    with store.main.writing() as db:
        key = holds.begin(db, str(this_process()), path)
    try:
        yield
    finally:
        with store.main.writing() as db:
            holds.end(db, key)
