"""Say something about a run that another process owns, or nobody any more."""

from __future__ import annotations

import os

from localexp.journal.writer import JournalWriter
from localexp.store import runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def attached_writer(store: Store, record: RunRecord) -> JournalWriter:
    """A writer for a run that may have ended already, or end at any time."""
    layout = store.layout.run(record.experiment_name, record.id)
    return JournalWriter(layout, record.id, lambda: announce(store, record.key, layout))


def announce(store: Store, run: int, layout: RunLayout) -> None:
    """Make the folder of journals, and have readers look into it, though the run may have ended."""
    # Inside a write transaction, as is the end of the last journal: so neither can miss the other.
    with store.main.writing() as db:
        runs.set_unfolded(db, run, True)
        os.makedirs(layout.journals, exist_ok=True)
