"""A tar file of files alone, written aside and put in its place when it is whole."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, nullcontext

from localexp.errors import FullDiskError, StoreError, UserErrorException
from localexp.execution import placing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from gzip import GzipFile
    from tarfile import TarFile
    from typing import BinaryIO

_PLAIN, _COMPRESSED = (".tar",), (".tar.gz", ".tgz")
# That of gzip: the one that Python takes by default is half as slow again, for a hundredth fewer bytes.
_LEVEL = 6


def checked_target(path: str, root: str) -> str:
    """Where an archive of the store at ``root`` may be written, as an absolute path.

    :raises UserErrorException: something is there already, or it is no place or no name for one.
    """
    target = os.path.abspath(path)
    folder = os.path.realpath(os.path.dirname(target))
    if not target.endswith(_PLAIN + _COMPRESSED):
        raise UserErrorException(f"a backup is a file whose name ends in {_endings()}, not {path!r}; name one so")
    if os.path.lexists(target):
        raise UserErrorException(f"{path} is there already, and a backup never replaces anything; choose another name")
    if not os.path.isdir(folder):
        raise UserErrorException(f"there is no folder {os.path.dirname(target)} for the backup; make it first")
    if os.path.join(folder, "").startswith(os.path.join(os.path.realpath(root), "")):
        raise UserErrorException(f"{path} would lie in the very workspace that is backed up; choose another folder")
    return target


def _endings() -> str:
    return ", ".join(_PLAIN + _COMPRESSED[:-1]) + f" or {_COMPRESSED[-1]}"


@contextmanager
def written(target: str, aside: str, progress: Callable[[int], object]) -> Iterator[Archive]:
    """An archive to add files to, which is at ``target`` when the block is left, and not at all if that fails.

    :raises UserErrorException: something has come to be there.
    :raises StoreError: it cannot be written.
    """
    try:
        with open(aside, "xb") as file:
            with _stream(target, file) as stream, _tar(stream) as tar:
                yield Archive(tar, progress)
            file.flush()
            os.fsync(file.fileno())
        placing.put(aside, target)
    except FileExistsError as error:
        raise UserErrorException(f"{target} has come to be there meanwhile, and is not replaced") from error
    except OSError as error:
        raise _explained(error, target) from error


def _stream(target: str, file: BinaryIO) -> AbstractContextManager[BinaryIO | GzipFile]:
    if not target.endswith(_COMPRESSED):
        return nullcontext(file)
    from gzip import GzipFile

    return GzipFile("", "wb", _LEVEL, file)


def _tar(stream: BinaryIO | GzipFile) -> TarFile:
    from tarfile import GNU_FORMAT, TarFile

    # This format has names as they are, whatever their bytes.
    return TarFile(mode="w", fileobj=stream, format=GNU_FORMAT, encoding="utf-8", errors="surrogateescape")


def _explained(error: OSError, target: str) -> StoreError:
    if isinstance(error, StoreError):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullDiskError(f"cannot write {target}: the disk is full; free some space, or choose another")
    where = target if error.filename is None else os.fsdecode(error.filename)
    return StoreError(f"no backup was made: {where}: {error.strerror or error}; try again")


class Archive:
    """An archive in the making; ``files`` and ``bytes`` are those that it has by now."""

    def __init__(self, tar: TarFile, progress: Callable[[int], object]) -> None:
        self.files = 0
        self.bytes = 0
        self._tar = tar
        self._progress = progress

    def add(self, name: str, path: str) -> bool:
        """Add a file as it is now, also one that grows meanwhile; False if there is no such file.

        :raises OSError: it cannot be read, or has lost its end meanwhile.
        """
        from tarfile import TarInfo

        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            info = TarInfo(name)
            info.size, info.mtime = status.st_size, int(status.st_mtime)
            info.mode = stat.S_IMODE(status.st_mode) & 0o777 | 0o600
            self._tar.addfile(info, _Told(file, self._progress))
        # It keeps what it knows of each, which nobody asks for.
        self._tar.members.clear()  # type: ignore[attr-defined]
        self.files += 1
        self.bytes += info.size
        return True


class _Told:
    """A file that tells of what is read of it."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], object]) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._progress(len(piece))
        return piece
