"""Runs that this very process is: started by ``start_logging``, and ended with the interpreter at the latest."""

from __future__ import annotations

import atexit
import os
import sys

from localexp.errors import LocalexpError, SnapshotException, UserErrorException
from localexp.execution import ending
from localexp.execution.attaching import announce
from localexp.journal.writer import JournalWriter
from localexp.store import clock, experiments, identifiers, runs, tags
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType
    from typing import NoReturn

    from localexp.snapshot.take import Options, Taken
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


def start(
    store: Store, beginning: Beginning, snapshot_directory: str | None, options: Options | None = None
) -> tuple[RunRecord, JournalWriter, list[str]]:
    """Begin a run that this process owns, with a snapshot of a directory unless that is None.

    With it come warnings of the snapshot, for the user.

    :raises UserErrorException: the id is taken.
    :raises SnapshotException: the directory cannot be captured.
    """
    said: list[str] = []
    if snapshot_directory is None:
        with store.main.writing() as db:
            record = _add_run(db, beginning, None)
    else:
        record, said = _add_run_with_snapshot(store, beginning, snapshot_directory, options)
    writer = _writer(store, record)
    _end_with_interpreter(store, record, writer)
    return record, writer, said


def _add_run_with_snapshot(
    store: Store, beginning: Beginning, directory: str, options: Options | None
) -> tuple[RunRecord, list[str]]:
    from localexp.snapshot.take import taken

    if not os.path.isdir(directory):
        what = "is not a directory" if os.path.exists(directory) else "does not exist"
        raise SnapshotException(f"the snapshot directory {directory} {what}; name another, or None for no snapshot")
    with taken(store, directory, options) as snapshot, store.main.writing(durable=True) as db:
        snapshot.record(db)
        return _add_run(db, beginning, snapshot), snapshot.warnings


def _add_run(db: sqlite3.Connection, beginning: Beginning, snapshot: Taken | None) -> RunRecord:
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
        from localexp.execution.snapshots import describe

        describe(db, key, snapshot, now)
    return runs.by_key(db, key)


def _writer(store: Store, record: RunRecord) -> JournalWriter:
    """For this process it only needs the folder; for its forked children the run may end at any time."""
    owner, layout = os.getpid(), store.layout.run(record.experiment_name, record.id)

    def prepare() -> None:
        if os.getpid() == owner:
            os.makedirs(layout.journals, exist_ok=True)
        else:
            announce(store, record.key, layout)

    return JournalWriter(layout, record.id, prepare)


def is_open(store: Store, run_id: str) -> bool:
    """Whether this process, and not one that it was forked from, has started the run and not ended it."""
    known = _open.get((store.layout.root, run_id))
    return known is not None and known[3] == os.getpid()


def open_writer(store: Store, run_id: str) -> JournalWriter | None:
    """The journal of a run that this process has started and not ended; None of any other run.

    :raises UserErrorException: the run is being ended at this moment.
    """
    if not is_open(store, run_id):
        return None
    writer = _open[store.layout.root, run_id][2]
    if writer.is_closed:
        raise UserErrorException(f"run {run_id} is being ended: only a run that goes on can log metrics")
    return writer


def end(store: Store, record: RunRecord, outcome: ending.Outcome) -> None:
    """End a run that this process has started.

    :raises UserErrorException: it has ended already, or another process owns it.
    :raises StoreError: the store cannot be written; the run goes on, and can be ended later.
    """
    key = (store.layout.root, record.id)
    if not is_open(store, record.id) or not _is_ended(store, record, outcome, _open[key][2]):
        with store.main.reading() as db:
            status = runs.by_key(db, record.key).status
        raise UserErrorException(
            f"run {record.id} is {status} and not this process's to end; only the process that started an "
            "interactive run can complete it, and once"
        )
    del _open[key]


def _is_ended(store: Store, record: RunRecord, outcome: ending.Outcome, writer: JournalWriter) -> bool:
    try:
        return ending.end(store, record, str(this_process()), outcome, writer)
    except BaseException:
        _open[store.layout.root, record.id] = (store, record, _writer(store, record), os.getpid())
        raise


def _end_with_interpreter(store: Store, record: RunRecord, writer: JournalWriter) -> None:
    _fatal.clear()
    _notice_how_the_interpreter_ends()
    _open[store.layout.root, record.id] = (store, record, writer, os.getpid())


def _notice_how_the_interpreter_ends() -> None:
    """By an exception, for which Python calls the hook, or by ``sys.exit``. A prompt goes on after either.

    ``raise SystemExit`` outside a block cannot be noticed: it counts as leaving.
    """
    inner_hook, inner_exit = sys.excepthook, sys.exit
    if getattr(inner_hook, "notices_for_localexp", False):
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not hasattr(sys, "ps1"):
            _fatal.append(error)
        inner_hook(kind, error, trace)

    def leave(status: int | str | None = None, /) -> NoReturn:
        if status not in (None, 0) and not hasattr(sys, "ps1"):
            _fatal.append(SystemExit(status))
        inner_exit(status)

    hook.notices_for_localexp = True  # type: ignore[attr-defined]
    sys.excepthook, sys.exit = hook, leave


@atexit.register
def _end_all() -> None:
    for store, record, writer, pid in list(_open.values()):
        if pid != os.getpid():
            continue
        if _fatal:
            outcome = ending.failed(ending.error_text(_fatal[-1]))
        else:
            outcome = ending.Outcome("Completed")
            message = "the interpreter was left without complete() or fail(); the run counts as Completed"
            writer.say(warning=message, source="interactive")
        try:
            ending.end(store, record, str(this_process()), outcome, writer)
        except LocalexpError as error:
            # The others still have to be ended; whoever reads this one next finds its process dead.
            sys.stderr.write(f"localexp: run {record.id} could not be ended: {error}\n")
    _open.clear()
