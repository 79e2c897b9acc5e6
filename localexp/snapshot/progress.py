"""Progress of work that lasts, on one line of a terminal."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    AnyLine = TypeVar("AnyLine", bound="ProgressLine")

_SILENT_SECONDS = 0.5
_EVERY_SECONDS = 0.1


class ProgressLine:
    """A line of a terminal that is written again and again; nothing where standard error is no terminal."""

    def __init__(self) -> None:
        self._is_shown = False
        self._next = time.monotonic() + _SILENT_SECONDS
        self._is_on = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self: AnyLine) -> AnyLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def is_due(self) -> bool:
        """Whether it is time to show how things stand: after half a second, and then ten times a second at most."""
        return self._is_on and time.monotonic() >= self._next

    def show(self, text: str) -> None:
        """Write the line anew."""
        self._next = time.monotonic() + _EVERY_SECONDS
        self._is_shown = True
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def wipe(self) -> None:
        """Make room for another line."""
        if self._is_shown:
            self._is_shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Progress(ProgressLine):
    """Shows ``what`` is going on once it has lasted half a second; nothing where standard error is no terminal.

    :param what: the work, as ``"Scanning"``.
    :param unit: what is counted, as ``"files"``; ``"bytes"`` are written as MiB.
    :param total: how much there is to do, if that is known.
    """

    def __init__(self, what: str, unit: str, total: int | None = None) -> None:
        super().__init__()
        self._what = what
        self._unit = unit
        self._total = total
        self._done = 0

    def advance(self, count: int) -> None:
        """Say that so much more is done."""
        self.reach(self._done + count, self._total)

    def reach(self, done: int, total: int | None) -> None:
        """Say how much is done, and how much there is to do."""
        self._done, self._total = done, total
        if self.is_due():
            of = "" if total is None else f" of {self._amount(total)}"
            self.show(f"{self._what}: {self._amount(done)}{of} {self._name}")

    @property
    def _name(self) -> str:
        return "MiB" if self._unit == "bytes" else self._unit

    def _amount(self, count: int) -> str:
        return f"{count / 2**20:.1f}" if self._unit == "bytes" else str(count)
