"""Back a workspace up, while it is in use."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager

from localexp.errors import StoreError
from localexp.execution.backup import archive, copying
from localexp.snapshot.held import held
from localexp.snapshot.progress import Progress
from localexp.store import artifacts, copies
from localexp.store.layout import STORE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.backup.archive import Archive
    from localexp.store.layout import Layout
    from localexp.store.store import Store


class Backup:
    """What a backup has: ``path`` is the archive, of ``size`` bytes; it has ``files`` of ``bytes``, and ``runs`` runs.

    ``interrupted`` are the ids of the runs that went on, and are ended in the copy. ``missing`` names the files that
    the record has and that were not there, as ``<run id>: <name>``.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self.runs = 0
        self.files = 0
        self.bytes = 0
        self.interrupted: list[str] = []
        self.missing: list[str] = []

    def __repr__(self) -> str:
        return f"Backup(path={self.path!r}, runs={self.runs}, files={self.files}, bytes={self.bytes})"


def back_up(store: Store, path: str) -> Backup:
    """Write one archive of a store; unpacked, it is a workspace.

    :raises UserErrorException: something is at the path already, or it is no place or no name for an archive.
    :raises StoreError: it cannot be written, or something cannot be read.
    """
    target = archive.checked_target(path, store.layout.root)
    made, aside = Backup(target), f"{target}.{os.urandom(4).hex()}.part"
    with held(store, aside), Progress("Backing up", "bytes") as progress, _folder(aside) as at:
        if not store.is_read_only:
            copying.settle(store)
        copy, went_on = copying.copied(store, os.path.join(at, STORE_FOLDER), lambda *_: progress.advance(0))
        made.interrupted = [record.id for record in went_on]
        with archive.written(target, os.path.join(at, "archive"), progress.advance) as archived:
            _add_copy(archived, copy.layout.root)
            _add_objects(archived, store.layout)
            _add_artifacts(archived, store, copy, made)
        made.files, made.bytes, made.size = archived.files, archived.bytes, os.stat(target).st_size
    return made


@contextmanager
def _folder(path: str) -> Iterator[str]:
    """A folder for what has to be complete before it is added; on the disk that is to have room for the archive."""
    try:
        os.mkdir(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; choose another folder for the backup") from error
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _inside(*parts: str) -> str:
    """A name in the archive."""
    return "/".join([STORE_FOLDER, *parts]).replace(os.sep, "/")


def _add_copy(archived: Archive, root: str) -> None:
    for place, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            archived.add(_inside(os.path.relpath(path, root)), path)


def _add_objects(archived: Archive, layout: Layout) -> None:
    for folder in sorted(os.listdir(layout.objects)) if os.path.isdir(layout.objects) else []:
        # What is in the making belongs to no snapshot yet.
        if re.fullmatch("[0-9a-f]{2}", folder):
            for name in sorted(os.listdir(os.path.join(layout.objects, folder))):
                _add_object(archived, layout, folder + name)


def _add_object(archived: Archive, layout: Layout, name: str) -> None:
    path = layout.object_file(name)
    if not archived.add(_inside(os.path.relpath(path, layout.root)), path) and not os.path.isdir(path):
        raise StoreError(f"no backup was made: {path} was removed meanwhile; try again")


def _add_artifacts(archived: Archive, store: Store, copy: Store, made: Backup) -> None:
    with copy.main.reading() as db:
        made.runs = copies.count_runs(db)
        for experiment, run_id, name, _, _ in artifacts.every(db):
            of_copy = copy.layout.run(experiment, run_id).artifact(name)
            path = store.layout.run(experiment, run_id).artifact(name)
            # Logs of what went on have been copied before.
            if not os.path.exists(of_copy) and not archived.add(
                _inside(os.path.relpath(of_copy, copy.layout.root)), path
            ):
                made.missing.append(f"{run_id}: {name}")
    copy.close()
