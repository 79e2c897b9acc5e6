"""Is every file there that the record knows, and nothing that it does not?"""

from __future__ import annotations

import os
import time
from functools import partial
from itertools import groupby

from localexp.execution import aside, handover
from localexp.execution.doctor.finding import Finding
from localexp.execution.environments import removal
from localexp.snapshot import checkout, presence, take
from localexp.snapshot.sizes import counted, human, named
from localexp.store import artifacts, builds, checkouts, runs, snapshots
from localexp.store.layout import RunLayout, folder_name
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store

# Whoever makes something that is not in the record yet has said so by then.
_MAKING_SECONDS = 3600
_MOST_NAMED = 3
_DAMAGED = "damaged-journal-"


def findings(store: Store) -> Iterator[Finding]:
    yield from _of_run_folders(store)
    yield from _of_artifacts(store)
    yield from _of_deletions(store)
    yield from _of_checkouts(store)
    yield from _of_environments(store)


def _of_run_folders(store: Store) -> Iterator[Finding]:
    known: dict[str, dict[str, tuple[str, bool]]] = {}
    with store.main.reading() as db:
        for experiment, run_id, has_ended in runs.every_id(db):
            known.setdefault(folder_name(experiment), {})[folder_name(run_id)] = run_id, has_ended
    for place in _folders(store.layout.all_runs):
        of_experiment = known.get(place.name, {})
        for folder in _folders(place.path):
            if folder.name in of_experiment:
                yield from _of_run_folder(folder.path, *of_experiment[folder.name])
            elif _is_old(folder.path):
                message = f"{folder.path} is of no run in the record"
                yield Finding("unknown-folder", folder.path, message, "keep what you need of it, and remove it")


def _of_run_folder(path: str, run_id: str, has_ended: bool) -> Iterator[Finding]:
    layout = RunLayout(path)
    if has_ended and os.path.lexists(layout.handover):
        message = f"{layout.handover} holds the environment of a script that will not be started"
        yield Finding("handover", run_id, message, "--repair removes it", partial(handover.forget, layout))
    for name in sorted(aside.listed(path)):
        if name.startswith(_DAMAGED):
            damaged = os.path.join(path, name)
            message = f"part of what run {run_id} logged could not be read, and is kept as {damaged}"
            yield Finding("damaged-journal", damaged, message, "remove that file once you do not need it")


def _of_artifacts(store: Store) -> Iterator[Finding]:
    with store.main.reading() as db:
        for (experiment, run_id), rows in groupby(artifacts.every(db), key=lambda row: row[:2]):
            layout = store.layout.run(experiment, run_id)
            wrong = [text for row in rows if (text := _wrong_file(layout, row[2], row[3]))]
            if wrong:
                message = f"run {run_id} lacks files as they were recorded: {named(wrong, _MOST_NAMED)}"
                advice = f"restore them below {layout.artifacts} from a backup, or 'localexp delete {run_id}'"
                yield Finding("artifacts", run_id, message, advice)


def _wrong_file(layout: RunLayout, name: str, size: int) -> str | None:
    try:
        found = os.stat(layout.artifact(name)).st_size
    except OSError as error:
        return f"{name} ({error.strerror})"
    return None if found == size else f"{name} (has {human(found)} in place of {human(size)})"


def _of_deletions(store: Store) -> Iterator[Finding]:
    path = store.layout.deleted
    for name in aside.listed(path):
        message = f"{os.path.join(path, name)} is left of a deletion"
        advice = "--repair removes it; if it is there then, see to its permissions"
        yield Finding("deletion", name, message, advice, partial(aside.recover, store))


def snapshot_findings(store: Store) -> Iterator[Finding]:
    """Of what snapshots need, where the database of their small files can be read."""
    with store.main.reading() as db:
        known, making = snapshots.every_id(db), snapshots.in_the_making(db)
    if os.path.exists(store.layout.blob_database):
        for identifier in presence.incomplete(store, known):
            message = f"snapshot {identifier} cannot be restored: not all that it needs is stored"
            yield Finding("snapshot", identifier, message, "'localexp fsck' says which files; submit the folder again")
    dead = [key for key, owner in making if Owner.parse(owner).is_known_dead()]
    if dead:
        message = f"{counted(len(dead), 'snapshot')} were not finished, as those who took them have died"
        advice = "the next snapshot removes what they left, and so does --repair"
        yield Finding("snapshot-in-the-making", "snapshots", message, advice, partial(_forget_abandoned, store))


def _forget_abandoned(store: Store) -> None:
    with store.main.writing() as db:
        take.forget_abandoned(store, db)


def _of_checkouts(store: Store) -> Iterator[Finding]:
    for record in checkout.doubtful(store):
        path = store.layout.checkout(record.folder)
        message = f"{path} is the working tree of nobody who lives, or from before the machine was restarted"
        advice = "the next run removes it, and so does --repair; if it is there then, see to its permissions"
        yield Finding("checkout", path, message, advice, partial(checkout.retire_left, store))
    # The row of one comes before its folder.
    found = _folders(store.layout.checkouts)
    with store.main.reading() as db:
        known = checkouts.folders(db)
    for folder in found:
        if folder.name not in known:
            message = f"{folder.path} is a working tree without a run, in which files of one may have been left"
            yield Finding("unknown-checkout", folder.path, message, "keep what you need of it, and remove it")


def _of_environments(store: Store) -> Iterator[Finding]:
    found = _folders(store.layout.environments)
    with store.main.reading() as db:
        built = builds.every(db)
    names = {os.path.basename(build.place) for build in built if not _is_given_up(build)}
    for folder in found:
        if folder.name not in names:
            message = f"{folder.path} is no environment that any run can use"
            advice = "the next build removes it, and so does --repair"
            yield Finding("environment", folder.path, message, advice, partial(removal.sweep, store, ""))


def _is_given_up(build: builds.BuildRecord) -> bool:
    return build.ready_at is None and Owner.parse(build.owner).is_known_dead()


def _folders(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted((one for one in entries if one.is_dir(follow_symlinks=False)), key=lambda one: one.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_old(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_mtime > _MAKING_SECONDS
    except FileNotFoundError:
        return False
