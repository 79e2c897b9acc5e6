"""The queue of submitted runs: rows that wait, which whoever notices that there is room starts, in their order."""

from __future__ import annotations

from localexp.errors import ExperimentExecutionException
from localexp.execution import handover, judging, starting
from localexp.store import queue, states
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def advance(store: Store) -> None:
    """Start the runs that have waited for the longest time, as many as there is room for."""
    while (record := None if store.is_read_only else _claimed(store)) is not None:
        try:
            starting.start(store, record)
        except ExperimentExecutionException:
            # The run is Failed, and says why; whoever has just come by has nothing to do with it.
            continue
        except KeyboardInterrupt:
            # This process may go on for long, as a notebook does, and the run is not to wait for it.
            with store.main.writing() as db:
                states.put_in_queue(db, record.key, str(this_process()))
            raise


def _claimed(store: Store) -> RunRecord | None:
    with store.main.reading() as db:
        record, has_room = _next(store, db), queue.has_room(db)
        at_work = [] if record is None or has_room else queue.at_work(db)
    if record is None:
        return None
    if not has_room and not any(judging.is_freed(store, other) for other in at_work):
        return None
    with store.main.writing() as db:
        record = _next(store, db)
        if record is None or not queue.has_room(db) or not states.claim(db, record.key, str(this_process())):
            return None
    return record


def _next(store: Store, db: sqlite3.Connection) -> RunRecord | None:
    """The run that waits for the longest time of those that this user may start: another's holds up none of them."""
    layout = store.layout
    return next((one for one in queue.waiting(db) if handover.may_start(layout.run(one.experiment_name, one.id))), None)
