"""Wait for the end of a child, and for a signal that asks to look up from it."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.script import Script

_PIECE = 512


class Bell:
    """Rings when a child of this process ends, and when this process gets SIGTERM, which then does not end it.

    Of Windows it hears the child alone: a process there is not asked to end, it ends.
    """

    def __init__(self) -> None:
        self.was_told_to_end = False
        if sys.platform == "win32":
            return
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._note)
        # Without a handler no signal of it is written.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Whoever started this process may keep them from itself, and so from its children and theirs.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGCHLD))

    def _note(self, *_: object) -> None:
        self.was_told_to_end = True

    def wait(self, child: Script, seconds: float) -> None:
        """Return when it rings, or after some seconds."""
        seconds = max(0.0, seconds)
        if sys.platform == "win32":
            import subprocess

            assert isinstance(child, subprocess.Popen)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                return
            return
        import select

        if select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, _PIECE)
