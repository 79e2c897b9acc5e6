"""How much lies at a path that enters no snapshot, how new it is, and a hash of all of it."""

from __future__ import annotations

import errno
import os
import time

from localexp.errors import SnapshotException
from localexp.snapshot import contents, known, scan, take
from localexp.snapshot.ignore import NEVER_ENTER
from localexp.snapshot.listing import listed, newest_in
from localexp.snapshot.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.listing import Listing
    from localexp.snapshot.scan import Scan
    from localexp.store.store import Store

_ROUNDS = 10
# What the cache knows of inputs by, before their paths.
KEY = b"input "


class Fingerprint:
    """``files`` and ``bytes`` are counts, ``changed`` the time of the newest file in microseconds.

    ``hash`` is that of a file's bytes, or of a folder's tree: it covers names, executable bits, contents, and where
    links lead. Folders that never enter a snapshot, as ``.git``, do not count.
    """

    def __init__(self, files: int, size: int, changed: int, digest: str) -> None:
        self.files = files
        self.bytes = size
        self.changed = changed
        self.hash = digest


def of_path(store: Store, path: bytes) -> Fingerprint:
    """The fingerprint of a file or folder; what was not changed since it was last looked at is not read again.

    :param path: absolute; if it is a link, what it leads to counts.
    :raises SnapshotException: something cannot be read, or will not hold still.
    """
    place = os.path.realpath(path)
    for _ in range(_ROUNDS):
        try:
            return _of_place(store, place)
        except FileNotFoundError:
            # It went between the walk and the reading.
            continue
    raise SnapshotException(f"{os.fsdecode(path)} changes while it is read: files go there; wait until it holds still")


def _of_place(store: Store, place: bytes) -> Fingerprint:
    key, started_ns = KEY + place, time.time_ns()
    records = known.read(store, key)
    is_folder = os.path.isdir(place)
    found = _walked(place, records) if is_folder else scan.of_file(place, records)
    _read(found)
    take.settled_trees(found)
    take.keep_records(store, key, found, records, started_ns)
    digest = found.root.digest if is_folder else next(found.files()).digest
    newest_ns = max(newest_in(directory.listing.facts) for directory in found.directories)
    # An empty folder has only its own time.
    newest_ns = newest_ns or newest_in(found.root.listing.stamp)
    return Fingerprint(found.count, found.bytes, newest_ns // 1000, digest.hex())


def _walked(place: bytes, records: dict[bytes, known.Record]) -> Scan:
    found = scan.Scan(place)
    waiting = [scan.Directory(b"")]
    with Progress("Looking through inputs", "files") as progress:
        while waiting:
            directory = waiting.pop()
            found.directories.append(directory)
            directory.listing = _listed(found.full_path(directory.path))
            scan.recall(directory, records.get(directory.path))
            names = directory.listing.directories
            directory.directories = [scan.Directory(directory.path_of(name)) for name in names]
            waiting += directory.directories
            found.count += directory.listing.count
            progress.advance(directory.listing.count)
    found.settle()
    return found


def _listed(folder: bytes) -> Listing:
    try:
        return listed(folder, _never_enters)
    except NotADirectoryError as error:
        raise FileNotFoundError(errno.ENOENT, "it goes while it is looked at", os.fsdecode(folder)) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(folder, error.strerror or str(error)) from error


def _never_enters(name: bytes, is_directory: bool) -> bool:
    return is_directory and name in NEVER_ENTER


def _read(found: Scan) -> None:
    unread = [file for directory in found.directories for file in take.unknown_files(directory)]
    with Progress("Hashing inputs", "bytes", sum(file.size for file in unread)) as progress:
        reader = contents.Reader(progress)
        for file in unread:
            path = found.full_path(file.path)
            try:
                file.directory.set_content(file, *reader.take(path))
            except contents.Unreadable as error:
                raise _unreadable(path, error.why) from error
    found.settle()


def _unreadable(path: bytes, why: str) -> SnapshotException:
    return SnapshotException(f"the input {os.fsdecode(path)} cannot be read: {why}; see to its permissions")
