"""The bytes of files: read so that they are of one moment, stored once, and checked on the way out."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot.scan import signature_of
from localexp.snapshot.tree import blob_name, blob_size, digest_of
from localexp.store import blobs, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from localexp.snapshot.scan import File, Scan
    from localexp.store.store import Store

SMALL = 64 * 1024
_BATCH = 4 * 2**20
_PIECE = 2**20
_TRIES = 5
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Contents:
    """Reads and stores files of one scan; as a context, what was stored is complete when it is left."""

    def __init__(self, store: Store) -> None:
        self.new_blobs = 0
        self.new_bytes = 0
        self._store = store
        self._waiting: dict[bytes, bytes] = {}
        self._waiting_bytes = 0

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()

    def take(self, scan: Scan, file: File) -> None:
        """Read a file, set its digest and signature, and store its bytes if they are not there.

        :raises SnapshotException: it cannot be read, or changes each time that it is read.
        :raises FileNotFoundError: it has gone.
        """
        path = scan.full_path(file.path)
        for _ in range(_TRIES):
            if self._is_taken(path, file):
                return
        raise SnapshotException(
            f"{os.fsdecode(path)} changes while it is read; wait until it is written, or leave it out by .amlignore"
        )

    def _is_taken(self, path: bytes, file: File) -> bool:
        try:
            descriptor = os.open(path, _FLAGS)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SnapshotException(f"cannot read {os.fsdecode(path)}: {error.strerror}") from error
        try:
            before = signature_of(os.fstat(descriptor))
            if before[0] <= SMALL:
                data = os.read(descriptor, SMALL + 1)
                digest = digest_of(data)
                size = len(data)
            else:
                digest, size = _hashed(descriptor)
                data = b""
            if signature_of(os.fstat(descriptor)) != before or size != before[0]:
                return False
            file.signature, file.digest = before, digest
            if size <= SMALL:
                self._add_small(blob_name(digest, size), data)
                return True
            return self._add_large(blob_name(digest, size), descriptor)
        finally:
            os.close(descriptor)

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
            missing = self._waiting.keys() - blobs.known(db, self._waiting)
        if missing:
            with self._store.blobs.writing() as db:
                self.new_blobs += blobs.add(db, ((name, self._waiting[name]) for name in missing), clock.now())
            self.new_bytes += sum(blob_size(name) for name in missing)
        self._waiting.clear()
        self._waiting_bytes = 0

    def _add_large(self, name: bytes, descriptor: int) -> bool:
        """Copy a file aside, make it durable, and put it in its place; False if it changed meanwhile."""
        final = self._store.layout.object_file(name.hex())
        if os.path.exists(final):
            return True
        if not os.path.isdir(os.path.dirname(final)):
            os.makedirs(os.path.dirname(final), exist_ok=True)
            _sync_folder(self._store.layout.objects)
        aside = f"{final}.{os.getpid()}.{os.urandom(4).hex()}"
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            with open(aside, "xb") as copy:
                if _hashed(descriptor, into=copy.fileno()) != (name[:16], blob_size(name)):
                    return False
                os.fsync(copy.fileno())
            os.replace(aside, final)
        finally:
            if os.path.exists(aside):
                os.unlink(aside)
        _sync_folder(os.path.dirname(final))
        self.new_blobs += 1
        self.new_bytes += blob_size(name)
        return True


def _hashed(descriptor: int, into: int | None = None) -> tuple[bytes, int]:
    from xxhash import xxh3_128

    state, size = xxh3_128(), 0
    while piece := os.read(descriptor, _PIECE):
        state.update(piece)
        size += len(piece)
        while into is not None and piece:
            piece = piece[os.write(into, piece) :]
    return state.digest(), size


def _sync_folder(path: str) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def missing(store: Store, names: Iterable[bytes]) -> set[bytes]:
    """Those of the blobs that are stored nowhere."""
    small, large = set[bytes](), set[bytes]()
    for name in names:
        (small if blob_size(name) <= SMALL else large).add(name)
    with store.blobs.reading() as db:
        lacking = small - blobs.known(db, small)
    return lacking | {name for name in large if not os.path.exists(store.layout.object_file(name.hex()))}


def small_contents(store: Store, names: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(name, bytes) of small blobs, each as it was stored.

    :raises SnapshotException: a blob is damaged or missing.
    """
    found = 0
    with store.blobs.reading() as db:
        for name, data in blobs.read(db, names):
            if digest_of(data) != name[:16]:
                raise SnapshotException(f"the stored bytes of blob {name.hex()} are damaged; see blobs.db")
            found += 1
            yield name, data
    if found != len(names):
        raise SnapshotException(f"{len(names) - found} blob(s) of the snapshot are missing from blobs.db")


def copy_large(store: Store, name: bytes, target: int) -> None:
    """Write a large blob to an open file.

    :raises SnapshotException: the blob is damaged or missing.
    """
    path = store.layout.object_file(name.hex())
    try:
        with open(path, "rb", buffering=0) as file:
            if _hashed(file.fileno(), into=target) != (name[:16], blob_size(name)):
                raise SnapshotException(f"the stored blob {path} is damaged")
    except FileNotFoundError:
        raise SnapshotException(f"the stored blob {path} is missing") from None
