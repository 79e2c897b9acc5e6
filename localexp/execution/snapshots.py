"""Snapshots that runs take and give back on request."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot.take import taken
from localexp.store import clock, runs, tags, warnings
from localexp.store import snapshots as rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.snapshot.notes import Note
    from localexp.snapshot.take import Options, Taken
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


class Stored:
    """A snapshot that is there already, with what ``Taken`` has of one that was just taken."""

    new_blobs = 0
    new_bytes = 0

    def __init__(self, identifier: str) -> None:
        self.id = identifier
        self.notes: list[Note] = []

    def record(self, db: sqlite3.Connection) -> None:
        """Nothing is to be recorded.

        :raises SnapshotException: it is not there any more.
        """
        if not rows.exists(db, self.id):
            raise SnapshotException(f"the snapshot {self.id} is not in the workspace any more; submit its source again")


def take_for_run(store: Store, record: RunRecord, path: str, options: Options) -> tuple[str, list[str]]:
    """Take a snapshot of a directory or file for a run that has none, and return its id and warnings for the user.

    :raises SnapshotException: the run has one, or this one cannot be taken.
    """
    _refuse_second(record)
    with taken(store, path, options) as snapshot, store.main.writing(durable=True) as db:
        _refuse_second(runs.anew(db, record))
        snapshot.record(db)
        runs.set_snapshot(db, record.key, snapshot.id, snapshot.new_blobs, snapshot.new_bytes)
        describe(db, record.key, snapshot, clock.now())
        return snapshot.id, snapshot.warnings


def describe(db: sqlite3.Connection, run: int, snapshot: Taken | Stored, time: int) -> None:
    """Say of a run what its snapshot is, and what a user should know of that."""
    for number, note in enumerate(snapshot.notes):
        warnings.add(db, run, "snapshot", note.text, (time, 0, number))
    tags.add_property(db, run, "ContentSnapshotId", snapshot.id, (time, 0, 0))


def restored(store: Store, snapshot: str, target: str | None, unpack: bool) -> str:
    """Write a snapshot as a zip file into a directory, or its files; return the path of what was written.

    :raises SnapshotException: it is damaged, or cannot be written there.
    """
    import tempfile

    from localexp.snapshot.archive import write_zip
    from localexp.snapshot.unpack import into

    if unpack:
        folder = target or tempfile.mkdtemp(prefix=f"{snapshot}-")
        into(store, snapshot, folder)
        return folder
    folder = target or tempfile.gettempdir()
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{snapshot}.zip")
    write_zip(store, snapshot, path)
    return path


def _refuse_second(record: RunRecord) -> None:
    if record.snapshot is not None:
        raise SnapshotException(f"run {record.id} has a snapshot already, {record.snapshot}; a run has one at most")
