"""Read the logs of a run, also while they grow."""

from __future__ import annotations

import codecs
import os

from localexp.errors import UserErrorException
from localexp.execution import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_PIECE = 2**16


class LogFollower:
    """Copies to a stream what has been added to a log since the last call; bytes that are no UTF-8 show as ``�``."""

    def __init__(self, path: str, stream: TextIO) -> None:
        self._path = path
        self._stream = stream
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def __call__(self) -> None:
        if not os.path.exists(self._path):
            return
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            while piece := file.read(_PIECE):
                self._offset += len(piece)
                self._stream.write(self._decoder.decode(piece))
        self._stream.flush()

    def finish(self) -> None:
        """Copy what is left when nothing more can come; the log may end within a character."""
        self()
        self._stream.write(self._decoder.decode(b"", final=True))
        self._stream.flush()


def texts(store: Store, record: RunRecord) -> dict[str, str]:
    """The text of each log by its name; bytes that are no UTF-8 show as ``�``."""
    found = {}
    for name, path in files.logs(store, record).items():
        with files.opened(store, record, name, path) as file:
            found[name] = file.read().decode(errors="replace")
    return found


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
