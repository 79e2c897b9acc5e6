"""The files of a run: its artifacts, and while it goes on also what its script has written by now."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.store import artifacts, checkouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

LOG_NAME = "user_logs/std_log.txt"


def by_name(store: Store, record: RunRecord) -> dict[str, str]:
    """The path of each file by its artifact name, in the order of the names."""
    layout = store.layout.run(record.experiment_name, record.id)
    with store.main.reading() as db:
        recorded = artifacts.of_run(db, record.key)
        checkout = checkouts.of_run(db, record.key)
    found = {name: layout.artifact(name) for name in recorded}
    if not record.has_ended:
        if os.path.exists(layout.log):
            found[LOG_NAME] = layout.log
        if checkout is not None:
            from localexp.execution.capture import live_files

            found.update(live_files(store.layout.checkout(checkout.folder)))
    return dict(sorted(found.items()))


def download(store: Store, record: RunRecord, name: str, target: str | None) -> None:
    """Copy a file: to the name's last part in the working directory, into a directory, or to a path.

    :raises UserErrorException: the run has no such file, or it cannot be written there.
    """
    files = by_name(store, record)
    if name not in files:
        raise UserErrorException(f"run {record.id} has no file {name!r}; it has: {', '.join(files) or 'none'}")
    last = name.rpartition("/")[2]
    path = last if target is None else os.path.join(target, last) if os.path.isdir(target) else target
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        _copy(files[name], path)
    except OSError as error:
        raise UserErrorException(f"cannot write {path}: {error.strerror}; choose another output_file_path") from error


def _copy(source: str, target: str) -> None:
    """Copy aside and rename, so that a file is there whole or as it was."""
    import shutil

    aside = f"{target}.{os.urandom(4).hex()}.part"
    try:
        shutil.copyfile(source, aside)
        os.replace(aside, target)
    finally:
        if os.path.exists(aside):
            os.unlink(aside)
