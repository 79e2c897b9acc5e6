"""A run that has not ended is answered for by a living process, or ended by the first who notices that it is not."""

from __future__ import annotations

import os

from localexp.execution import context, ending, processes
from localexp.journal import fold
from localexp.store import checkouts, clock, runs
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# Runs that threads of this process are ending; who has put a run there takes it away.
_at_work: dict[tuple[str, int], object] = {}


def settled(store: Store, record: RunRecord) -> RunRecord:
    """The run as it truly stands: if its owner is known to have died, it is ended as Failed here, by one reader, or as
    Canceled if that had been asked for.

    What the script logged and made so far is kept, and what is left of its processes is killed. While another
    reader is at it, the status is Finalizing.
    """
    if record.owner is None or not (_is_left(record) or _is_to_be_resumed(store, record)):
        return record
    if store.is_read_only:
        _end_in_overlay(store, record)
    else:
        _take_over(store, record)
    with store.main.reading() as db:
        return runs.anew(db, record)


def _is_left(record: RunRecord) -> bool:
    return record.owner is not None and Owner.parse(record.owner).is_known_dead()


def _is_to_be_resumed(store: Store, record: RunRecord) -> bool:
    """Whether this process has taken the run over earlier, and an error, as of a full disk, kept it from ending it."""
    return (
        record.status in ("Finalizing", "CancelRequested")
        and record.owner == str(this_process())
        and (store.layout.root, record.key) not in _at_work
    )


def _end_in_overlay(store: Store, record: RunRecord) -> None:
    assert record.owner is not None
    outcome = _judged(record)
    with store.main.overlaying() as db:
        if runs.move(db, record.key, record.owner, outcome.status, time=clock.now()):
            runs.set_outcome(db, record.key, None, outcome.error)


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


def _take_over(store: Store, record: RunRecord) -> None:
    me, work, mark = str(this_process()), (store.layout.root, record.key), object()
    if _at_work.setdefault(work, mark) is not mark:
        return
    try:
        with store.main.writing() as db:
            found = runs.anew(db, record)
            status = "CancelRequested" if found.status == "CancelRequested" else "Finalizing"
            if found.owner != record.owner or not runs.move(
                db, found.key, str(record.owner), status, time=clock.now(), new_owner=me
            ):
                return
            is_judged = found.owner == me and status == "Finalizing"
            outcome = ending.Outcome("Failed", None, found.error_parts()) if is_judged else _judged(found)
            runs.set_outcome(db, found.key, None, outcome.error)
            checkouts.hand_over(db, found.key, me)
        _kill_what_is_left(found)
        ending.end(store, found, me, outcome, ending.journal_writer(store, found))
    finally:
        _at_work.pop(work, None)


def _kill_what_is_left(record: RunRecord) -> None:
    assert record.owner is not None
    if Owner.parse(record.owner).was_rebooted():
        return
    if record.process is not None:
        processes.kill_group(Owner.parse(record.process))
    if record.type is not None:
        # Also what has left the group, or what the supervisor started and died before it could say so.
        processes.kill_marked(context.RUN_ID, record.id)


def _judged(record: RunRecord) -> ending.Outcome:
    assert record.owner is not None
    if record.status == "CancelRequested":
        return ending.canceled()
    return ending.failed(_reason(record, Owner.parse(record.owner)), code="SystemError")


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


if hasattr(os, "register_at_fork"):
    # A child does not have the threads.
    os.register_at_fork(after_in_child=_at_work.clear)
