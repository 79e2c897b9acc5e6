"""What a script prints is in the log of its run, and is seen where the output of this process goes."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import contextmanager
from threading import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_NUMBERS = {"stdout": 1, "stderr": 2}
_IN_SYS = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")


class _Both(io.RawIOBase):
    """Bytes for a descriptor that leads to the log, and for a stream that shows them.

    Whoever has got hold of it in the meantime, as libraries do that keep ``sys.stderr``, may go on writing afterwards:
    that is for the stream which then stands in ``sys``.
    """

    def __init__(self, stream: str, encoding: str, shown: TextIO | None) -> None:
        self.name = f"<{stream}>"
        self.encoding = encoding
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._shown = shown
        self._has_log = True
        self._showing: int | None = None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return _NUMBERS[self._stream]

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        if self._has_log:
            self._write_to_log(piece)
        text = self._decoder.decode(piece)
        self._show(text.replace("\r\n", "\n") if os.linesep == "\r\n" else text)
        return len(piece)

    def _write_to_log(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self.fileno(), rest) :]

    def _show(self, text: str) -> None:
        shown = self._shown if self._has_log else getattr(sys, self._stream)
        if shown is None or self._showing == get_ident():
            # It leads to itself, maybe by another one.
            return
        self._showing = get_ident()
        try:
            shown.write(text)
            shown.flush()
        except (OSError, ValueError):
            # Nobody looks any more, or it cannot be shown there. The log has it, and the script goes on without them.
            pass
        finally:
            self._showing = None

    def let_go(self) -> None:
        """From now on it is not the script that writes."""
        self._has_log = False
        self._shown = None


@contextmanager
def into(log: str) -> Iterator[None]:
    """Within the block all output of this process, its children and its C code is added to a log.

    What Python code prints is also shown by the streams that it would have gone to.
    """
    flush()
    before = {name: getattr(sys, name) for name in _IN_SYS}
    saved = {number: _duplicate(number) for number in _NUMBERS.values()}
    shown = {name: _shown(before[name], saved) for name in _NUMBERS}
    both = {name: _Both(name, _encoding(name, before[name]), shown[name]) for name in _NUMBERS}
    try:
        _lead_to(log)
        for name, raw in both.items():
            stream = _stream(name, raw)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        yield
    finally:
        flush()
        for name, stream in before.items():
            setattr(sys, name, stream)
        # What was written to these went to the log, as long as it was theirs.
        _flush_streams(before["__stdout__"], before["__stderr__"])
        for name in _NUMBERS:
            _let_go(both[name], shown[name], before[name])
        _lead_back(saved)


def flush() -> None:
    """Have everything that was written be where it belongs by now."""
    _flush_streams(sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    if os.name == "posix":
        import ctypes

        # The buffers of C's streams.
        ctypes.CDLL(None).fflush(None)


def _flush_streams(*streams: TextIO | None) -> None:
    for stream in streams:
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            # Closed, or leading nowhere: nothing can be lost that would not have been anyway.
            continue


def _duplicate(number: int) -> int | None:
    try:
        return os.dup(number)
    except OSError:
        # Closed, as daemons do.
        return None


def _shown(stream: TextIO | None, saved: dict[int, int | None]) -> TextIO | None:
    """A stream that goes where one has gone before the descriptors below are redirected."""
    try:
        number = None if stream is None else stream.fileno()
    except (AttributeError, OSError, ValueError):
        # It has none, as those of notebooks and of tests.
        return stream
    if stream is None or number not in saved:
        return stream
    descriptor = saved[number]
    if descriptor is None:
        return None
    errors = getattr(stream, "errors", None) or "backslashreplace"
    return open(descriptor, "w", encoding=stream.encoding, errors=errors, closefd=False)


def _encoding(name: str, before: TextIO | None) -> str:
    real = getattr(sys, f"__{name}__")
    return getattr(real, "encoding", None) or getattr(before, "encoding", None) or "utf-8"


def _stream(name: str, raw: _Both) -> io.TextIOWrapper:
    errors = "strict" if name == "stdout" else "backslashreplace"
    # Written through, as to the log of a process of its own.
    return io.TextIOWrapper(raw, encoding=raw.encoding, errors=errors, write_through=True)


def _lead_to(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    for number in _NUMBERS.values():
        os.dup2(descriptor, number)
    if descriptor not in _NUMBERS.values():
        os.close(descriptor)


def _lead_back(saved: dict[int, int | None]) -> None:
    for number, descriptor in saved.items():
        if descriptor is None:
            os.close(number)
        else:
            os.dup2(descriptor, number)
            os.close(descriptor)


def _let_go(raw: _Both, shown: TextIO | None, before: TextIO | None) -> None:
    raw.let_go()
    if shown is None or shown is before:
        return
    try:
        shown.close()
    except OSError:
        # Nobody takes what is left.
        return
