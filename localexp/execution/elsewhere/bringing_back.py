"""Bring what a run did elsewhere into its store."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.execution import ending, placing
from localexp.execution.elsewhere.manifest import End, end_of, manifest_of
from localexp.journal import fold
from localexp.store import artifacts, clock, runs, states, warnings
from localexp.store.layout import STORE_FOLDER, Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_NAMED = 3


def bring_back(store: Store, record: RunRecord, owner: str, place: str) -> bool:
    """Take in what is in the place to which a run was exported, and end the run as it ended there.

    If whoever executed it has died before it ended, it is Failed; nothing that comes to the place later is taken in.
    It may be done again if it was broken off. False if the run is not of ``owner``, which is this process, any more.

    :raises RunNotFound: the run was deleted.
    :raises UserErrorException: no run was exported to the place, or another one, or links lead out of it.
    """
    layout = Layout(os.path.join(place, STORE_FOLDER))
    known = manifest_of(layout)
    if known.run_id != record.id:
        raise UserErrorException(f"it was run {known.run_id} that was exported to {place}, not {record.id}")
    with store.main.reading() as db:
        if runs.anew(db, record).owner != owner:
            return False
    there, here = layout.run(known.experiment, known.run_id), store.layout.run(record.experiment_name, record.id)
    said = _end(there, place)
    # What is said of artifacts comes after them.
    for path in _files(there.artifacts, layout):
        _copy(path, here.artifact(os.path.relpath(path, there.artifacts).replace(os.sep, "/")), here)
    for path in _files(there.journals, layout):
        if os.path.dirname(path) == there.journals:
            _copy(path, here.journal(os.path.basename(path)), here)
    fold.fold(store, record.key, here)
    with store.main.writing() as db:
        fold.close_all(db, record.key, here)
        _catch_up(db, record, owner, said)
        _warn_of_broken_artifacts(db, record, here)
    return ending.end(store, record, owner, said.outcome, ending.journal_writer(store, record))


def _end(there: RunLayout, place: str) -> End:
    try:
        said = end_of(there)
    except UserErrorException as error:
        return End(ending.failed(error.message, code="SystemError"), None, None)
    return said or End(ending.failed(f"what executed the run in {place} died", code="SystemError"), None, None)


def _warn_of_broken_artifacts(db: sqlite3.Connection, record: RunRecord, here: RunLayout) -> None:
    said = artifacts.of_run(db, record.key)
    names = [name for name, (size, _) in said.items() if not _is_whole(here.artifact(name), size)]
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        message = (
            f"these files did not come back whole: {', '.join(names[:_NAMED])}{more}; they are lost, or in the place"
        )
        warnings.add_once(db, record.key, "elsewhere", message, (record.created_at, 0, 1))


def _is_whole(path: str, size: int) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) == size


def _catch_up(db: sqlite3.Connection, record: RunRecord, owner: str, said: End) -> None:
    """Take the run through the states that it was in elsewhere."""
    status = runs.anew(db, record).status
    following = {"NotStarted": "Preparing", "Queued": "Preparing", "Preparing": "Running"}
    while status in following and (status in states.IN_FRONT or said.started_at is not None):
        status = following[status]
        states.move(db, record.key, owner, status, time=said.started_at or clock.now())
    if said.outcome.status == "Canceled":
        states.move(db, record.key, owner, "CancelRequested", time=clock.now())
    if said.problem is not None:
        warnings.add_once(db, record.key, "capture", said.problem, (record.created_at, 0, 0))


def _copy(path: str, target: str, layout: RunLayout) -> None:
    """Copy a file that is not there yet, so that it is there whole or not at all."""
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with placing.aside(layout, lambda: os.makedirs(layout.folder, exist_ok=True)) as (aside, copy):
        with open(path, "rb", buffering=0) as original:
            placing.write(layout, copy, iter(lambda: original.read(placing.PIECE), b""))
        os.replace(aside, target)


def _files(folder: str, layout: Layout) -> Iterator[str]:
    """Those in a folder of a place and below that are files indeed: a link might lead anywhere.

    :raises UserErrorException: the folder itself is a link, or is behind one.
    """
    root = os.path.realpath(layout.root)
    if os.path.realpath(folder) != os.path.join(root, os.path.relpath(folder, layout.root)):
        raise UserErrorException(f"{folder} leads out of the place by a link; copy the place with what it leads to")
    waiting = [folder]
    while waiting:
        path, folders, names = next(os.walk(waiting.pop()), ("", [], []))
        waiting += [below for name in folders if not os.path.islink(below := os.path.join(path, name))]
        for name in sorted(names):
            full = os.path.join(path, name)
            if os.path.isfile(full) and not os.path.islink(full):
                yield full
