"""Cancel a submitted run: at once if it waits in the queue, otherwise by its supervisor, which is woken for it."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.execution import handover, processes
from localexp.execution.targets import INLINE
from localexp.store import clock, runs, states
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def request_cancel(store: Store, record: RunRecord) -> RunRecord:
    """Have a submitted run end as Canceled, with those that it has submitted, and return it as it stands now.

    :raises RunNotFound: it was deleted.
    :raises UserErrorException: it has ended or is just being ended, or it is an interactive run or an inline one.
    """
    other = instead(record)
    if other is not None:
        raise UserErrorException(f"run {record.id} cannot be canceled: {other}")
    return marked(store, record)


def instead(record: RunRecord) -> str | None:
    """What ends a run that goes on and cannot be canceled; None for any other run."""
    if record.has_ended:
        return None
    process = "another process"
    if record.owner is not None:
        owner = Owner.parse(record.owner)
        process = f"process {owner.pid} of {owner.host}"
    if record.type is None:
        return f"it is an interactive run of {process}; only that can end it, by run.complete() or by ending itself"
    if record.target == INLINE:
        return f"it runs inline, in {process}, which submitted it: press Ctrl-C there, or end that process"
    return None


def marked(store: Store, record: RunRecord) -> RunRecord:
    """As ``request_cancel``, of an inline run too, whose process is about to end or to end it.

    :raises UserErrorException: it has ended or is just being ended.
    """
    with store.main.writing() as db:
        before = runs.anew(db, record)
        _move(db, before)
        found = runs.by_key(db, record.key)
    if found.has_ended:
        handover.forget(store.layout.run(found.experiment_name, found.id))
    elif before.status == "Running" and before.target != INLINE:
        # From then on its supervisor listens; until then it looks by itself before it starts the script.
        assert before.owner is not None
        processes.wake(Owner.parse(before.owner))
    cancel_submitted_by(store, found)
    return found


def cancel_submitted_by(store: Store, record: RunRecord) -> None:
    """Have those end as Canceled that a run which is canceled has submitted: what they were for will not come."""
    with store.main.reading() as db:
        found = runs.submitted_by(db, record)
    for other in found:
        try:
            marked(store, other)
        except UserErrorException:
            # It has just ended by itself.
            continue


def _move(db: sqlite3.Connection, record: RunRecord) -> None:
    if record.status not in states.STOPPABLE:
        raise UserErrorException(f"run {record.id} is {record.status}: only a run that goes on can be canceled")
    if record.owner is not None:
        states.move(db, record.key, record.owner, "CancelRequested", time=clock.shown())
        return
    end_waiting(db, record)


def end_waiting(db: sqlite3.Connection, record: RunRecord) -> bool:
    """End a run that waits in the queue as Canceled; False if it does not wait there any more."""
    if not states.cancel_waiting(db, record.key, clock.now()):
        return False
    runs.say_folded(db, record.key)
    if not record.keeps_snapshot:
        runs.forget_snapshot(db, record.key)
    return True
