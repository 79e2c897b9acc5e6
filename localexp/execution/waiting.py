"""Wait for runs to end."""

from __future__ import annotations

import os
import time

from localexp.errors import UserErrorException
from localexp.execution import context, interactive
from localexp.execution.ownership import settled
from localexp.store import runs
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1
_SECONDS_TO_TIDY_UP = 2.0
# Each takes a file descriptor, of which a process may have a thousand or less.
_MOST_WATCHED = 64


def check_can_be_waited_for(store: Store, run_id: str) -> None:
    """Refuse a run that could not end while this process waits for it.

    :raises UserErrorException: it is this very process, or the script that this process is part of.
    """
    if interactive.is_open(store, run_id):
        raise UserErrorException(
            f"run {run_id} was started by this process and is still open, so waiting for it would never end: call its "
            "complete() first"
        )
    if context.is_part_of(store.layout, run_id):
        raise UserErrorException(f"run {run_id} is the script that waits, and would wait for ever: let it end")


def wait(store: Store, run: RunRecord, while_waiting: Callable[[], None] = lambda: None) -> RunRecord:
    """The run when it has ended; ``while_waiting`` is called about ten times a second, and once after the end."""
    [record] = wait_for_all(store, [run], lambda _: while_waiting())
    return record


def wait_for_all(
    store: Store, wanted: Sequence[RunRecord], while_waiting: Callable[[Sequence[RunRecord]], None]
) -> Sequence[RunRecord]:
    """The runs when all have ended; ``while_waiting`` is told how they stand about ten times a second, and at the end.

    Supervisors that were seen at work are given a moment to be gone too: then the store is at rest.

    :raises RunNotFound: one of them was deleted.
    """
    with store.main.reading() as db:
        before = [runs.anew(db, record) for record in wanted]
    records, pause = _standing(store, before), _SHORTEST_PAUSE
    while True:
        while_waiting(records)
        if all(record.has_ended for record in records):
            _wait_until_gone([record.owner for record in before if record.owner and record.type is not None])
            return records
        if not is_blocked_until_one_ended([record.owner for record in records if record.owner], _LONGEST_PAUSE):
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        before, records = records, _standing(store, records)


def _standing(store: Store, records: Sequence[RunRecord]) -> list[RunRecord]:
    with store.main.reading() as db:
        found = [record if record.has_ended else runs.anew(db, record) for record in records]
    # To settle one that waits has the whole queue go on.
    waiting = next((record for record in found if record.status == "Queued" and record.owner is None), None)
    return [settled(store, record) if record.owner or record is waiting else record for record in found]


def _wait_until_gone(supervisors: list[str]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_TIDY_UP
    while (left := deadline - time.monotonic()) > 0 and is_blocked_until_one_ended(supervisors, left):
        supervisors = [supervisor for supervisor in supervisors if Owner.parse(supervisor).is_alive()]


def is_blocked_until_one_ended(owners: list[str], seconds: float) -> bool:
    """Block while all of these live, for some time at most; False if there is none, or no way to."""
    descriptors = _descriptors(owners[:_MOST_WATCHED]) if hasattr(os, "pidfd_open") else []
    if not descriptors:
        return False
    import select

    try:
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    return True


def _descriptors(owners: list[str]) -> list[int]:
    found = []
    for process, here in ((Owner.parse(owner), this_process()) for owner in owners):
        if process == here or (process.boot, process.namespace) != (here.boot, here.namespace):
            continue
        try:
            found.append(os.pidfd_open(process.pid))
        except OSError:
            # It has just ended, or the system has no descriptors left.
            continue
    return found
