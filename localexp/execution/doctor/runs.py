"""Does somebody answer for each run that goes on, and is what was said of each in the record?"""

from __future__ import annotations

import os

from localexp.execution import aside, handover, ownership, queue
from localexp.execution.doctor.finding import Finding
from localexp.journal import fold
from localexp.snapshot.sizes import counted
from localexp.store import clock, holds, journals, runs
from localexp.store import queue as rows_of_queue
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_DAY = 24 * 3600 * 1_000_000
_MINUTE = 60 * 1_000_000


def findings(store: Store) -> Iterator[Finding]:
    with store.main.reading() as db:
        active, unfolded = runs.active(db), runs.unfolded(db, None)
        newest = runs.newest(db)
    for record in active:
        yield from _of_owner(store, record)
    yield from _of_queue(store)
    for record in unfolded:
        if record.has_ended:
            yield from _of_journals(store, record)
    if newest is not None:
        # It may be of a test that has a clock of its own, or have been there before that.
        yield from clock_findings(newest, max(clock.shown(), clock.real()))
    yield from _of_holds(store)


def _of_owner(store: Store, record: RunRecord) -> Iterator[Finding]:
    if record.owner is None:
        return
    owner = Owner.parse(record.owner)
    if owner.is_known_dead():
        message = f"run {record.id} is {record.status}, and its process ({owner.pid}) has died"
        advice = f"'localexp show {record.id}' ends it, as whatever looks at it does, and so does --repair"
        yield Finding("dead-owner", record.id, message, advice, lambda: ownership.settled(store, record))
    elif not _can_be_asked(owner):
        since = clock.shown() - (record.started_at or record.created_at)
        if since >= _DAY:
            message = (
                f"run {record.id} is {record.status} for {counted(since // _DAY, 'day')}, owned by process {owner.pid} "
                f"of {owner.host}, which cannot be asked from here"
            )
            yield Finding(
                "unknown-owner", record.id, message, "look there, where any 'localexp runs' ends it if it died"
            )


def _can_be_asked(owner: Owner) -> bool:
    """Whether one that is not known to be dead is known to live."""
    from localexp.store.owners import this_process

    here = this_process()
    return (owner.host, owner.boot, owner.namespace) == (here.host, here.boot, here.namespace)


def _of_queue(store: Store) -> Iterator[Finding]:
    with store.main.reading() as db:
        waiting, has_room = list(rows_of_queue.waiting(db)), rows_of_queue.has_room(db)
    for record in waiting:
        layout = store.layout.run(record.experiment_name, record.id)
        if not handover.may_start(layout):
            message = f"run {record.id} is Queued, and nobody here may start it: another user or machine submitted it"
            advice = f"have that one run 'localexp runs', or 'localexp cancel {record.id}'"
            yield Finding("not-startable", record.id, message, advice)
        elif has_room:
            message = f"run {record.id} is Queued, and there is room for it"
            advice = "'localexp runs' starts it, as whatever looks at it does, and so does --repair"
            yield Finding("not-started", record.id, message, advice, lambda: queue.advance(store))


def _of_journals(store: Store, record: RunRecord) -> Iterator[Finding]:
    layout = store.layout.run(record.experiment_name, record.id)
    sizes = {name: _size(layout.journal(name)) for name in aside.listed(layout.journals)}
    with store.main.reading() as db:
        known = journals.of_run(db, record.key)
    behind = sum(size > (known[name].folded if name in known else 0) for name, size in sizes.items())
    if behind:
        message = f"run {record.id} has {counted(behind, 'journal')} with what is not in the record yet"
        advice = f"'localexp show {record.id}' brings it there, as whatever looks at it does, and so does --repair"
        yield Finding("unfolded", record.id, message, advice, lambda: fold.sweep(store, record.key, layout))


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        # Somebody has just brought it into the record.
        return 0


def clock_findings(newest: RunRecord, now: int) -> Iterator[Finding]:
    """A run cannot have been made later than now."""
    if newest.created_at > now + _MINUTE:
        message = f"run {newest.id} was made at {clock.iso(newest.created_at)}, which is yet to come"
        yield Finding("clock", newest.id, message, "the clock has been set back, or was wrong then: set it right")


def _of_holds(store: Store) -> Iterator[Finding]:
    with store.main.reading() as db:
        dead = holds.of_the_dead(db)

    def mend() -> None:
        with store.main.writing() as db:
            holds.holder(db)

    for hold in dead:
        message = f"a backup was not finished: its process ({hold.owner.pid}) has died"
        left = hold.path or "the '.part' folder beside where it was to be"
        yield Finding(
            "dead-backup", str(hold.owner), message, f"remove {left}, if it is there; --repair forgets of it here", mend
        )
