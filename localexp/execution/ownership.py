"""A run as it truly stands: answered for by a living process, waiting in the queue, or ended."""

from __future__ import annotations

from localexp.execution import judging, queue
from localexp.journal import fold
from localexp.store import runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def settled(store: Store, record: RunRecord) -> RunRecord:
    """The run as it truly stands: if its owner is known to have died, it is ended as Failed here, by one reader, or as
    Canceled if that had been asked for. One that waits in the queue is started if there is room for it.

    While another reader is at it, the status is Finalizing.
    """
    is_freed = judging.is_freed(store, record)
    is_waiting = record.status == "Queued" and record.owner is None
    if not (is_freed or is_waiting):
        return record
    queue.advance(store)
    with store.main.reading() as db:
        return runs.anew(db, record)


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
