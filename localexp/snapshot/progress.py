"""Progress of work that lasts, on one line of a terminal."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_SILENT_SECONDS = 0.5
_EVERY_SECONDS = 0.1


class Progress:
    """Shows ``what`` is going on once it has lasted half a second; nothing where standard error is no terminal.

    :param what: the work, as ``"Scanning"``.
    :param unit: what is counted, as ``"files"``; ``"bytes"`` are written as MiB.
    :param total: how much there is to do, if that is known.
    """

    def __init__(self, what: str, unit: str, total: int | None = None) -> None:
        self._what = what
        self._unit = unit
        self._total = total
        self._done = 0
        self._is_shown = False
        self._next = time.monotonic() + _SILENT_SECONDS
        self._is_on = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def advance(self, count: int) -> None:
        """Say that so much more is done."""
        self.reach(self._done + count, self._total)

    def reach(self, done: int, total: int | None) -> None:
        """Say how much is done, and how much there is to do."""
        self._done, self._total = done, total
        if self._is_on and (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_SECONDS
            self._is_shown = True
            of = "" if total is None else f" of {self._amount(total)}"
            sys.stderr.write(f"\r\x1b[K{self._what}: {self._amount(done)}{of} {self._name}")
            sys.stderr.flush()

    @property
    def _name(self) -> str:
        return "MiB" if self._unit == "bytes" else self._unit

    def _amount(self, count: int) -> str:
        return f"{count / 2**20:.1f}" if self._unit == "bytes" else str(count)
