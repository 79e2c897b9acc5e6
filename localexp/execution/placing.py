"""Bring a file into the artifacts of a run: hashed, whole, and never over another one."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO
    from typing import BinaryIO, Protocol

    from localexp.store.layout import RunLayout

    class _Hash(Protocol):
        def update(self, data: bytes, /) -> None: ...
        def hexdigest(self) -> str: ...


PIECE = 2**20
ASIDE = "aside-"
_OTHER_HASH = "blake2b-"
# Whoever folds may remove a folder that is empty just before something is put into it.
_TRIES = 1000


class Digest:
    """The hash of bytes as it is recorded: XXH3-128, or where a script's interpreter has no xxhash, BLAKE2b.

    :param like: a recorded hash, if it is that which the result is compared with.
    """

    def __init__(self, like: str | None = None) -> None:
        self._prefix, self._state = _begun(like)

    def update(self, data: bytes) -> None:
        self._state.update(data)

    def __str__(self) -> str:
        return self._prefix + self._state.hexdigest()


def _begun(like: str | None) -> tuple[str, _Hash]:
    if like is None or not like.startswith(_OTHER_HASH):
        try:
            from xxhash import xxh3_128

            return "", xxh3_128()
        except ImportError:
            if like is not None:
                raise
    from hashlib import blake2b

    return _OTHER_HASH, blake2b(digest_size=16)


def digest_of(path: str | bytes, like: str | None = None) -> str:
    """The hash of a file."""
    digest = Digest(like)
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return str(digest)


@contextmanager
def aside(layout: RunLayout, prepare: Callable[[], None]) -> Iterator[tuple[str, BinaryIO]]:
    """A new file in the folder of a run, with its path, for what is not whole yet; it goes with the block.

    :param prepare: has the folder be there.
    """
    path = os.path.join(layout.folder, f"{ASIDE}{os.urandom(8).hex()}")
    try:
        with opened(path, prepare) as file:
            yield path, file
    finally:
        if os.path.lexists(path):
            os.unlink(path)


def opened(path: str, prepare: Callable[[], None]) -> FileIO:
    """A new file in a folder that others remove as long as it is empty.

    :param prepare: has the folder be there.
    """
    for _ in range(_TRIES):
        # Also makedirs fails, as it looks twice at a folder that may go in between.
        with suppress(FileNotFoundError, FileExistsError):
            return _opened_once(path, prepare)
    return _opened_once(path, prepare)


def _opened_once(path: str, prepare: Callable[[], None]) -> FileIO:
    prepare()
    return open(path, "xb", buffering=0)


def write(layout: RunLayout, file: BinaryIO, pieces: Iterable[bytes]) -> tuple[int, str]:
    """Write a file of a run, flush it to the disk and close it; return its size and hash."""
    digest, size = Digest(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[file.write(rest) :]
    if not layout.is_ephemeral:
        os.fsync(file.fileno())
    file.close()
    return size, str(digest)


def is_placed(layout: RunLayout, path: str, name: str) -> bool:
    """Have a file that lies aside stand as an artifact too; False if something else stands there already.

    The folder of the run is not made: where that is gone, somebody has deleted the run.

    :raises NotADirectoryError: a part of the name that would be a folder is a file.
    """
    for attempt in range(_TRIES):
        try:
            _make_folders(layout, name)
            put(path, layout.artifact(name))
            return True
        except FileExistsError:
            return False
        except FileNotFoundError:
            if attempt == _TRIES - 1 or not os.path.exists(path):
                raise
    raise AssertionError("the last attempt returns or raises")


def _make_folders(layout: RunLayout, name: str) -> None:
    folder = layout.artifacts
    for part in ["", *name.split("/")[:-1]]:
        folder = os.path.join(folder, part) if part else folder
        try:
            os.mkdir(folder)
        except FileExistsError:
            if not os.path.isdir(folder):
                raise NotADirectoryError(f"{folder} is a file") from None


def put(path: str, target: str) -> None:
    """Have a file stand where nothing does; it may stand at its own place too afterwards.

    :raises FileExistsError: something stands there.
    """
    try:
        os.link(path, target, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, NotImplementedError):
        # A file system without links to files.
        rename_to_free(path, target)


def rename_to_free(path: str | bytes, target: str) -> None:
    """Rename, which would replace what somebody else has put there meanwhile if that were not locked out."""
    folder = os.path.dirname(target)
    lock = os.open(folder, os.O_RDONLY) if os.name == "posix" else None
    try:
        if lock is not None:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(target):
            raise FileExistsError(target)
        os.rename(path, target)
    finally:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)
