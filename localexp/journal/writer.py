"""Append to a journal: the hot path of ``run.log``, which must neither wait nor raise."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from binascii import crc32
from time import time_ns

from localexp.errors import LocalexpError, UserErrorException
from localexp.journal.frame import (
    FLOAT,
    LARGEST_FRAME,
    NO_STEP,
    cell_body,
    close_body,
    framed,
    header_body,
    pack_float,
    pack_frame_head,
    words_body,
)
from localexp.store import determinism
from localexp.store.owners import this_process
from localexp.store.values import family, readable, to_cell, with_article

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.store.layout import RunLayout
    from localexp.store.values import Cell, Scalar

_CHECK_EVERY = 1_000_000
_NONE = -1
_MOST_NAMES = 10_000
# A fold may remove the empty folder just before the file is made in it.
_TRIES = 3
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class JournalWriter:
    """What this process says about one run.

    The file is made at the first record: ``prepare`` is called before, has to see to it that the folder of
    journals exists, and raises OSError or LocalexpError if it cannot. A record that cannot be kept is counted in
    ``lost``, with one warning; the count becomes a warning on the run as soon as something can be written again.

    :param not_before: the earliest time, in microseconds since the epoch, that a record is to have.
    :param warns: False for a caller that looks at ``lost`` itself, and raises.
    """

    def __init__(
        self,
        layout: RunLayout,
        run_id: str,
        prepare: Callable[[], None],
        not_before: int = 0,
        warns: bool = True,
    ) -> None:
        self._layout = layout
        self._run_id = run_id
        self._prepare = prepare
        self._names: dict[str, bytes] = {}
        self._kinds: dict[str, str] = {}
        self._descriptions: dict[str, str] = {}
        self._last_time = not_before
        self._has_warned = not warns
        # A signal handler or a handler of the logging module may log to the run in the middle of a record.
        self._lock = threading.RLock()
        self._descriptor = _NONE
        self._file: tuple[int, int] | None = None
        self._problem: Exception = OSError("nothing has been tried yet")
        self._checked_at = 0
        self._since_check = 0
        self.is_closed = False
        self.lost = 0
        self._told = 0
        self._is_opening = False
        self._waiting: list[bytes] = []
        _writers.add(self)

    def __del__(self) -> None:
        self._let_go()

    @property
    def problem(self) -> str:
        """What was in the way of the last record that was lost."""
        return str(self._problem)

    def point(self, name: str, value: Scalar, step: int | None = None) -> bool:
        """Append one scalar of a metric; False if the writer has been closed.

        :raises UserErrorException: the name has been used for a kind of metric with which a scalar does not go.
        """
        encoded = self._names.get(name) or self._encoded(name, "scalar")
        if step is None:
            step = NO_STEP
        with self._lock:
            if self.is_closed:
                return False
            now = self._now()
            if type(value) is float and value == value:
                self._append(pack_float(FLOAT, now, step, value) + encoded)
            else:
                self._append_any(cell_body(now, step, "scalar", encoded, to_cell(value)))
        return True

    def cell(self, name: str, kind: str, cell: Cell) -> bool:
        """Append one cell of a metric of any kind, or one that stands for several; False if the writer has been closed.

        :raises UserErrorException: as ``point``.
        """
        encoded = self._encoded(name, kind)
        with self._lock:
            if self.is_closed:
                return False
            self._append_any(cell_body(self._now(), NO_STEP, kind, encoded, cell))
        return True

    def _now(self) -> int:
        """The time, which for one writer never goes back; once a second, whether the file is still in its place."""
        now = time_ns() // 1000
        if not 0 <= now - self._checked_at <= _CHECK_EVERY:
            self._check(now)
        if determinism.current is not None:
            now = determinism.current.tick()
        if now < self._last_time:
            return self._last_time
        self._last_time = now
        return now

    def check_kind(self, name: str, kind: str) -> None:
        """See that a metric of this kind may have this name.

        :raises UserErrorException: this writer has said something of another kind under it.
        """
        known = self._kinds.setdefault(name, kind)
        if family(known) != family(kind):
            raise UserErrorException(
                f"the metric {name!r} was logged as {with_article(known)} before, with which {with_article(kind)} does "
                "not go; give it a name of its own"
            )

    def describe(self, name: str, description: str) -> None:
        """Append the description of a metric, unless it is the one that was said last."""
        if self._descriptions.get(name) != description:
            self._descriptions[name] = description
            self.say(describe=name, description=description)

    def say(self, **words: object) -> bool:
        """Append anything else; what it may be stands in ``fold``. False if the writer has been closed."""
        words = {key: readable(word) if isinstance(word, str) else word for key, word in words.items()}
        with self._lock:
            if self.is_closed:
                return False
            self._append_any(words_body(self._now(), words))
        return True

    def close(self) -> int:
        """Take nothing more, and return how many records were lost without a word of it in a journal."""
        with self._lock:
            if self._descriptor == _NONE and self.lost > self._told:
                self._reopen()
            self.is_closed = True
            if self._descriptor != _NONE and self.lost > self._told:
                self._tell()
            if self._descriptor != _NONE:
                self._write(framed(close_body()))
                self._let_go()
            return self.lost - self._told

    def _encoded(self, name: str, kind: str) -> bytes:
        text = readable(name)
        self.check_kind(text, kind)
        encoded = text.encode()
        if kind == "scalar":
            self._names[name] = encoded
        if len(self._kinds) > _MOST_NAMES:
            self._names.clear()
            self._kinds.clear()
        return encoded

    def _append(self, body: bytes) -> None:
        if self._descriptor != _NONE and self._write(pack_frame_head(len(body), crc32(body)) + body):
            self._since_check += 1
        elif self._is_opening:
            # From a signal handler, in the middle of the opening.
            self._waiting.append(body)
        else:
            self._lose(1)

    def _append_any(self, body: bytes) -> None:
        if len(body) <= LARGEST_FRAME:
            self._append(body)
        else:
            self._problem = OSError(f"a record of {len(body)} bytes is larger than {LARGEST_FRAME}")
            self._lose(1)

    def _write(self, frame: bytes) -> bool:
        try:
            written = os.write(self._descriptor, frame)
        except OSError as error:
            self._problem = error
            return False
        if written == len(frame):
            return True
        # What has been written stays as a torn tail; whatever comes next must not stand behind it.
        self._problem = OSError("the file could not be written to its end")
        self._let_go()
        return False

    def _check(self, now: int) -> None:
        """Open the file if there is none, and see whether what is open still has a place in its folder."""
        self._checked_at = now
        if self._descriptor != _NONE and not self._is_in_its_place():
            self._lose(self._since_check)
        self._since_check = 0
        if self._descriptor == _NONE:
            self._reopen()
            waiting, self._waiting = self._waiting, []
            for body in waiting:
                self._append(body)
        if self._descriptor != _NONE and self.lost > self._told:
            self._tell()

    def _is_in_its_place(self) -> bool:
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self._file:
            # Somebody has closed it, as daemons do; the number may mean a file of theirs by now.
            self._descriptor = _NONE
            self._problem = OSError("the journal was closed under its writer")
        elif status.st_nlink == 0:
            self._let_go()
            self._problem = FileNotFoundError("the folder of the run is gone")
        return self._descriptor != _NONE

    def _reopen(self) -> None:
        self._is_opening = True
        try:
            self._open()
        finally:
            self._is_opening = False

    def _open(self) -> None:
        path = self._layout.journal(_new_name())
        for _ in range(_TRIES):
            try:
                header = framed(header_body(str(this_process()), self._run_id))
                self._prepare()
                self._descriptor = os.open(path, _FLAGS, 0o666)
                status = os.fstat(self._descriptor)
                break
            except (OSError, LocalexpError) as error:
                self._problem = error
        else:
            return
        self._file = (status.st_dev, status.st_ino)
        if not self._write(header):
            self._let_go()
            self._remove(path)
        elif self.lost > self._told:
            self._tell()

    def _remove(self, path: str) -> None:
        try:
            os.unlink(path)
        except OSError as error:
            # An empty journal does no harm: it goes when the run has ended.
            self._problem = error

    def _tell(self) -> None:
        words = {"lost": self.lost - self._told, "reason": str(self._problem)}
        if self._write(framed(words_body(self._last_time, words))):
            self._told = self.lost

    def _lose(self, count: int) -> None:
        self.lost += count
        if count and not self._has_warned:
            self._has_warned = True
            # Not warnings.warn, which raises into the training loop where warnings are errors.
            import logging

            logging.getLogger("localexp").warning(
                "run %s: what is logged cannot be kept at present: %s; "
                "training goes on, and the run will say how many records are missing",
                self._run_id,
                self._problem,
            )

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, _NONE
        if descriptor != _NONE:
            try:
                os.close(descriptor)
            except OSError as error:
                self._problem = error

    def _leave_to_parent(self) -> None:
        """In a forked child: the file and the lock are the parent's, and what it lost is its to tell."""
        self._let_go()
        self._lock = threading.RLock()
        self._waiting, self._is_opening = [], False
        self._checked_at = 0
        self._since_check = 0
        self.lost = 0
        self._told = 0


def _new_name() -> str:
    """By these names journals are in the order in which they were opened."""
    clock = determinism.current
    # Where the ranks of a script come up in any order, their clocks do not.
    said = "" if clock is None else f"{clock.time:016x}-"
    return f"{said}{time_ns() // 1000:016x}-{os.urandom(4).hex()}"


_writers: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for writer in list(_writers):
        writer._leave_to_parent()


def close_writers(layout: RunLayout, but: JournalWriter) -> None:
    """Close what this process writes about a run, all but one."""
    for writer in list(_writers):
        if writer._layout.folder == layout.folder and writer is not but:
            writer.close()


@atexit.register
def _close_all() -> None:
    """So that what was lost is told, and readers need not ask whether this process still lives."""
    for writer in list(_writers):
        writer.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)
