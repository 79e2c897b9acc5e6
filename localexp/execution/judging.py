"""A run whose owner has died is ended by the first who notices; one that had no supervisor yet goes to the queue."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial

from localexp.execution import context, ending, processes, starting
from localexp.execution.targets import INLINE
from localexp.store import checkouts, clock, runs, states
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# Runs that threads of this process are ending; who has put a run there takes it away.
_at_work: dict[tuple[str, int], object] = {}


def is_freed(store: Store, record: RunRecord) -> bool:
    """End a run, or put it in the queue, if its owner is known to have died; False if there is nothing to be done.

    What the script logged and made so far is kept, and what is left of its processes is killed.
    """
    if record.owner is None or not (_is_left(record) or _is_to_be_resumed(store, record)):
        return False
    if store.is_read_only:
        _end_in_overlay(store, record)
    elif record.status in states.IN_FRONT:
        with store.main.writing() as db:
            states.put_in_queue(db, record.key, record.owner)
    else:
        _take_over(store, record)
    return True


def _is_left(record: RunRecord) -> bool:
    return record.owner is not None and Owner.parse(record.owner).is_known_dead()


def _is_to_be_resumed(store: Store, record: RunRecord) -> bool:
    """Whether an error, as of a full disk, kept this process from starting the run, or from ending one it took over."""
    if record.owner != str(this_process()):
        return False
    if record.status in states.IN_FRONT:
        return starting.has_given_up(store, record)
    return record.status in ("Finalizing", "CancelRequested") and (store.layout.root, record.key) not in _at_work


@contextmanager
def at_work(store: Store, record: RunRecord) -> Iterator[None]:
    """Within the block no thread of this process takes a run of its own for one that it has given up."""
    work = store.layout.root, record.key
    _at_work[work] = object()
    try:
        yield
    finally:
        _at_work.pop(work, None)


def _end_in_overlay(store: Store, record: RunRecord) -> None:
    assert record.owner is not None
    if record.status in states.IN_FRONT:
        return
    outcome = _judged(record)
    with store.main.overlaying() as db:
        if states.move(db, record.key, record.owner, outcome.status, time=clock.now()):
            runs.set_outcome(db, record.key, None, outcome.error)


def _take_over(store: Store, record: RunRecord) -> None:
    me, work, mark = str(this_process()), (store.layout.root, record.key), object()
    if _at_work.setdefault(work, mark) is not mark:
        return
    try:
        with store.main.writing() as db:
            found = runs.anew(db, record)
            status = "CancelRequested" if found.status == "CancelRequested" else "Finalizing"
            if found.owner != record.owner or not states.move(
                db, found.key, str(record.owner), status, time=clock.shown(), new_owner=me
            ):
                return
            # By whoever took it over and died, or failed to end it.
            is_judged = status == "Finalizing" and found.error is not None
            outcome = ending.Outcome("Failed", None, found.error_parts()) if is_judged else _judged(found)
            runs.set_outcome(db, found.key, None, outcome.error)
            checkouts.hand_over(db, found.key, me)
        _kill_what_is_left(store, found)
        ending.end(store, found, me, outcome, ending.journal_writer(store, found))
    finally:
        _at_work.pop(work, None)


def _kill_what_is_left(store: Store, record: RunRecord) -> None:
    assert record.owner is not None
    if Owner.parse(record.owner).was_rebooted():
        return
    if record.process is not None:
        processes.kill_all_of(Owner.parse(record.process))
    if record.type is not None:
        # Also what has left the group, or what the supervisor started and died before it could say so.
        processes.kill_marked(partial(context.is_part_of, store.layout, record.id))


def _judged(record: RunRecord) -> ending.Outcome:
    assert record.owner is not None
    if record.status == "CancelRequested":
        return ending.Outcome("Canceled", None, record.error_parts())
    return ending.failed(_reason(record, Owner.parse(record.owner)), code="SystemError")


def _reason(record: RunRecord, dead: Owner) -> str:
    if dead.was_rebooted():
        return "the machine was restarted while the run was active"
    if record.type is None:
        return f"the process of the run (process {dead.pid}) died without ending it"
    if record.status == "Finalizing":
        return f"the process that was ending the run (process {dead.pid}) died"
    if record.target == INLINE:
        return f"the process in which the script ran (process {dead.pid}) died"
    return f"the supervisor of the run (process {dead.pid}) died"


if hasattr(os, "register_at_fork"):
    # A child does not have the threads.
    os.register_at_fork(after_in_child=_at_work.clear)
