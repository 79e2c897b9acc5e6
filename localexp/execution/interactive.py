"""Runs that this very process is: started by ``start_logging``, and ended with the interpreter at the latest."""

from __future__ import annotations

import atexit
import os
import sys

from localexp.errors import SnapshotException, UserErrorException
from localexp.execution import ending
from localexp.store import clock, experiments, identifiers, runs, tags
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

    from localexp.journal.writer import JournalWriter
    from localexp.snapshot.take import Snapshot
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_open: dict[tuple[str, str], tuple[Store, RunRecord, JournalWriter, int]] = {}
_fatal: list[BaseException] = []


def start(
    store: Store,
    experiment: str,
    *,
    run_id: str | None,
    display_name: str | None,
    description: str | None,
    tag_values: dict[str, str | None],
    snapshot_directory: str | None,
) -> tuple[RunRecord, JournalWriter]:
    """Begin a run that this process owns.

    :raises UserErrorException: the id is taken.
    :raises SnapshotException: the directory cannot be captured.
    """
    identifier = run_id or identifiers.uuid()

    def create(db: sqlite3.Connection, snapshot: Snapshot | None) -> RunRecord:
        now = clock.now()
        key = runs.create(
            db,
            identifier=identifier,
            experiment=experiments.get_or_create(db, experiment, now).key,
            status="Running",
            owner=str(this_process()),
            created_at=now,
            target="local",
            display_name=display_name,
            description=description,
            snapshot=snapshot.id if snapshot else None,
            new_blobs=snapshot.new_blobs if snapshot else None,
            new_bytes=snapshot.new_bytes if snapshot else None,
        )
        if key is None:
            raise UserErrorException(f"there is a run {identifier!r} already; leave run_id out, or choose another")
        for name, value in tag_values.items():
            tags.put(db, key, name, value, (now, 0, 0))
        if snapshot is not None:
            tags.add_property(db, key, "ContentSnapshotId", snapshot.id, (now, 0, 0))
        return runs.by_key(db, key)

    if snapshot_directory is None:
        with store.main.writing() as db:
            record = create(db, None)
    else:
        if not os.path.isdir(snapshot_directory):
            raise SnapshotException(f"the snapshot directory {snapshot_directory} does not exist; pass None for none")
        from localexp.snapshot.take import taken

        with taken(store, snapshot_directory) as snapshot, store.main.writing(durable=True) as db:
            snapshot.record(db)
            record = create(db, snapshot)
    writer = ending.journal_writer(store.layout.run(record.experiment_name, record.id), record.id)
    _end_with_interpreter(store, record, writer)
    return record, writer


def end(store: Store, record: RunRecord, outcome: ending.Outcome) -> None:
    """End a run that this process has started.

    :raises UserErrorException: it has ended already, or another process owns it.
    """
    known = _open.pop((store.layout.root, record.id), None)
    if known is None or not ending.end(store, record, str(this_process()), outcome, known[2]):
        with store.main.reading() as db:
            status = runs.by_key(db, record.key).status
        raise UserErrorException(
            f"run {record.id} is {status} and not this process's to end; only the process that started an "
            "interactive run can complete it, and once"
        )


def _end_with_interpreter(store: Store, record: RunRecord, writer: JournalWriter) -> None:
    if not _open:
        _notice_fatal_exceptions()
    _open[store.layout.root, record.id] = (store, record, writer, os.getpid())


def _notice_fatal_exceptions() -> None:
    """Python calls the hook for an exception that ends the interpreter; a notebook's cells do not come by here."""
    inner = sys.excepthook
    if getattr(inner, "notices_for_localexp", False):
        return

    def notice(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _fatal.append(error)
        inner(kind, error, trace)

    notice.notices_for_localexp = True  # type: ignore[attr-defined]
    sys.excepthook = notice


@atexit.register
def _end_all() -> None:
    for store, record, writer, pid in list(_open.values()):
        if pid != os.getpid():
            continue
        if _fatal:
            outcome = ending.failed(f"{type(_fatal[-1]).__name__}: {_fatal[-1]}")
        else:
            outcome = ending.completed()
            message = "the interpreter was left without complete() or fail(); the run counts as Completed"
            writer.say(warning=message, source="interactive")
        ending.end(store, record, str(this_process()), outcome, writer)
    _open.clear()
