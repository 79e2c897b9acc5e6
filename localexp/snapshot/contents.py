"""The bytes of files: read so that they are of one moment, stored once, and checked on the way out."""

from __future__ import annotations

import errno
import os
import stat
import sys

from localexp.errors import SnapshotException
from localexp.snapshot.listing import fact_of, size_in
from localexp.snapshot.progress import Progress
from localexp.snapshot.sizes import counted
from localexp.snapshot.tree import blob_name, blob_size, digest_of
from localexp.store import blobs, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from localexp.store.store import Store

SMALL = 64 * 1024
NEXT_STEP = "'localexp fsck' says what that touches, and with --repair has the next snapshot store it again"
_BATCH = 4 * 2**20
_PIECE = 2**20
_TRIES = 5
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
# Not to wait for the other end of a pipe that has taken a file's place.
_FLAGS |= getattr(os, "O_NONBLOCK", 0)


class Unreadable(Exception):
    """A file cannot be opened or read; ``why`` says it in the system's words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Reader:
    """Reads files so that what it says of each is of one moment.

    :param progress: is told of each byte that is read.
    """

    _ADVICE = "wait until it is written"

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def take(self, path: bytes) -> tuple[bytes, bytes]:
        """Read a file, and return its fact and digest.

        :raises SnapshotException: it changes each time that it is read, or what is read cannot be kept.
        :raises Unreadable: it cannot be read.
        :raises FileNotFoundError: it has gone, or is no file any more.
        """
        for _ in range(_TRIES):
            taken = self._taken(path)
            if taken is not None:
                return taken
        raise SnapshotException(f"{os.fsdecode(path)} changes while it is read; {self._ADVICE}")

    def _taken(self, path: bytes) -> tuple[bytes, bytes] | None:
        try:
            descriptor = os.open(path, _FLAGS)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise _gone(path) from error
            raise Unreadable(error.strerror or str(error)) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _gone(path)
            return self._read(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> tuple[bytes, bytes] | None:
        before = fact_of(os.fstat(descriptor))
        size = size_in(before)
        try:
            if size <= SMALL:
                data = os.read(descriptor, SMALL + 1)
                digest, found = digest_of(data), len(data)
                self._progress.advance(found)
            else:
                data = b""
                digest, found = hashed(descriptor, size, progress=self._progress)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error
        if found != size or fact_of(os.fstat(descriptor)) != before:
            return None
        return (before, digest) if self._is_kept(blob_name(digest, size), data, descriptor) else None

    def _is_kept(self, name: bytes, data: bytes, descriptor: int) -> bool:
        """Keep what was read, if anybody wants it; False if it changed meanwhile. Of a large file there is no data."""
        return True


class Contents(Reader):
    """Stores what the files that it reads hold; as a context, what was stored is complete when it is left.

    :param making: the key of the snapshot in the making.
    """

    _ADVICE = "wait until it is written, or leave it out by an ignore file"

    def __init__(self, store: Store, making: int, progress: Progress) -> None:
        super().__init__(progress)
        self.new_blobs = 0
        self.new_bytes = 0
        self._store = store
        self._making = making
        self._waiting: dict[bytes, bytes] = {}
        self._waiting_bytes = 0

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()

    def _is_kept(self, name: bytes, data: bytes, descriptor: int) -> bool:
        if blob_size(name) > SMALL:
            return self._is_large_added(name, descriptor)
        self._add_small(name, data)
        return True

    def _add_small(self, name: bytes, data: bytes) -> None:
        self._waiting[name] = data
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _BATCH:
            self.flush()

    def flush(self) -> None:
        """Store what has been read so far."""
        if not self._waiting:
            return
        with self._store.blobs.reading() as db:
            known = blobs.known(db, self._waiting)
        missing = {name: data for name, data in self._waiting.items() if name not in known}
        if missing:
            with self._store.blobs.writing() as db:
                added = blobs.add(db, missing, clock.real())
            self.new_blobs += len(added)
            self.new_bytes += sum(map(blob_size, added))
        self._waiting.clear()
        self._waiting_bytes = 0

    def _is_large_added(self, name: bytes, descriptor: int) -> bool:
        """Copy a file aside, make it durable, and put it in its place; False if it changed meanwhile."""
        final = self._store.layout.object_file(name.hex())
        if _has_large(self._store, name):
            return True
        aside = self._store.layout.object_in_the_making(self._making, os.urandom(4).hex())
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            for folder in (os.path.dirname(aside), os.path.dirname(final)):
                self._make_folder(folder)
            with open(aside, "xb", buffering=0) as copy, Progress("Writing", "bytes", blob_size(name)) as progress:
                if hashed(descriptor, blob_size(name), copy.fileno(), progress) != (name[:16], blob_size(name)):
                    return False
                self._sync(copy.fileno())
            os.replace(aside, final)
            self._sync_folder(os.path.dirname(final))
        except OSError as error:
            raise _explained(error, self._store.layout.objects) from error
        finally:
            if os.path.exists(aside):
                os.unlink(aside)
        self.new_blobs += 1
        self.new_bytes += blob_size(name)
        return True

    def _make_folder(self, path: str) -> None:
        if not os.path.isdir(path):
            os.makedirs(path, exist_ok=True)
            self._sync_folder(os.path.dirname(path))

    def _sync_folder(self, path: str) -> None:
        if os.name == "nt":
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _sync(self, descriptor: int) -> None:
        if not self._store.is_ephemeral:
            os.fsync(descriptor)


def _gone(path: bytes) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "there is something else in the place of the file", os.fsdecode(path))


def hashed(
    descriptor: int, most: int = sys.maxsize, into: int | None = None, progress: Progress | None = None
) -> tuple[bytes, int]:
    """Digest and length of what follows in an open file; a length beyond ``most`` only says that it is longer.

    :param into: a descriptor to which it is copied meanwhile.
    """
    from xxhash import xxh3_128

    state, size = xxh3_128(), 0
    while size <= most and (piece := os.read(descriptor, _PIECE)):
        state.update(piece)
        size += len(piece)
        if progress is not None:
            progress.advance(len(piece))
        while into is not None and piece:
            piece = piece[os.write(into, piece) :]
    return state.digest(), size


def _explained(error: OSError, place: str) -> SnapshotException:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SnapshotException(f"cannot write to {place}: the disk is full; free some space and try again")
    return SnapshotException(f"cannot store a file in {place}: {error}")


def missing(store: Store, names: Iterable[bytes]) -> set[bytes]:
    """Those of the blobs that are stored nowhere."""
    small, large = set[bytes](), set[bytes]()
    for name in names:
        (small if blob_size(name) <= SMALL else large).add(name)
    with store.blobs.reading() as db:
        lacking = small - blobs.known(db, small)
    return lacking | {name for name in large if not _has_large(store, name)}


def _has_large(store: Store, name: bytes) -> bool:
    try:
        return os.path.getsize(store.layout.object_file(name.hex())) == blob_size(name)
    except FileNotFoundError:
        return False


def small_contents(store: Store, names: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(name, bytes) of small blobs, each as it was stored.

    :raises SnapshotException: a blob is damaged or missing.
    """
    found = 0
    with store.blobs.reading() as db:
        for name, data in blobs.read(db, names):
            if digest_of(data) != name[:16]:
                raise SnapshotException(f"the stored bytes of blob {name.hex()} are damaged; {NEXT_STEP}")
            found += 1
            yield name, data
    if found != len(names):
        raise SnapshotException(f"{counted(len(names) - found, 'blob')} of the snapshot are missing; {NEXT_STEP}")


def copy_large(store: Store, name: bytes, target: int) -> None:
    """Write a large blob to an open file.

    :raises SnapshotException: the blob is damaged or missing.
    """
    path = store.layout.object_file(name.hex())
    try:
        with open(path, "rb", buffering=0) as file:
            if hashed(file.fileno(), blob_size(name), into=target) != (name[:16], blob_size(name)):
                raise SnapshotException(f"the stored blob {path} is damaged; {NEXT_STEP}")
    except FileNotFoundError:
        raise SnapshotException(f"the stored blob {path} is missing; {NEXT_STEP}") from None
