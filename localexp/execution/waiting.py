"""Wait for a run to end."""

from __future__ import annotations

import os
import time

from localexp.execution.ownership import settled
from localexp.store import runs
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1
_SECONDS_TO_TIDY_UP = 2.0


def wait(store: Store, run: RunRecord, while_waiting: Callable[[], None] = lambda: None) -> RunRecord:
    """The run when it has ended; ``while_waiting`` is called about ten times a second, and once after the end.

    A supervisor that was seen at work is given a moment to be gone too: then the store is at rest.
    """
    pause, last_owner = _SHORTEST_PAUSE, None
    while True:
        with store.main.reading() as db:
            record = runs.anew(db, run)
        record = settled(store, record)
        while_waiting()
        if record.has_ended:
            if record.type is not None:
                _is_blocked_until_it_ended(last_owner, _SECONDS_TO_TIDY_UP)
            return record
        last_owner = record.owner
        if not _is_blocked_until_it_ended(record.owner, _LONGEST_PAUSE):
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _is_blocked_until_it_ended(owner: str | None, seconds: float) -> bool:
    """Block while the owner lives, for some time at most; False where the system offers no way to."""
    if owner is None or not hasattr(os, "pidfd_open"):
        return False
    process, here = Owner.parse(owner), this_process()
    if process == here or (process.boot, process.namespace) != (here.boot, here.namespace):
        return False
    import select

    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)
    return True
