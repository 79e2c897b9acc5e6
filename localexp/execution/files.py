"""The files of a run: its artifacts, and while it goes on also what its script has written by now."""

from __future__ import annotations

import os

from localexp.errors import LocalexpError, StoreError, UserErrorException
from localexp.store import artifacts, checkouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

BUILD_LOG_NAME = "azureml-logs/20_image_build_log.txt"
_LOG_FOLDERS = ("user_logs/", "system_logs/", "azureml-logs/", "logs/")


def by_name(store: Store, record: RunRecord) -> dict[str, str]:
    """The path of each file by its artifact name, in the order of the names."""
    layout = store.layout.run(record.experiment_name, record.id)
    with store.main.reading() as db:
        recorded = artifacts.of_run(db, record.key)
        checkout = checkouts.of_run(db, record.key)
    found = {}
    if not record.has_ended:
        found.update(layout.logs())
        if os.path.exists(layout.build_log):
            found[BUILD_LOG_NAME] = layout.build_log
        if checkout is not None:
            from localexp.execution.capture import live_files

            found.update(live_files(store.layout.checkout(checkout.folder)))
    # What has been uploaded stands; other bytes that the script has under the name are kept under another one.
    found.update({name: layout.artifact(name) for name in recorded})
    return dict(sorted(found.items()))


class FileOfRun:
    """A file of a run; ``digest`` is that of its recorded bytes, None while it is still the script's."""

    def __init__(self, name: str, path: str, size: int, digest: str | None) -> None:
        self.name = name
        self.path = path
        self.size = size
        self.digest = digest


def listed(store: Store, record: RunRecord) -> list[FileOfRun]:
    """The files of ``by_name``, with their sizes."""
    files = by_name(store, record)
    with store.main.reading() as db:
        recorded = artifacts.of_run(db, record.key)
    found = []
    for name, path in files.items():
        try:
            size, digest = recorded[name] if name in recorded else (os.stat(path).st_size, None)
        except FileNotFoundError:
            # A script may have removed one that it has made.
            continue
        found.append(FileOfRun(name, path, size, digest))
    return found


def check_whole(store: Store, record: RunRecord, file: FileOfRun) -> None:
    """See whether the bytes of a file are those that were recorded, if any have been.

    :raises StoreError: they are not.
    :raises UserErrorException: it has been deleted, or cannot be read.
    """
    from localexp.execution.placing import PIECE, Digest

    if file.digest is None:
        return
    found = Digest(file.digest)
    with opened(store, record, file.name, file.path) as stream:
        while piece := stream.read(PIECE):
            found.update(piece)
    if str(found) != file.digest:
        raise _damaged(record, file.name)


def logs(store: Store, record: RunRecord) -> dict[str, str]:
    """The path of each log by its artifact name."""
    return {name: path for name, path in by_name(store, record).items() if name.startswith(_LOG_FOLDERS)}


def opened(store: Store, record: RunRecord, name: str, path: str) -> BinaryIO:
    """Open a file of ``by_name``, also if it has gone from the script's checkout to the artifacts meanwhile.

    :raises UserErrorException: it has been deleted, or cannot be read.
    """
    stored = _layout(store, record).artifact(name)
    try:
        return (None if path == stored else _opened_live(store, record, path)) or _open(stored)
    except LocalexpError:
        raise
    except OSError as error:
        raise UserErrorException(
            f"the file {name!r} of run {record.id} cannot be read: {path}: {error.strerror}"
        ) from error


def _open(path: str) -> BinaryIO:
    return open(path, "rb")


def _opened_live(store: Store, record: RunRecord, path: str) -> BinaryIO | None:
    try:
        file = _open(path)
    except FileNotFoundError:
        return None
    # When the run has ended, another one may have the checkout, and a file of its own there.
    with store.main.reading() as db:
        checkout = checkouts.of_run(db, record.key)
    if checkout is not None and path.startswith(store.layout.checkout(checkout.folder) + os.sep):
        return file
    file.close()
    return None


