"""Say something about a run that another process owns, or nobody any more."""

from __future__ import annotations

import os

from localexp.errors import RunNotFound
from localexp.journal import fold
from localexp.journal.writer import JournalWriter
from localexp.store import runs, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def attached_writer(store: Store, record: RunRecord, warns: bool = True) -> JournalWriter:
    """A writer for a run that may have ended already, or end at any time.

    What it says of a tag is later than what has been said by now, though the clock may have been set back since.
    """
    layout = store.layout.run(record.experiment_name, record.id)
    fold.fold(store, record.key, layout)
    with store.main.reading() as db:
        latest = tags.latest_time(db, record.key)
    return JournalWriter(layout, record.id, lambda: announce(store, record, layout), not_before=latest, warns=warns)


def announce(store: Store, record: RunRecord, layout: RunLayout) -> None:
    """Make the folder of journals, and have readers look into it, though the run may have ended.

    :raises RunNotFound: it was deleted.
    """
    # Inside a write transaction, as are the end of the last journal and a deletion: so none can miss the other.
    with store.main.writing() as db:
        if os.path.isdir(store.layout.deleted):
            from localexp.execution.aside import put_back

            put_back(store.layout, db)
        if not runs.set_unfolded(db, record.key, True):
            raise RunNotFound(record.id, [])
        os.makedirs(layout.journals, exist_ok=True)
