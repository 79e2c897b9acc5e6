"""Ctrl-C in a command that waits for a run of its own."""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType


class FirstInterrupt:
    """Within its block the first Ctrl-C is only noted, until ``look`` answers it; a second is a KeyboardInterrupt.

    So an answer that takes a while, as a transaction, does not begin in the midst of anything. It has always been
    given when the block is left, however soon the second comes.
    """

    def __init__(self, answer: Callable[[], None]) -> None:
        self._answer = answer
        self._is_answered = False
        self._is_patient = False
        self._times = 0

    @property
    def has_come(self) -> bool:
        """Whether there was a Ctrl-C."""
        return self._times > 0

    def look(self) -> None:
        """Answer the first Ctrl-C if it has come; to be called now and then."""
        if self._times == 0 or self._is_answered:
            return
        self._is_patient = True
        self._answer()
        self._is_answered = True
        self._is_patient = False
        if self._times > 1:
            raise KeyboardInterrupt

    def __enter__(self) -> FirstInterrupt:
        self._before = signal.getsignal(signal.SIGINT)
        # Who runs the command in the background may have it ignore Ctrl-C.
        if self._before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._times += 1
        if self._times > 1 and not self._is_patient:
            self._is_patient = True
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is KeyboardInterrupt and self.has_come and not self._is_answered:
                # The second has come before anybody looked.
                self._answer()
        finally:
            signal.signal(signal.SIGINT, self._before)
