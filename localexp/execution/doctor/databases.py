"""Are the databases whole, and of a format that can be read?"""

from __future__ import annotations

import os

from localexp.errors import NewerStoreError, StoreError
from localexp.execution.doctor.finding import Finding
from localexp.snapshot.sizes import counted, human
from localexp.store import blobs, snapshots, soundness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.database import Database
    from localexp.store.store import Store

# That of snapshots is moved over at 64 MiB.
_LARGE_LOG = 256 * 2**20
_FROM_BACKUP = "restore it from a backup, or keep what can be had with sqlite3's '.recover'"
_FSCK = "'localexp fsck' says what that touches, and --repair has the next snapshots store it again"


def record_findings(store: Store) -> Iterator[Finding]:
    """Of the record itself; if it cannot be read at all, nothing else can be known."""
    yield from _findings(store.main, _FROM_BACKUP)


def other_findings(store: Store) -> Iterator[Finding]:
    """Of the databases of snapshots and of the cache, where the record can be read."""
    if os.path.exists(store.layout.blob_database):
        yield from _findings(store.blobs, _FSCK)
    else:
        yield from _missing_blobs(store)
    if os.path.exists(store.layout.cache_database):
        for finding in _findings(store.cache, "--repair removes it, and it is made anew"):
            if finding.kind == "damaged-database":
                finding.mend = lambda: _remove_cache(store)
            yield finding


def _findings(database: Database, advice: str) -> Iterator[Finding]:
    path = database.path
    try:
        with database.reading() as db:
            faults = blobs.faults(db)
            broken = [] if faults else soundness.broken_references(db)
    except NewerStoreError as error:
        yield Finding("newer-format", path, *_halves(str(error)))
        return
    except StoreError as error:
        yield Finding("damaged-database", path, str(error).partition(";")[0], advice)
        return
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        yield Finding("damaged-database", path, f"{path} is damaged: {faults[0]}{more}", advice)
    for table, parent, count in broken:
        message = f"{counted(count, 'row')} of {table} in {path} belong to rows of {parent} that are not there"
        yield Finding("broken-reference", f"{path}: {table}", message, _FROM_BACKUP)
    yield from log_findings(database, soundness.log_bytes(database))


def _halves(message: str) -> tuple[str, str]:
    what, _, advice = message.partition("; ")
    return what, advice


def log_findings(database: Database, size: int) -> Iterator[Finding]:
    """Of the log that is not moved over for as long as somebody reads."""
    if size < _LARGE_LOG:
        return

    def mend() -> None:
        with database.reading() as db:
            soundness.empty_log(db)

    message = f"the log of {database.path} has {human(size)}, as a process has been reading for long, or has died"
    yield Finding("large-log", database.path, message, "--repair moves it over, once nobody reads any more", mend)


def _missing_blobs(store: Store) -> Iterator[Finding]:
    with store.main.reading() as db:
        count = len(snapshots.every_id(db))
    if count:
        path = store.layout.blob_database
        message = f"{path} is not there, and {counted(count, 'snapshot')} cannot be restored"
        yield Finding("missing-database", path, message, "restore it from a backup")


def _remove_cache(store: Store) -> None:
    store.cache.close()
    for ending in ("", "-wal", "-shm"):
        path = store.layout.cache_database + ending
        if os.path.exists(path):
            os.unlink(path)
