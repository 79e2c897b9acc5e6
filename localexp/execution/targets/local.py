"""Scripts as processes of their own, each with a supervisor, as many at once as there is room for."""

from __future__ import annotations

from contextlib import nullcontext

from localexp.execution import queue, starting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.submission import Submission
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

is_queued = True
turn = nullcontext


def check(submission: Submission) -> None:
    """Nothing is refused."""


def start(store: Store, record: RunRecord) -> None:
    """Start the supervisor of a run, or whoever is next in the queue that the run is in."""
    if record.owner is None:
        queue.advance(store)
    else:
        starting.start(store, record)
