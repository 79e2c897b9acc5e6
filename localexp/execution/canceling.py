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
    if record.type is None and not record.has_ended:
        raise UserErrorException(
            f"run {record.id} is an interactive run of another process: only that one can end it, and its death does"
        )
    if record.target == INLINE and not record.has_ended:
        raise UserErrorException(
            f"run {record.id} runs inline, in the process that submitted it{_where(record)}, and cannot be canceled: "
            "press Ctrl-C there, or end that process"
        )
    return marked(store, record)


def _where(record: RunRecord) -> str:
    return "" if record.owner is None else f" (process {Owner.parse(record.owner).pid})"


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
        states.move(db, record.key, record.owner, "CancelRequested", time=clock.now())
        return
    states.cancel_waiting(db, record.key, clock.now())
    runs.say_folded(db, record.key)
    if not record.keeps_snapshot:
        runs.forget_snapshot(db, record.key)
