"""What an experiment has: how many runs, how many of them go on, and what their files take."""

from __future__ import annotations

import os

from localexp.errors import RunNotFound
from localexp.execution.ownership import current
from localexp.store import clock, experiments, runs
from localexp.store.layout import folder_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.experiments import ExperimentRecord
    from localexp.store.store import Store


def summary(store: Store, record: ExperimentRecord) -> dict[str, object]:
    """What a list shows of an experiment; runs that go on are counted as they truly stand."""
    with store.main.reading() as db:
        count, newest = experiments.extent(db, record.key)
        unfinished = runs.active_of_experiment(db, record.key)
        said = experiments.tags(db, record.key)
    return {
        "name": record.name,
        "id": record.id,
        "runs": count,
        "active": sum(_goes_on(store, run) for run in unfinished),
        "newest": None if newest is None else clock.iso(newest),
        "created": clock.iso(record.created_at),
        "archived": None if record.archived_at is None else clock.iso(record.archived_at),
        "tags": said,
    }


def bytes_of_runs(store: Store, record: ExperimentRecord) -> int:
    """What lies in the folders of an experiment's runs; what its snapshots take is not among it."""
    with store.main.reading() as db:
        own = {folder_name(identifier) for identifier in runs.ids_of_experiment(db, record.key)}
    place = store.layout.runs(record.name)
    if not os.path.isdir(place):
        return 0
    # Experiments of one name, archived ones among them, share the folder.
    return sum(_bytes_below(os.path.join(place, name)) for name in os.listdir(place) if name in own)


def _goes_on(store: Store, record: runs.RunRecord) -> bool:
    try:
        return not current(store, record).has_ended
    except RunNotFound:
        return False


def _bytes_below(folder: str) -> int:
    return sum(_size(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names)


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        # It went while the folder was read.
        return 0
