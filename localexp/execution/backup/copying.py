"""The databases of a store in use, copied, and made to tell the truth where no process will ever answer for a run.

Journals come first: what is in them and not in the copy of the record is folded into that, and what was folded, and
removed, since they were copied is in it.
"""

from __future__ import annotations

import json
import os
import shutil

from localexp.errors import RunNotFound
from localexp.execution import ending, placing
from localexp.execution.files import BUILD_LOG_NAME
from localexp.execution.ownership import current
from localexp.journal import fold
from localexp.store import artifacts, clock, copies, runs
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord


def settle(store: Store) -> None:
    """Have the record know of those who have died, and of what was said, as far as it may be written."""
    with store.main.reading() as db:
        records = runs.unfolded(db, None)
    for record in records:
        try:
            current(store, record)
        except RunNotFound:
            continue


def copied(store: Store, root: str, progress: Callable[[int, int], object]) -> tuple[Store, list[RunRecord]]:
    """Copy the record, what small files and trees it needs, and the logs of runs that go on, into the folder ``root``.

    With the copy come the runs that went on, which are ended there.
    """
    copy = Store(root)
    copy.make_folder()
    unfolded = _copy_journals(store, copy)
    copies.copy(store.main, copy.layout.database, progress)
    # After the record: what a snapshot needs that is recorded there has been stored by now.
    if os.path.exists(store.layout.blob_database):
        copies.copy(store.blobs, copy.layout.blob_database, progress)
    went_on = _made_true(store, copy, unfolded)
    copy.close()
    return copy, went_on


def _copy_journals(store: Store, copy: Store) -> list[RunRecord]:
    with store.main.reading() as db:
        records = runs.unfolded(db, None)
    for record in records:
        source, target = (one.layout.run(record.experiment_name, record.id) for one in (store, copy))
        for writer in os.listdir(source.journals) if os.path.isdir(source.journals) else []:
            _copy_if_there(source.journal(writer), target.journal(writer))
    return records


def _copy_if_there(source: str, target: str) -> bool:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return False
    return True


def _made_true(store: Store, copy: Store, unfolded: list[RunRecord]) -> list[RunRecord]:
    for record in unfolded:
        fold.fold(copy, record.key, copy.layout.run(record.experiment_name, record.id))
    with copy.main.writing() as db:
        for record in unfolded:
            _finish_journals(db, record, copy.layout.run(record.experiment_name, record.id))
        went_on = runs.active(db)
        for record in went_on:
            _end(db, record)
            _keep_logs(db, record, store.layout.run(record.experiment_name, record.id), copy)
        copies.let_go(db)
    return went_on


def _finish_journals(db: sqlite3.Connection, record: RunRecord, layout: RunLayout) -> None:
    """Keep what cannot be read of journals to which nothing can be added; of all others only the end is torn."""
    if runs.exists(db, record.key):
        fold.mark_done(db, record.key, layout)
    shutil.rmtree(layout.journals, ignore_errors=True)


def _end(db: sqlite3.Connection, record: RunRecord) -> None:
    now = clock.now()
    reason = (
        f"the run was {record.status} when a backup was made at {clock.iso(now)}, and this copy knows no more of it"
    )
    status = "Canceled" if record.status == "CancelRequested" else "Failed"
    copies.end(db, record.key, status, json.dumps(ending.failed(reason, code="SystemError").error), now)
    if not record.keeps_snapshot:
        runs.forget_snapshot(db, record.key)


def _keep_logs(db: sqlite3.Connection, record: RunRecord, source: RunLayout, copy: Store) -> None:
    """Have what a script has printed by now be artifacts, as they are when a run has ended."""
    target = copy.layout.run(record.experiment_name, record.id)
    for name in [*source.logs(), BUILD_LOG_NAME]:
        path = target.artifact(name)
        if _copy_if_there(source.artifact(name), path):
            artifacts.add(db, record.key, name, os.stat(path).st_size, placing.digest_of(path), clock.now())
