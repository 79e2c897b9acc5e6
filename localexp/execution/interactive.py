"""Runs that this very process is: started by ``start_logging``, and ended with the interpreter at the latest."""

from __future__ import annotations

import atexit
import os
import sys
from threading import get_ident, main_thread

from localexp import observing
from localexp.errors import LocalexpError, SnapshotException, UserErrorException
from localexp.execution import ending, outputs
from localexp.execution.attaching import announce, attached_writer
from localexp.journal import fold
from localexp.journal.writer import JournalWriter
from localexp.store import clock, experiments, runs, tags
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from types import TracebackType
    from typing import NoReturn

    from localexp.snapshot.take import Options, Taken
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_fatal: list[BaseException] = []


class _OpenRun:
    """A run that the process ``pid`` has started and not ended."""

    def __init__(
        self, store: Store, record: RunRecord, writer: JournalWriter, folder: outputs.OutputFolder | None
    ) -> None:
        self.store = store
        self.record = record
        self.writer = writer
        self.folder = folder
        self.pid = os.getpid()


_open: dict[tuple[str, str], _OpenRun] = {}


class Beginning:
    """What a run begins with. One with a ``parent`` is in the experiment of that one, whatever its name.

    ``run_id`` is a new id if None; what is in ``folder`` at the end is kept.
    """

    def __init__(
        self,
        experiment: str,
        *,
        parent: RunRecord | None = None,
        run_id: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        tags: dict[str, str | None] | None = None,
        folder: outputs.OutputFolder | None = None,
    ) -> None:
        self.experiment = experiment
        self.parent = parent
        self.folder = folder
        self.run_id = run_id
        self.display_name = display_name
        self.description = description
        self.tags = tags or {}


def start(
    store: Store, beginning: Beginning, snapshot_directory: str | None, options: Options | None = None
) -> tuple[RunRecord, JournalWriter, list[str]]:
    """Begin a run that this process owns, with a snapshot of a directory unless that is None.

    With it come warnings of the snapshot, for the user.

    :raises UserErrorException: the id is taken, or the output folder cannot be made.
    :raises RunNotFound: the parent has been deleted.
    :raises SnapshotException: the directory cannot be captured.
    """
    said: list[str] = []
    if beginning.folder is not None:
        beginning.folder.make()
    if snapshot_directory is None:
        with store.main.writing() as db:
            record = _add_run(db, beginning, None)
            fold.say_emptied(db, store)
    else:
        record, said = _add_run_with_snapshot(store, beginning, snapshot_directory, options)
    return record, _opened(store, record, beginning.folder), said


def start_children(
    store: Store, parent: RunRecord, tags_of_each: Iterable[dict[str, str | None]]
) -> list[tuple[RunRecord, JournalWriter]]:
    """Begin a child run for each of these sets of tags, all or none of them.

    :raises RunNotFound: the parent has been deleted.
    """
    with store.main.writing() as db:
        records = [
            _add_run(db, Beginning(parent.experiment_name, parent=parent, tags=tags), None) for tags in tags_of_each
        ]
    return [(record, _opened(store, record, None)) for record in records]


def _add_run_with_snapshot(
    store: Store, beginning: Beginning, directory: str, options: Options | None
) -> tuple[RunRecord, list[str]]:
    from localexp.execution import facts
    from localexp.snapshot.take import taken

    if not os.path.isdir(directory):
        what = "is not a directory" if os.path.exists(directory) else "does not exist"
        raise SnapshotException(f"the snapshot directory {directory} {what}; name another, or None for no snapshot")
    ignore_parents = options is not None and options.ignore_parents
    with (
        facts.gathering(directory, sys.executable, ignore_parents=ignore_parents) as gathered,
        taken(store, directory, options) as snapshot,
    ):
        found = gathered()
        with store.main.writing(durable=True) as db:
            snapshot.record(db)
            record = _add_run(db, beginning, snapshot)
            facts.record(db, record.key, found, record.created_at)
        return record, snapshot.warnings


