"""What a caller gives as a file: a path or a stream, and the files of a folder."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from localexp.errors import UserErrorException
from localexp.execution.placing import PIECE
from localexp.store.layout import STORE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO


@contextmanager
def opened(source: object) -> Iterator[Iterator[bytes]]:
    """The bytes of a path or a stream, in pieces.

    :raises UserErrorException: it is neither, or cannot be read.
    """
    check(source)
    if not isinstance(source, (str, os.PathLike)):
        yield _pieces(source.read, f"the stream {source!r}")  # type: ignore[attr-defined]
        return
    path = os.fspath(source)
    with _opened_file(path) as file:
        yield _pieces(file.read, f"the file {path!r}")


def _opened_file(path: str) -> BinaryIO:
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        raise UserErrorException(f"the file {path!r} cannot be read: {error.strerror}") from error


def check(source: object) -> None:
    """Refuse what is neither an ordinary file nor a stream that can be read.

    :raises UserErrorException: it is not.
    """
    if isinstance(source, (str, os.PathLike)):
        _check_file(os.fspath(source))
    elif not callable(getattr(source, "read", None)):
        raise UserErrorException(f"{source!r} is neither a path nor a stream that can be read; give one of these")
    elif getattr(source, "closed", False):
        raise UserErrorException(f"the stream {source!r} is closed; give an open one")
    elif callable(readable := getattr(source, "readable", None)) and not readable():
        raise UserErrorException(f"the stream {source!r} is open for writing only; open it for reading")


def _check_file(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UserErrorException(f"the file {path!r} cannot be read: {why}; check the path") from error
    if stat.S_ISDIR(mode):
        raise UserErrorException(f"{path!r} is a folder; upload_folder takes folders")
    if not stat.S_ISREG(mode):
        raise UserErrorException(f"{path!r} is no ordinary file; give a stream to have it read to its end")


def files_of_folder(name: str, folder: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """(name, path) of each file in a folder and the folders in it, sorted; ``name`` is what the names begin with.

    :raises UserErrorException: it is no folder, or cannot be read.
    """
    top = os.fspath(folder)
    if not os.path.isdir(top):
        what = "is not a folder; upload_file takes files" if os.path.lexists(top) else "does not exist; check the path"
        raise UserErrorException(f"{top!r} {what}")
    begin = "" if name.rstrip("/") in ("", ".") else f"{name.rstrip('/')}/"
    found = []
    for place, folders, names in os.walk(top, onerror=_refuse):
        if STORE_FOLDER in folders:
            folders.remove(STORE_FOLDER)
        inside = os.path.relpath(place, top).replace(os.sep, "/")
        at = "" if inside == "." else f"{inside}/"
        found += [(f"{begin}{at}{each}", os.path.join(place, each)) for each in names]
    return sorted(found)


def _refuse(error: OSError) -> None:
    raise UserErrorException(f"the folder {error.filename!r} cannot be read: {error.strerror}") from error


def _pieces(read: Callable[[int], object], what: str) -> Iterator[bytes]:
    while True:
        try:
            piece = read(PIECE)
            if isinstance(piece, str):
                piece = piece.encode()
        except (OSError, ValueError) as error:
            raise UserErrorException(f"{what} cannot be read: {error}") from error
        if not isinstance(piece, (bytes, bytearray)):
            raise UserErrorException(f"{what} gives {piece!r}, which is neither bytes nor text")
        if not piece:
            return
        yield bytes(piece)