def download(store: Store, record: RunRecord, name: str, target: str | None, is_validated: bool = False) -> None:
    """Copy a file: to the name's last part in the working directory, into a directory, or to a path.

    :raises UserErrorException: the run has no such file, or it cannot be written there.
    :raises StoreError: its bytes are not those that were recorded, if ``is_validated``.
    """
    files, name = by_name(store, record), artifacts.without_here(name)
    if name not in files:
        raise UserErrorException(f"run {record.id} has no file {name!r}; {_known(files)}")
    last = name.rpartition("/")[2]
    is_folder = target is not None and (target.endswith(("/", os.sep)) or os.path.isdir(target))
    path = last if target is None else os.path.join(target, last) if is_folder else target
    digest = _recorded_digests(store, record).get(name) if is_validated else None
    _copy(store, record, name, files[name], path, digest)


def download_all(
    store: Store, record: RunRecord, names: list[str], paths: list[str], is_validated: bool = False
) -> None:
    """Copy files to paths, one each; those that are copied when a later one fails stay.

    :raises UserErrorException: one cannot be read, or written there.
    :raises StoreError: the bytes of one are not those that were recorded, if ``is_validated``.
    """
    files = by_name(store, record)
    digests = _recorded_digests(store, record) if is_validated else {}
    for name, path in zip(names, paths, strict=True):
        # A script may have removed one of them since they were listed.
        _copy(store, record, name, files.get(name, ""), path, digests.get(name))


def beginning_with(store: Store, record: RunRecord, prefix: str) -> list[str]:
    """The names that begin so.

    :raises UserErrorException: none does.
    """
    files = by_name(store, record)
    found = [name for name in files if name.startswith(artifacts.without_here(prefix))]
    if not found and prefix:
        raise UserErrorException(f"run {record.id} has no files whose names begin with {prefix!r}; {_known(files)}")
    return found


def without_prefix(names: list[str], prefix: str) -> list[str]:
    """Names that begin with a prefix without the folders that this stands for, so that they stay different."""
    folder = artifacts.without_here(prefix).rstrip("/")
    if not folder:
        return names
    is_whole = all(name.startswith(f"{folder}/") for name in names)
    begin = len(folder) + 1 if is_whole else folder.rfind("/") + 1
    return [name[begin:] for name in names]


def _known(files: dict[str, str]) -> str:
    return f"it has: {', '.join(files) or 'none'}"


def _layout(store: Store, record: RunRecord) -> RunLayout:
    return store.layout.run(record.experiment_name, record.id)


def _recorded_digests(store: Store, record: RunRecord) -> dict[str, str]:
    """What the bytes of files have to hash to; those that are still the script's are not among them."""
    with store.main.reading() as db:
        recorded = artifacts.of_run(db, record.key)
    return {name: digest for name, (_, digest) in recorded.items()}


def _damaged(record: RunRecord, name: str) -> StoreError:
    return StoreError(
        f"the file {name!r} of run {record.id} is damaged: its bytes are not those that were recorded; nothing was "
        "written, and 'localexp fsck' looks for more of this"
    )


def _copy(store: Store, record: RunRecord, name: str, source: str, path: str, digest: str | None) -> None:
    with opened(store, record, name, source) as file:
        try:
            folder = os.path.dirname(os.path.abspath(path))
            os.makedirs(folder, exist_ok=True)
            is_right = _is_copied(file, folder, path, digest)
        except OSError as error:
            raise UserErrorException(f"cannot write {path}: {error.strerror}; choose another path") from error
    if not is_right:
        raise _damaged(record, name)


def _is_copied(file: BinaryIO, folder: str, path: str, digest: str | None) -> bool:
    """Copy aside and rename, so that a file is there whole or as it was; False if its bytes hash to something else."""
    from localexp.execution.placing import PIECE, Digest

    aside = os.path.join(folder, f".{os.urandom(8).hex()}.part")
    found = None if digest is None else Digest(digest)
    try:
        with open(aside, "xb") as copy:
            # A log that grows meanwhile is copied as it was.
            left = os.fstat(file.fileno()).st_size
            while piece := file.read(min(PIECE, left)):
                left -= len(piece)
                copy.write(piece)
                if found is not None:
                    found.update(piece)
        if found is not None and str(found) != digest:
            return False
        os.replace(aside, path)
    finally:
        if os.path.lexists(aside):
            os.unlink(aside)
    return True
