"""Read the logs of a run, also while they grow."""

from __future__ import annotations

import codecs
import os

from localexp.errors import UserErrorException
from localexp.execution import files
from localexp.snapshot.sizes import human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TextIO

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_PIECE = 2**16
_MOST_BYTES_OF_TEXT = 2**24


class LogFollower:
    """Copies to a stream what has been added to a log since the last call; bytes that are no UTF-8 show as ``�``.

    With ``as_it_is`` the stream is one of a file or pipe, which gets the bytes themselves.

    A log that has become shorter was written anew, and is copied from its beginning. ``meanwhile`` is called after each
    piece: a script may print faster than it can be shown. Of what is there at first, no more than the last so many
    lines are copied if ``tail`` is not None.
    """

    def __init__(
        self,
        path: str,
        stream: TextIO,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        as_it_is: bool = False,
        tail: int | None = None,
    ) -> None:
        self._path = path
        self._stream = stream
        self._is_as_it_is = as_it_is
        self._meanwhile = meanwhile
        self._begin()
        if tail is not None:
            self._offset = _start_of_last(path, tail)

    def _begin(self) -> None:
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def __call__(self) -> None:
        try:
            file = open(self._path, "rb")  # noqa: SIM115 - what is done with it may raise the same
        except FileNotFoundError:
            # Not yet there, or deleted with its run.
            return
        with file:
            self._copy(file)
        self._stream.flush()

    def _copy(self, file: BinaryIO) -> None:
        if os.fstat(file.fileno()).st_size < self._offset:
            self._begin()
        file.seek(self._offset)
        while piece := file.read(_PIECE):
            self._offset += len(piece)
            self._show(piece)
            self._meanwhile()

    def _show(self, piece: bytes) -> None:
        if self._is_as_it_is:
            self._stream.buffer.write(piece)
        else:
            self._stream.write(self._decoder.decode(piece))

    def finish(self) -> None:
        """Copy what is left when nothing more can come; the log may end within a character."""
        self()
        self._stream.write(self._decoder.decode(b"", final=True))
        self._stream.flush()


class RunFollower:
    """Copies to a stream what the script of a run has printed since the last call: of several ranks the first, and
    what has become of all.
    """

    def __init__(
        self,
        layout: RunLayout,
        record: RunRecord,
        stream: TextIO,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        as_it_is: bool = False,
        tail: int | None = None,
    ) -> None:
        is_distributed = record.definition_parts().get("distributed") is not None
        paths = [layout.rank_log(0), layout.log] if is_distributed else [layout.log]
        self.path = paths[0]
        self._followers = [LogFollower(path, stream, meanwhile, as_it_is=as_it_is, tail=tail) for path in paths]

    def __call__(self) -> None:
        for follower in self._followers:
            follower()

    def finish(self) -> None:
        """Copy what is left when nothing more can come."""
        for follower in self._followers:
            follower.finish()


def _start_of_last(path: str, lines: int) -> int:
    """Where the last so many lines of a file begin; 0 if it has fewer, or is not there."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - what is done with it may raise the same
    except FileNotFoundError:
        return 0
    with file:
        size = at = file.seek(0, os.SEEK_END)
        left = lines
        while at > 0 and left > 0:
            start = max(0, at - _PIECE)
            file.seek(start)
            # The line feed at the very end begins no line.
            piece, place = file.read(at - start), min(at, size - 1) - start
            while left > 0 and (place := piece.rfind(b"\n", 0, place)) >= 0:
                left -= 1
            at = start + place + 1 if left == 0 else start
    return at


def last_lines(path: str, count: int) -> list[str]:
    """The last lines of a log, at most so many; bytes that are no UTF-8 show as ``�``, a very long line by its end."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - what is done with it may raise the same
    except FileNotFoundError:
        return []
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _PIECE))
        return file.read(_PIECE).decode(errors="replace").removesuffix("\n").split("\n")[-count:] if size else []


def texts(store: Store, record: RunRecord) -> dict[str, str]:
    """The text of each log by its name, of a very long one its end; bytes that are no UTF-8 show as ``�``."""
    found = {}
    for name, path in files.logs(store, record).items():
        with files.opened(store, record, name, path) as file:
            found[name] = _end_of(file)
    return found


def _end_of(file: BinaryIO) -> str:
    left_out = max(0, os.fstat(file.fileno()).st_size - _MOST_BYTES_OF_TEXT)
    file.seek(left_out)
    end = file.read(_MOST_BYTES_OF_TEXT)
    if not left_out:
        return end.decode(errors="replace")
    # With a whole line, unless the log has hardly any.
    begin = end.find(b"\n", 0, _PIECE) + 1
    head = f"[the first {human(left_out + begin)} are left out; all of it is in {file.name}]\n"
    return head + end[begin:].decode(errors="replace")


def copy_all(store: Store, record: RunRecord, folder: str | None) -> list[str]:
    """Copy every log into a folder, by its name, or into a new temporary one; return the paths of the copies.

    :raises UserErrorException: it is no folder, or cannot be written.
    """
    if folder is not None and os.path.lexists(folder) and not os.path.isdir(folder):
        raise UserErrorException(f"{folder!r} is not a folder; the logs of a run need one")
    if folder is None:
        import tempfile

        folder = tempfile.mkdtemp(prefix=f"{record.id}-")
    names = list(files.logs(store, record))
    paths = [os.path.join(folder, *name.split("/")) for name in names]
    files.download_all(store, record, names, paths)
    return paths
