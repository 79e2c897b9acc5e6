"""See a script to its end: fold what it logs, and have it end if it is to."""

from __future__ import annotations

import math
import os
import time

from localexp.errors import LocalexpError
from localexp.execution import ending, processes
from localexp.execution.resources import Sampler, Sampling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.bell import Bell
    from localexp.execution.ending import Outcome
    from localexp.execution.homes import Home
    from localexp.execution.leash import Leash
    from localexp.execution.script import Script
    from localexp.journal.writer import JournalWriter

_LOOK_UP_EVERY_SECONDS = 2.0


class Attendant:
    """Whoever waits for a script that has been started; ``has_adopted`` as for ``processes.kill_tree``."""

    def __init__(
        self,
        home: Home,
        script: Script,
        writer: JournalWriter,
        bell: Bell,
        leash: Leash,
        has_adopted: bool,
        sample_seconds: float,
    ) -> None:
        self._home = home
        self._script = script
        self._writer = writer
        self._bell = bell
        self._leash = leash
        self._has_adopted = has_adopted
        self._has_warned = False
        sampler = Sampler(script.pid, os.getpid() if has_adopted else None)
        self._sampling = Sampling(sampler, sample_seconds, writer)
        self.has_stopped = False

    def attend(self, max_seconds: float | None) -> Outcome | None:
        """Return when the script has ended, or has not though it was to; with it how that makes its run end.

        None if that is for the exit of the script to say.
        """
        deadline = None if max_seconds is None else time.monotonic() + max_seconds
        next_look = time.monotonic() + _LOOK_UP_EVERY_SECONDS
        while not self._has_ended():
            until = min(next_look, self._sampling.due, math.inf if deadline is None else deadline)
            self._bell.wait(self._script, until - time.monotonic())
            if self._has_ended():
                break
            self._sampling.sample_if_due()
            if self._bell.was_told_to_end:
                self._stop()
                return ending.told_to_end()
            if deadline is not None and time.monotonic() >= deadline:
                return self._canceled(_at_limit(max_seconds))
            if self._leash.is_let_go():
                return self._canceled(self._leash.outcome())
            if time.monotonic() >= next_look:
                if self._is_canceled():
                    self._stop()
                    return None
                next_look = time.monotonic() + _LOOK_UP_EVERY_SECONDS
        return None

    def _has_ended(self) -> bool:
        if self._has_adopted:
            processes.collect_children(but=self._script.pid)
        return self._script.poll() is not None

    def _is_canceled(self) -> bool:
        try:
            return self._home.look_up()
        except (LocalexpError, OSError) as error:
            # The script is not to suffer from it: the next round, a reader or the end will fold.
            if not self._has_warned:
                message = f"what was logged could not be folded for some time: {error}"
                self._writer.say(warning=message, source="supervisor")
            self._has_warned = True
        return False

    def _canceled(self, outcome: Outcome) -> Outcome:
        try:
            self._home.say_canceled(outcome)
        except (LocalexpError, OSError):
            # As on a full disk. The script is to end all the same, and the end of its run says why too.
            pass
        self._stop()
        return outcome

    def _stop(self) -> None:
        """Ask the whole tree of the script to end, and give it time; what is left then is for ``kill_tree``."""
        self.has_stopped = True
        processes.terminate_tree(self._script.pid, self._has_adopted)
        deadline = time.monotonic() + self._home.grace_seconds()
        while self._is_any_left() and time.monotonic() < deadline:
            self._bell.wait(self._script, min(_LOOK_UP_EVERY_SECONDS, deadline - time.monotonic()))

    def _is_any_left(self) -> bool:
        return not self._has_ended() or (self._has_adopted and processes.has_orphans())


def _at_limit(seconds: float | None) -> Outcome:
    return ending.canceled(why=f"the script had not ended after {seconds:g} s, the max_run_duration_seconds of the run")
