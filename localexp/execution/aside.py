"""The folders of what is being deleted: they lie aside until the rows are gone, and then go, or back.

Whoever comes after somebody who died over it sees by the rows which it is to be.
"""

from __future__ import annotations

import os

from localexp.store import experiments, runs
from localexp.store.layout import RUN_ASIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from localexp.store.experiments import ExperimentRecord
    from localexp.store.layout import Layout
    from localexp.store.store import Store


def recover(store: Store) -> None:
    """Bring deletions in which somebody died, or failed, to their end: forward if the rows are gone, else back."""
    if store.is_read_only or not os.path.isdir(store.layout.deleted):
        return
    # A deletion that goes on holds the lock from its first step until its rows are gone.
    with store.main.writing() as db:
        gone = put_back(store.layout, db)
    for name in gone:
        _remove(os.path.join(store.layout.deleted, name))
    with store.main.writing():
        remove_if_empty(store.layout.deleted)


def put_back(layout: Layout, db: sqlite3.Connection) -> list[str]:
    """Put the folders of runs that are there in their places; within a write transaction.

    What is returned are the names of what lies aside of runs and experiments whose rows are gone, which can go too.
    """
    return [name for name in listed(layout.deleted) if not _is_put_back(layout, db, name)]


def _is_put_back(layout: Layout, db: sqlite3.Connection, name: str) -> bool:
    """Whether what lies aside by this name is of something that is there, where it is again now."""
    number = name.removeprefix(RUN_ASIDE)
    if number != name and number.isdecimal():
        key = int(number)
        if not runs.exists(db, key):
            return False
        _put_back_run(layout, db, runs.by_key(db, key))
        return True
    experiment = experiments.find(db, name)
    if experiment is None:
        return False
    _put_back_experiment(layout, db, experiment)
    return True


def _put_back_run(layout: Layout, db: sqlite3.Connection, record: runs.RunRecord) -> None:
    folder = layout.run(record.experiment_name, record.id).folder
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    _merge(layout.deleted_run(record.key), folder)
    _have_journals_looked_for(layout, db, record)


def _put_back_experiment(layout: Layout, db: sqlite3.Connection, experiment: ExperimentRecord) -> None:
    place, aside = layout.runs(experiment.name), layout.deleted_runs(experiment.id)
    os.makedirs(place, exist_ok=True)
    for name in listed(aside):
        _merge(os.path.join(aside, name), os.path.join(place, name))
    for identifier in runs.ids_of_experiment(db, experiment.key):
        if os.path.isdir(layout.run(experiment.name, identifier).journals):
            record = runs.find(db, identifier)
            assert record is not None
            _have_journals_looked_for(layout, db, record)
    remove_if_empty(aside)


def _have_journals_looked_for(layout: Layout, db: sqlite3.Connection, record: runs.RunRecord) -> None:
    # Whoever looked meanwhile found no journals, and may have noted that there are none.
    if os.path.isdir(layout.run(record.experiment_name, record.id).journals):
        runs.set_unfolded(db, record.key, True)


def _merge(source: str, target: str) -> None:
    """Move a file or folder to where somebody may have made one meanwhile; what was there first stands."""
    if not (os.path.isdir(source) and os.path.isdir(target)):
        os.replace(source, target)
        return
    for name in os.listdir(source):
        _merge(os.path.join(source, name), os.path.join(target, name))
    os.rmdir(source)


def move(layout: Layout, pairs: Iterable[tuple[str, str]]) -> None:
    """Rename folders and files, and see to it that this is on the disk.

    :raises OSError: one cannot be; the others may have been.
    """
    places = set()
    for source, target in pairs:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(source, target)
        places |= {os.path.dirname(source), os.path.dirname(target)}
    for place in () if layout.is_ephemeral else places:
        _sync(place)


def _remove(folder: str) -> None:
    import shutil

    # What cannot be removed, as a file that another process has open on Windows, goes when somebody comes next.
    shutil.rmtree(folder, ignore_errors=True)


def listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        # It is not, or another process has just done so.
        pass


def _sync(folder: str) -> None:
    """See to it that renames into or out of a folder are on the disk, where a folder can be asked."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
