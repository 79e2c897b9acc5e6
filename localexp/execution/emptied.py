"""A record that somebody emptied: whoever opens such a file next makes it anew, as if there had never been a run."""

from __future__ import annotations

import os

from localexp.execution import orphans
from localexp.store import runs, settings, snapshots
from localexp.store.layout import folder_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store

ADVICE = (
    "restore it from a backup, or if there is none, take what you need out of the folder 'runs' beside it, and make a "
    "new workspace elsewhere"
)


def message(store: Store) -> str | None:
    """What to say of a record that has been emptied; None if it has not."""
    # Before the record is read: a folder may come just before its run.
    there = orphans.places(store)
    with store.main.reading() as db:
        # What creates a workspace writes it, and nothing else.
        if settings.get(db, settings.WORKSPACE_ID) is not None:
            return None
        known = {(folder_name(name), folder_name(run)) for name, run, _ in runs.every_id(db)}
        has_snapshots = bool(snapshots.every_id(db))
    has_lost_snapshots = not has_snapshots and os.path.exists(store.layout.blob_database)
    if not has_lost_snapshots and known.issuperset(there):
        return None
    return (
        f"{store.layout.database} has been emptied, and does not know of the runs and snapshots whose files are there"
    )
