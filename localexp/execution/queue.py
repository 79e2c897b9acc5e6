"""The queue of submitted runs: rows that wait, which whoever notices that there is room starts, in their order."""

from __future__ import annotations

from localexp.errors import ExperimentExecutionException
from localexp.execution import canceling, handover, judging, starting
from localexp.execution.leash import Leash
from localexp.store import queue, runs, states
from localexp.store.owners import this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def advance(store: Store) -> None:
    """Start the runs that have waited for the longest time, as many as there is room for."""
    while (first := None if store.is_read_only else _first(store)) is not None:
        if _has_lost_its_leash(store, first):
            continue
        with store.main.writing() as db:
            record = _next(store, db)
            if record is None or not queue.has_room(db):
                return
            # If somebody else has just taken or ended that one, nothing has been asked of this one yet.
            is_claimed = record.key == first.key and states.claim(db, record.key, str(this_process()))
        if not is_claimed:
            continue
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


def _has_lost_its_leash(store: Store, record: RunRecord) -> bool:
    """End a waiting run whose leash is let go, and whose supervisor would do no more; false for any other."""
    layout = store.layout.run(record.experiment_name, record.id)
    leash = Leash(handover.environment(layout), store.layout.goes_with)
    if not leash.is_let_go():
        return False
    with store.main.writing() as db:
        is_ended = canceling.end_waiting(db, record)
        if is_ended:
            runs.set_outcome(db, record.key, None, leash.outcome().error)
    if is_ended:
        handover.forget(layout)
    return True


def _first(store: Store) -> RunRecord | None:
    """The run that is to be started next, if there is room for it."""
    with store.main.reading() as db:
        record, has_room = _next(store, db), queue.has_room(db)
        at_work = [] if record is None or has_room else queue.at_work(db)
    if record is None:
        return None
    if not has_room and not any(judging.is_freed(store, other) for other in at_work):
        return None
    return record


def _next(store: Store, db: sqlite3.Connection) -> RunRecord | None:
    """The run that waits for the longest time of those that this user may start: another's holds up none of them."""
    layout = store.layout
    return next((one for one in queue.waiting(db) if handover.may_start(layout.run(one.experiment_name, one.id))), None)
