"""Delete an experiment with its runs: all of it or nothing, whenever whoever does it dies.

The folders of its runs are renamed aside, then their rows go, in one transaction; what is aside goes when that is on
the disk. If it never comes to that, whoever opens the workspace next finds the rows, and puts the folders back.
"""

from __future__ import annotations

import os

from localexp.errors import RunNotFound, StoreError, UserErrorException
from localexp.execution.ownership import settled
from localexp.store import experiments, runs
from localexp.store.layout import folder_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.experiments import ExperimentRecord
    from localexp.store.layout import Layout
    from localexp.store.store import Store

_NAMED = 5


def delete(store: Store, experiment_id: str) -> None:
    """Delete an experiment, its runs and their files.

    :raises UserErrorException: there is no such experiment, or a run of it goes on.
    :raises StoreError: its files cannot be moved, or the store cannot be written; everything is as it was.
    """
    with store.main.reading() as db:
        active = runs.active_of_experiment(db, _found(db, experiment_id).key)
    for record in active:
        try:
            settled(store, record)
        except RunNotFound:
            # Another process has deleted the experiment, which comes out below.
            continue
    try:
        # On the disk before the files go: else they would be gone and the rows there, had the machine failed between.
        with store.main.writing(durable=True) as db:
            experiment = _found(db, experiment_id)
            put_back(store.layout, db)
            _refuse_active(experiment, runs.active_of_experiment(db, experiment.key))
            _move_aside(store.layout, db, experiment)
            runs.delete_of_experiment(db, experiment.key)
            experiments.delete(db, experiment.key)
    finally:
        recover(store)


def recover(store: Store) -> None:
    """Bring deletions in which somebody died, or failed, to their end: forward if the rows are gone, else back."""
    if store.is_read_only or not os.path.isdir(store.layout.deleted):
        return
    # A deletion that goes on holds the lock from its first step until its rows are gone.
    with store.main.writing() as db:
        gone = put_back(store.layout, db)
    for identifier in gone:
        _remove(store.layout.deleted_runs(identifier))
    with store.main.writing():
        _remove_if_empty(store.layout.deleted)


def put_back(layout: Layout, db: sqlite3.Connection) -> list[str]:
    """Put the folders of runs that are there in their places; within a write transaction.

    What is returned are the ids of those experiments whose rows are gone, with whose deletion one can go on.
    """
    gone = []
    for identifier in _listed(layout.deleted):
        experiment = experiments.find(db, identifier)
        if experiment is None:
            gone.append(identifier)
        else:
            _put_back(layout, db, experiment)
    return gone


def _found(db: sqlite3.Connection, experiment_id: object) -> ExperimentRecord:
    record = experiments.find(db, experiment_id) if isinstance(experiment_id, str) else None
    if record is None:
        raise UserErrorException(
            f"there is no experiment with the id {experiment_id!r}; Experiment.list(workspace, view_type=ViewType.All) "
            "gives them with their ids"
        )
    return record


def _refuse_active(experiment: ExperimentRecord, active: list[runs.RunRecord]) -> None:
    if active:
        named = ", ".join(record.id for record in active[:_NAMED])
        more = f" and {len(active) - _NAMED} more" if len(active) > _NAMED else ""
        raise UserErrorException(
            f"the experiment {experiment.name!r} cannot be deleted while runs of it go on: {named}{more}; wait for "
            "them, or end them"
        )


def _move_aside(layout: Layout, db: sqlite3.Connection, experiment: ExperimentRecord) -> None:
    place, aside = layout.runs(experiment.name), layout.deleted_runs(experiment.id)
    # Experiments of one name, archived ones among them, share the folder.
    present = set(_listed(place))
    folders = [name for name in map(folder_name, runs.ids_of_experiment(db, experiment.key)) if name in present]
    page = os.path.basename(layout.experiment_page(experiment.name, experiment.id))
    folders += [page] if page in present else []
    try:
        if folders:
            _rename_all(folders, place, aside)
    except OSError as error:
        raise StoreError(
            f"the files of the experiment {experiment.name!r} cannot be removed: {error}; nothing was deleted"
        ) from error
    if len(experiments.listed(db, name=experiment.name, archived=None)) == 1:
        # Whoever starts a run of an experiment of this name has to wait for us, and then makes the folder anew.
        _remove_if_empty(place)


def _rename_all(names: list[str], place: str, target: str) -> None:
    os.makedirs(target, exist_ok=True)
    for name in names:
        os.rename(os.path.join(place, name), os.path.join(target, name))
    _sync(place)
    _sync(target)


def _put_back(layout: Layout, db: sqlite3.Connection, experiment: ExperimentRecord) -> None:
    place, aside = layout.runs(experiment.name), layout.deleted_runs(experiment.id)
    os.makedirs(place, exist_ok=True)
    for name in _listed(aside):
        _merge(os.path.join(aside, name), os.path.join(place, name))
    for identifier in runs.ids_of_experiment(db, experiment.key):
        # Whoever looked meanwhile found no journals, and may have noted that there are none.
        if os.path.isdir(layout.run(experiment.name, identifier).journals):
            record = runs.find(db, identifier)
            assert record is not None
            runs.set_unfolded(db, record.key, True)
    _remove_if_empty(aside)


def _merge(source: str, target: str) -> None:
    """Move a file or folder to where somebody may have made one meanwhile; what was there first stands."""
    if not (os.path.isdir(source) and os.path.isdir(target)):
        os.replace(source, target)
        return
    for name in os.listdir(source):
        _merge(os.path.join(source, name), os.path.join(target, name))
    os.rmdir(source)


def _remove(folder: str) -> None:
    import shutil

    # What cannot be removed, as a file that another process has open on Windows, goes when somebody comes next.
    shutil.rmtree(folder, ignore_errors=True)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove_if_empty(folder: str) -> None:
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
