"""The process that owns a submitted run: it runs the script, listens, and records how that ended."""

from __future__ import annotations

import os

from localexp.execution.bell import Bell
from localexp.execution.homes import StoreHome
from localexp.execution.supervising import supervise
from localexp.store import clock, owners, runs, states
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord


def main(root: str, run_id: str, starter: str) -> None:
    """Answer for the run until it has ended, and start who waits for its place.

    Nothing is done if the run is neither of ``starter``, who has started this process, nor handed over to it.
    """
    bell, store, me = Bell(), Store(root), str(owners.this_process())
    record = _taken_over(store, run_id, starter, me)
    if record is not None and supervise(StoreHome(store, record, me), bell):
        _start_next(store)
        _remove_if_empty(store.layout.run(record.experiment_name, record.id).supervisor_log)
    store.close()


def _taken_over(store: Store, run_id: str, starter: str, me: str) -> RunRecord | None:
    with store.main.writing() as db:
        record = runs.find(db, run_id)
        if record is None or record.owner not in (starter, me):
            return None
        status = "CancelRequested" if record.status == "CancelRequested" else "Preparing"
        if record.status != "Preparing":
            states.move(db, record.key, record.owner, status, time=clock.now(), new_owner=me)
    return record


def _start_next(store: Store) -> None:
    from localexp.execution.queue import advance

    advance(store)


def _remove_if_empty(path: str) -> None:
    if os.path.getsize(path) == 0:
        os.unlink(path)
