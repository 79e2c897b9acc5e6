"""A run that need not be: one of the same identity is Completed."""

from __future__ import annotations

from localexp.store import experiments, facts, runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.execution.submission import Submission
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def completed(store: Store, experiment: str, submission: Submission, identity: str) -> RunRecord | None:
    """The newest run of the experiment of this name that is Completed and has the identity of a submission.

    Of a submission with a parent it is one of the children of that; of one for which an environment is built it has
    had the packages that are in that now.
    """
    with store.main.reading() as db:
        found = _newest(db, experiment, submission, identity)
    if found is None or submission.wanted is None:
        return found
    from localexp.execution.environments import build

    # The same requirements may have meant other versions then.
    built = build.packages(store, submission.wanted.id)
    with store.main.reading() as db:
        then = facts.of_run(db, found.key).get("packages")
    return found if built is not None and then == built else None


def _newest(db: sqlite3.Connection, experiment: str, submission: Submission, identity: str) -> RunRecord | None:
    parent = submission.parent
    if parent is not None:
        return runs.newest_completed(db, identity, parent.experiment, parent.key)
    home = experiments.active(db, experiment)
    return None if home is None else runs.newest_completed(db, identity, home.key)
