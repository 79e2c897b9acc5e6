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


class Beginning:
    """What a run begins with; ``run_id`` is a new UUID if None."""

    def __init__(
        self,
        experiment: str,
        *,
        run_id: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        tags: dict[str, str | None] | None = None,
    ) -> None:
        self.experiment = experiment
        self.run_id = run_id or identifiers.uuid()
        self.display_name = display_name
        self.description = description
        self.tags = tags or {}


def start(store: Store, beginning: Beginning, snapshot_directory: str | None) -> tuple[RunRecord, JournalWriter]:
    """Begin a run that this process owns, with a snapshot of a directory unless that is None.

    :raises UserErrorException: the id is taken.
    :raises SnapshotException: the directory cannot be captured.
    """
    if snapshot_directory is None:
        with store.main.writing() as db:
            record = _add_run(db, beginning, None)
    else:
        record = _add_run_with_snapshot(store, beginning, snapshot_directory)
    writer = ending.journal_writer(store.layout.run(record.experiment_name, record.id), record.id)
    _end_with_interpreter(store, record, writer)
    return record, writer


def _add_run_with_snapshot(store: Store, beginning: Beginning, directory: str) -> RunRecord:
    from localexp.snapshot.take import taken

    if not os.path.isdir(directory):
        raise SnapshotException(f"the snapshot directory {directory} does not exist; pass None for no snapshot")
    with taken(store, directory) as snapshot, store.main.writing(durable=True) as db:
        snapshot.record(db)
        return _add_run(db, beginning, snapshot)


def _add_run(db: sqlite3.Connection, beginning: Beginning, snapshot: Snapshot | None) -> RunRecord:
    now = clock.now()
    key = runs.create(
        db,
        identifier=beginning.run_id,
        experiment=experiments.get_or_create(db, beginning.experiment, now).key,
        status="Running",
        owner=str(this_process()),
        created_at=now,
        target="local",
        display_name=beginning.display_name,
        description=beginning.description,
        snapshot=snapshot.id if snapshot else None,
        new_blobs=snapshot.new_blobs if snapshot else None,
        new_bytes=snapshot.new_bytes if snapshot else None,
    )
    for name, value in beginning.tags.items():
        tags.put(db, key, name, value, (now, 0, 0))
    if snapshot is not None:
        tags.add_property(db, key, "ContentSnapshotId", snapshot.id, (now, 0, 0))
    return runs.by_key(db, key)


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
            outcome = ending.failed(ending.error_text(_fatal[-1]))
        else:
            outcome = ending.completed()
            message = "the interpreter was left without complete() or fail(); the run counts as Completed"
            writer.say(warning=message, source="interactive")
        ending.end(store, record, str(this_process()), outcome, writer)
    _open.clear()
