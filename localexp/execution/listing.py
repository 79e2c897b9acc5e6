"""Lists of runs, each as it truly stands when its turn comes."""

from __future__ import annotations

from localexp.errors import RunNotFound
from localexp.execution.ownership import current
from localexp.store import runs
from localexp.store.listing import Filter, Listing, Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def listed(store: Store, scope: Scope, wanted: Filter | None = None) -> Iterator[RunRecord]:
    """The runs of a scope that are as wanted, newest first."""
    wanted = wanted or Filter()
    if scope.experiment is not None and (wanted.status is not None or wanted.type is not None or wanted.marks):
        settle(store, scope.experiment)
    listing = Listing(scope, wanted)
    while not listing.is_at_end:
        with store.main.reading() as db:
            page = listing.page(db)
        yield from standing(store, page, wanted.status)


def active(store: Store, most: int) -> list[RunRecord]:
    """The newest so many runs of a workspace that have not ended."""
    with store.main.reading() as db:
        page = runs.active(db, most)
    return [record for record in standing(store, page) if not record.has_ended]


def settle(store: Store, experiment: int | None) -> None:
    """Have the database know what stands in journals, and who has died: it is asked for tags and states.

    :param experiment: None for all.
    """
    with store.main.reading() as db:
        found = runs.unfolded(db, experiment)
    for _ in standing(store, found):
        pass


def standing(store: Store, page: list[RunRecord], status: str | None = None) -> Iterator[RunRecord]:
    """Runs as they stand now, without those that are gone, or are not of the status."""
    for record in page:
        if not record.has_ended:
            try:
                # It may have moved on, or gone, since the page was read.
                record = current(store, _anew(store, record))
            except RunNotFound:
                continue
        elif record.unfolded:
            record = current(store, record)
        if status is None or record.status == status:
            yield record


def _anew(store: Store, record: RunRecord) -> RunRecord:
    with store.main.reading() as db:
        return runs.anew(db, record)
