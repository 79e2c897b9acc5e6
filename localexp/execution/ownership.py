"""A run that has not ended is answered for by a living process, or ended by the first who notices that it is not."""

from __future__ import annotations

from localexp.execution import context, ending, processes
from localexp.journal import fold
from localexp.store import clock, runs
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def settled(store: Store, record: RunRecord) -> RunRecord:
    """The run as it truly stands: if its owner is known to have died, it is ended as Failed here, by one reader.

    What the script logged and made so far is kept, and what is left of its processes is killed. While another
    reader is at it, the status is Finalizing.
    """
    if record.owner is None or not Owner.parse(record.owner).is_known_dead():
        return record
    dead = Owner.parse(record.owner)
    outcome = ending.failed(_reason(record, dead), code="SystemError")
    if store.is_read_only:
        with store.main.overlaying() as db:
            runs.move(db, record.key, str(dead), "Failed", time=clock.now())
            runs.set_outcome(db, record.key, None, outcome.error)
    else:
        _take_over(store, record, dead, outcome)
    with store.main.reading() as db:
        return runs.by_key(db, record.key)


def current(store: Store, record: RunRecord) -> RunRecord:
    """The run as it truly stands, with everything that has been said about it in the database."""
    record = settled(store, record)
    if record.unfolded:
        layout = store.layout.run(record.experiment_name, record.id)
        if record.has_ended and not store.is_read_only:
            fold.sweep(store, record.key, layout)
        else:
            fold.fold(store, record.key, layout)
    return record


def _take_over(store: Store, record: RunRecord, dead: Owner, outcome: ending.Outcome) -> None:
    me = str(this_process())
    with store.main.writing() as db:
        if not runs.move(db, record.key, str(dead), "Finalizing", time=clock.now(), new_owner=me):
            return
    try:
        _kill_what_is_left(record, dead)
        layout = store.layout.run(record.experiment_name, record.id)
        ending.end(store, record, me, outcome, ending.journal_writer(layout, record.id))
    except BaseException:
        with store.main.writing() as db:
            runs.hand_over(db, record.key, me, str(dead))
        raise


def _kill_what_is_left(record: RunRecord, dead: Owner) -> None:
    if dead.was_rebooted():
        return
    if record.process is not None:
        processes.kill_group(Owner.parse(record.process))
    elif record.status == "Preparing":
        # The supervisor may have started the script and died before it could say so.
        processes.kill_marked(context.RUN_ID, record.id)


def _reason(record: RunRecord, dead: Owner) -> str:
    if dead.was_rebooted():
        return "the machine was restarted while the run was active"
    if record.status == "NotStarted":
        return f"the process that submitted the run (process {dead.pid}) ended before the script was started"
    if record.type is None:
        return f"the process of the run (process {dead.pid}) died without ending it"
    if record.status == "Finalizing":
        return f"the process that was ending the run (process {dead.pid}) died"
    return f"the supervisor of the run (process {dead.pid}) died"
