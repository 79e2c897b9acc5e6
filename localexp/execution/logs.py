"""Read the log of a run, also while it grows."""

from __future__ import annotations

import codecs
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

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