def _add_run(db: sqlite3.Connection, beginning: Beginning, snapshot: Taken | None) -> RunRecord:
    now = clock.now()
    parent, name = beginning.parent, beginning.experiment
    experiment = experiments.get_or_create(db, name, now).key if parent is None else runs.experiment_of(db, parent)
    key = runs.create(
        db,
        identifier=beginning.run_id,
        experiment=experiment,
        parent=None if parent is None else parent.key,
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
            ending.make_journal_folder(store, layout)
        else:
            announce(store, record, layout)

    return JournalWriter(layout, record.id, prepare)


def is_open(store: Store, run_id: str) -> bool:
    """Whether this process, and not one that it was forked from, has started the run and not ended it."""
    known = _open.get((store.layout.root, run_id))
    return known is not None and known.pid == os.getpid()


def open_writer(store: Store, run_id: str) -> JournalWriter | None:
    """The journal of a run that this process has started and not ended; None of any other run.

    :raises UserErrorException: the run is being ended at this moment.
    """
    if not is_open(store, run_id):
        return None
    writer = _open[store.layout.root, run_id].writer
    if writer.is_closed:
        raise UserErrorException(f"run {run_id} is being ended: only a run that goes on can log metrics")
    return writer


def track(store: Store, run_id: str, folder: outputs.OutputFolder | None) -> None:
    """Have the files of another folder kept at the end of a run of this process; of any other run nothing is kept."""
    if is_open(store, run_id):
        if folder is not None:
            folder.make()
        _open[store.layout.root, run_id].folder = folder


def end(store: Store, record: RunRecord, outcome: ending.Outcome) -> None:
    """End a run that this process has started.

    :raises UserErrorException: it has ended already, or another process owns it.
    :raises StoreError: the store cannot be written; the run goes on, and can be ended later.
    """
    if not is_open(store, record.id) or not _is_ended(_open[store.layout.root, record.id], outcome):
        raise _not_ours(store, record)
    _open.pop((store.layout.root, record.id), None)


def give_up(store: Store, run_id: str) -> None:
    """Have nobody end a run of this process any more, as one whose store is gone."""
    if is_open(store, run_id):
        _open.pop((store.layout.root, run_id)).writer.close()


def keep_outputs(store: Store, record: RunRecord) -> None:
    """Keep what is in the output folder of a run of this process by now; the run goes on.

    :raises UserErrorException: it has ended already, or another process owns it.
    """
    if not is_open(store, record.id):
        raise _not_ours(store, record)
    _keep_outputs(_open[store.layout.root, record.id])


def _not_ours(store: Store, record: RunRecord) -> UserErrorException:
    with store.main.reading() as db:
        found = runs.anew(db, record)
    if found.has_ended:
        return UserErrorException(f"run {record.id} is {found.status}: it has ended already, and a run ends once")
    return UserErrorException(
        f"run {record.id} is {found.status} and not this process's to end; only the process that started an "
        "interactive run can complete it, and cancel() ends a submitted one"
    )


def _is_ended(run: _OpenRun, outcome: ending.Outcome) -> bool:
    try:
        _keep_outputs(run)
        return ending.end(run.store, run.record, str(this_process()), outcome, run.writer)
    except BaseException:
        if run.writer.is_closed:
            # The run may have ended all the same, as where Ctrl-C comes just after that.
            run.writer = attached_writer(run.store, run.record)
        raise


def _keep_outputs(run: _OpenRun) -> None:
    if run.folder is not None and run.folder.exists():
        # Nothing is to be copied to where a store was that somebody has deleted: reading raises then.
        with run.store.main.reading():
            pass
        layout = run.store.layout.run(run.record.experiment_name, run.record.id)
        outputs.keep_copies(layout, run.folder, run.writer)


def _opened(store: Store, record: RunRecord, folder: outputs.OutputFolder | None) -> JournalWriter:
    """Note a new run, to be ended with the interpreter at the latest, and return its journal."""
    _fatal.clear()
    _notice_how_the_interpreter_ends()
    writer = _writer(store, record)
    _open[store.layout.root, record.id] = _OpenRun(store, record, writer, folder)
    observing.started(store, record)
    return writer


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
        # In another thread it ends that one alone.
        if status not in (None, 0) and not hasattr(sys, "ps1") and get_ident() == main_thread().ident:
            _fatal.append(SystemExit(status))
        inner_exit(status)

    hook.notices_for_localexp = True  # type: ignore[attr-defined]
    sys.excepthook, sys.exit = hook, leave


class Noted:
    """The runs of this process that are open when it is made."""

    def __init__(self) -> None:
        self._open = set(_open)
        self._fatal = list(_fatal)

    def end_others(self, error: BaseException | None) -> None:
        """End those that were begun since and are open still, as the end of an interpreter does, by this error."""
        if error is not None and not isinstance(error, SystemExit):
            # One by sys.exit has been noticed, any other is none.
            _fatal.append(error)
        for key, run in reversed(list(_open.items())):
            if key not in self._open and run.pid == os.getpid():
                _end_with_interpreter(run)
                _open.pop(key, None)
        _fatal[:] = self._fatal


def end_all_in(store: Store) -> None:
    """End those in a store as the end of the interpreter does, for the store is to be removed."""
    for key, run in reversed(list(_open.items())):
        if key[0] == store.layout.root and run.pid == os.getpid():
            _end_with_interpreter(run)
            _open.pop(key, None)


@atexit.register
def _end_all() -> None:
    # Children have begun after their parents, and end before them.
    for run in reversed(list(_open.values())):
        if run.pid == os.getpid():
            _end_with_interpreter(run)
    _open.clear()


def _end_with_interpreter(run: _OpenRun) -> None:
    if _fatal:
        outcome = ending.failed(ending.error_text(_fatal[-1]))
    else:
        outcome = ending.Outcome("Completed")
        message = "the interpreter was left without complete() or fail(); the run counts as Completed"
        run.writer.say(warning=message, source="interactive")
    try:
        _is_ended(run, outcome)
    except (LocalexpError, OSError) as error:
        # The others still have to be ended; whoever reads this one next finds its process dead.
        sys.stderr.write(f"localexp: run {run.record.id} could not be ended: {error}\n")
