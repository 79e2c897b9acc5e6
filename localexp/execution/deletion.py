"""Delete runs, or an experiment with its runs: all of it or nothing, whenever whoever does it dies.

The folders of the runs are renamed aside, then their rows go, in one transaction; what is aside goes when that is on
the disk. If it never comes to that, whoever opens the workspace next finds the rows, and puts the folders back.
"""

from __future__ import annotations

import os

from localexp.errors import RunNotFound, StoreError, UserErrorException
from localexp.execution import aside, canceling
from localexp.execution.ownership import settled
from localexp.store import deletions, experiments, holds, runs
from localexp.store.layout import folder_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from localexp.store.experiments import ExperimentRecord
    from localexp.store.layout import Layout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_NAMED = 5


def delete(store: Store, experiment_id: str) -> None:
    """Delete an experiment, its runs and their files.

    :raises UserErrorException: there is no such experiment, or a run of it goes on.
    :raises StoreError: its files cannot be moved, the store cannot be written, or a backup is made; everything is as it
        was.
    """
    with store.main.reading() as db:
        active = runs.active_of_experiment(db, _found(db, experiment_id).key)
    _settle(store, active)
    try:
        # On the disk before the files go: else they would be gone and the rows there, had the machine failed between.
        with store.main.writing(durable=True) as db:
            experiment = _found(db, experiment_id)
            _refuse_while_held(db)
            aside.put_back(store.layout, db)
            _refuse_active(experiment, runs.active_of_experiment(db, experiment.key))
            _move_experiment_aside(store.layout, db, experiment)
            deletions.delete_of_experiment(db, experiment.key)
            experiments.delete(db, experiment.key)
    finally:
        aside.recover(store)


def families(store: Store, wanted: Iterable[RunRecord]) -> list[RunRecord]:
    """Runs with their descendants, each as it truly stands, in the order in which they were made."""
    with store.main.reading() as db:
        found = deletions.families(db, [record.key for record in wanted])
    _settle(store, [record for record in found if not record.has_ended])
    with store.main.reading() as db:
        return deletions.families(db, [record.key for record in found])


def bytes_of(store: Store, records: Iterable[RunRecord]) -> int:
    """How many bytes the files of runs have."""
    folders = [store.layout.run(record.experiment_name, record.id).folder for record in records]
    return sum(_bytes_below(folder) for folder in folders)


def delete_runs(store: Store, wanted: Iterable[RunRecord]) -> list[RunRecord]:
    """Delete runs with their descendants and the files of all, and return them: all of them or none.

    :raises RunNotFound: one was deleted meanwhile.
    :raises UserErrorException: one goes on.
    :raises StoreError: files cannot be moved, the store cannot be written, or a backup is made; everything is as it
        was.
    """
    wanted = list(wanted)
    families(store, wanted)
    try:
        with store.main.writing(durable=True) as db:
            going = deletions.families(db, [runs.anew(db, record).key for record in wanted])
            _refuse_while_held(db)
            aside.put_back(store.layout, db)
            refuse_going_on(going)
            _move_runs_aside(store.layout, going)
            deletions.delete(db, [record.key for record in going])
    finally:
        aside.recover(store)
    return going


def refuse_going_on(records: Iterable[RunRecord]) -> None:
    """Delete nothing that goes on.

    :raises UserErrorException: one of the runs does.
    """
    active = [record for record in records if not record.has_ended]
    if active:
        first, more = active[0], len(active) - 1
        others = f", and {more} more go on" if more else ""
        raise UserErrorException(f"run {first.id} is {first.status}{others}: {_ending_of(first)}; nothing was deleted")


def _ending_of(record: RunRecord) -> str:
    return canceling.instead(record) or f"cancel it first: localexp cancel {record.id}"


def _settle(store: Store, records: Iterable[RunRecord]) -> None:
    for record in records:
        try:
            settled(store, record)
        except RunNotFound:
            # Another process has deleted it, which comes out when its row is looked for.
            continue


def _refuse_while_held(db: sqlite3.Connection) -> None:
    holder = holds.holder(db)
    if holder is not None:
        raise StoreError(
            f"nothing can be deleted while a backup is made, by process {holder.pid} of {holder.host}: try again when "
            "it is done"
        )


def _found(db: sqlite3.Connection, experiment_id: object) -> ExperimentRecord:
    record = experiments.find(db, experiment_id) if isinstance(experiment_id, str) else None
    if record is None:
        raise UserErrorException(
            f"there is no experiment with the id {experiment_id!r}; Experiment.list(workspace, view_type=ViewType.All) "
            "gives them with their ids"
        )
    return record


def _refuse_active(experiment: ExperimentRecord, active: list[RunRecord]) -> None:
    if active:
        named = ", ".join(record.id for record in active[:_NAMED])
        more = f" and {len(active) - _NAMED} more" if len(active) > _NAMED else ""
        raise UserErrorException(
            f"the experiment {experiment.name!r} cannot be deleted while runs of it go on: {named}{more}; wait for "
            "them, or end them"
        )


def _move_experiment_aside(layout: Layout, db: sqlite3.Connection, experiment: ExperimentRecord) -> None:
    place, target = layout.runs(experiment.name), layout.deleted_runs(experiment.id)
    # Experiments of one name, archived ones among them, share the folder.
    present = set(aside.listed(place))
    folders = [name for name in map(folder_name, runs.ids_of_experiment(db, experiment.key)) if name in present]
    page = os.path.basename(layout.experiment_page(experiment.name, experiment.id))
    folders += [page] if page in present else []
    try:
        aside.move(layout, ((os.path.join(place, name), os.path.join(target, name)) for name in folders))
    except OSError as error:
        raise StoreError(
            f"the files of the experiment {experiment.name!r} cannot be removed: {error}; nothing was deleted"
        ) from error
    if len(experiments.listed(db, name=experiment.name, archived=None)) == 1:
        # Whoever starts a run of an experiment of this name has to wait for us, and then makes the folder anew.
        aside.remove_if_empty(place)


def _move_runs_aside(layout: Layout, records: list[RunRecord]) -> None:
    folders = {record.key: layout.run(record.experiment_name, record.id).folder for record in records}
    try:
        aside.move(layout, ((path, layout.deleted_run(key)) for key, path in folders.items() if os.path.isdir(path)))
    except OSError as error:
        raise StoreError(f"the files of the runs cannot be removed: {error}; nothing was deleted") from error


def _bytes_below(folder: str) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                # As a journal that has just been folded.
                continue
    return total
