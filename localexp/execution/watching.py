"""Runs that somebody looks at again and again, while they go on."""

from __future__ import annotations

import time

from localexp.errors import RunNotFound
from localexp.execution import searching
from localexp.execution.ownership import current, settled
from localexp.execution.waiting import is_blocked_until_one_ended
from localexp.metrics.system import SAMPLED
from localexp.store import clock, curves, points, runs
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# What supervisors fold by themselves every few seconds need not be folded sooner by whoever looks.
_SECONDS_BETWEEN_FOLDS = 2.0
_PAUSE_SECONDS, _SHORTEST_PAUSE = 0.5, 0.05
_MOST_FOUND = 1000


class Seen:
    """A run as it stood when it was looked at: its last metrics, and the highest step among them."""

    def __init__(self, record: RunRecord, metrics: dict[str, object], step: int | None) -> None:
        self.record = record
        self.metrics = metrics
        self.step = step

    @property
    def seconds(self) -> float | None:
        """For how long it has been running, or was; None if it has not begun."""
        if self.record.started_at is None:
            return None
        return max(0, (self.record.ended_at or clock.shown()) - self.record.started_at) / 1e6


class Watch:
    """Some runs, or all that are active now and those that will be.

    :param wanted: the runs; None for those that are active.
    :param find_active: gives the active runs that are to be watched.
    """

    def __init__(
        self,
        store: Store,
        wanted: Sequence[RunRecord] | None,
        find_active: Callable[[], list[RunRecord]] = list,
    ) -> None:
        self._store = store
        self._find_active = find_active if wanted is None else list
        self._records = {record.key: record for record in wanted or ()}
        self._seen: dict[int, Seen] = {}
        self._next_fold = 0.0

    def look(self) -> list[RunRecord]:
        """How the runs stand, those that have ended since this began included: the active ones first, newest first."""
        for record in self._find_active():
            self._records.setdefault(record.key, record)
        self._renew()
        return sorted(self._records.values(), key=lambda record: (record.has_ended, -record.key))

    def _renew(self) -> None:
        active = [record for record in self._records.values() if not record.has_ended]
        with self._store.main.reading() as db:
            found = [(record.key, _anew(db, record)) for record in active]
        is_queue_settled = False
        for key, record in found:
            if record is None:
                # It was deleted.
                del self._records[key]
                continue
            is_waiting = record.owner is None and record.status == "Queued"
            # To settle one that waits has the whole queue go on.
            is_moving = not is_queue_settled if is_waiting else record.owner is not None
            is_queue_settled = is_queue_settled or is_waiting
            if is_moving:
                self._settle(record)
            else:
                self._records[key] = record

    def _settle(self, record: RunRecord) -> None:
        try:
            self._records[record.key] = settled(self._store, record)
        except RunNotFound:
            # It was deleted since it was read.
            del self._records[record.key]

    def details(self, records: Sequence[RunRecord]) -> list[Seen]:
        """What the runs have come to; what they have just logged is seen with some delay."""
        asked = [record for record in records if not self._is_known(record)]
        if (now := time.monotonic()) >= self._next_fold or any(record.has_ended for record in asked):
            self._next_fold = now + _SECONDS_BETWEEN_FOLDS
            for record in asked:
                self._fold(record)
        self._read(asked)
        return [self._seen[record.key] for record in records]

    def _is_known(self, record: RunRecord) -> bool:
        return record.key in self._seen and self._seen[record.key].record.has_ended

    def _fold(self, record: RunRecord) -> None:
        try:
            current(self._store, record)
        except RunNotFound:
            # The next look misses it.
            return

    def _read(self, records: Sequence[RunRecord]) -> None:
        keys = [record.key for record in records]
        metrics: dict[int, dict[str, object]] = {key: {} for key in keys}
        with self._store.main.reading() as db:
            for key, name, cell in points.last_of_runs(db, keys):
                if name not in SAMPLED:
                    value = from_cell(cell)
                    metrics[key][name] = value.name if isinstance(value, Reference) else value
            steps = curves.newest_steps(db, keys)
        for record in records:
            self._seen[record.key] = Seen(record, metrics[record.key], steps.get(record.key))

    def pause(self) -> None:
        """Wait until it is time to look again: half a second, or until the process of one of the runs has ended."""
        owners = [record.owner for record in self._records.values() if record.owner]
        started = time.monotonic()
        has_ended = is_blocked_until_one_ended(owners, _PAUSE_SECONDS)
        # Whoever has just ended is given a moment to be gone.
        least = _SHORTEST_PAUSE if has_ended else _PAUSE_SECONDS
        time.sleep(max(0.0, least - (time.monotonic() - started)))


def _anew(db: sqlite3.Connection, record: RunRecord) -> RunRecord | None:
    try:
        return runs.anew(db, record)
    except RunNotFound:
        return None


def active_of(store: Store, experiment: int | None, filtered: str | None) -> Callable[[], list[RunRecord]]:
    """What a `Watch` asks for the active runs: of one experiment or of all, those that a filter is true of.

    :raises FilterSyntaxError: the filter cannot be read.
    """
    if filtered is None or not filtered.strip():
        return lambda: _active(store, experiment)
    searching.checked(filtered, None)
    return _Search(store, experiment, f"({filtered}) and end_time is null")


def _active(store: Store, experiment: int | None) -> list[RunRecord]:
    with store.main.reading() as db:
        found = runs.active(db) if experiment is None else runs.active_of_experiment(db, experiment)
        return sorted(found, key=lambda record: record.key)


class _Search:
    """Searches now and then, for a search has everything be folded; gives nothing meanwhile."""

    def __init__(self, store: Store, experiment: int | None, filtered: str) -> None:
        self._store = store
        self._experiment = experiment
        self._filtered = filtered
        self._next = 0.0

    def __call__(self) -> list[RunRecord]:
        if (now := time.monotonic()) < self._next:
            return []
        self._next = now + _SECONDS_BETWEEN_FOLDS
        return searching.search(
            self._store, experiment=self._experiment, filter=self._filtered, limit=_MOST_FOUND
        ).records
