"""See a script to its end: fold what it logs, and have it end if it is to."""

from __future__ import annotations

import time

from localexp.errors import LocalexpError
from localexp.execution import ending, processes
from localexp.journal import fold
from localexp.store import clock, owners, runs, settings, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.bell import Bell
    from localexp.execution.ending import Outcome
    from localexp.execution.script import Script
    from localexp.journal.writer import JournalWriter
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_LOOK_UP_EVERY_SECONDS = 2.0


class Attendant:
    """Whoever waits for a script that has been started; ``has_adopted`` as for ``processes.kill_tree``."""

    def __init__(
        self,
        store: Store,
        record: RunRecord,
        script: Script,
        writer: JournalWriter,
        bell: Bell,
        has_adopted: bool,
    ) -> None:
        self._store = store
        self._record = record
        self._script = script
        self._writer = writer
        self._bell = bell
        self._has_adopted = has_adopted
        self._has_warned = False
        self.has_stopped = False

    def attend(self, max_seconds: float | None) -> Outcome | None:
        """Return when the script has ended, or has not though it was to; with it how that makes its run end.

        None if that is for the exit of the script to say.
        """
        deadline = None if max_seconds is None else time.monotonic() + max_seconds
        next_look = time.monotonic() + _LOOK_UP_EVERY_SECONDS
        while not self._has_ended():
            until = next_look if deadline is None else min(next_look, deadline)
            self._bell.wait(self._script, until - time.monotonic())
            if self._has_ended():
                break
            if self._bell.was_told_to_end:
                self._stop()
                return ending.failed(
                    "the supervisor of the run was told to end by SIGTERM, as all processes are when the machine is "
                    "shut down",
                    code="SystemError",
                )
            if deadline is not None and time.monotonic() >= deadline:
                return self._stopped_at_limit(max_seconds)
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
            fold.fold(
                self._store, self._record.key, self._store.layout.run(self._record.experiment_name, self._record.id)
            )
            with self._store.main.reading() as db:
                return states.is_cancel_requested(db, self._record.key)
        except (LocalexpError, OSError) as error:
            # The script is not to suffer from it: the next round, a reader or the end will fold.
            if not self._has_warned:
                message = f"what was logged could not be folded for some time: {error}"
                self._writer.say(warning=message, source="supervisor")
            self._has_warned = True
        return False

    def _stopped_at_limit(self, seconds: float | None) -> Outcome:
        outcome = ending.canceled(
            why=f"the script had not ended after {seconds:g} s, the max_run_duration_seconds of the run"
        )
        try:
            self._record_limit(outcome)
        except (LocalexpError, OSError):
            # As on a full disk. The script is to end all the same, and the end of its run says why too.
            pass
        self._stop()
        return outcome

    def _record_limit(self, outcome: Outcome) -> None:
        """Whoever takes over from a supervisor that dies from here on is to know what this was."""
        with self._store.main.writing() as db:
            states.move(db, self._record.key, str(owners.this_process()), "CancelRequested", time=clock.now())
            runs.set_outcome(db, self._record.key, None, outcome.error)

    def _stop(self) -> None:
        """Ask the whole tree of the script to end, and give it time; what is left then is for ``kill_tree``."""
        self.has_stopped = True
        processes.terminate_tree(self._script.pid, self._has_adopted)
        with self._store.main.reading() as db:
            deadline = time.monotonic() + settings.number(db, settings.GRACE_SECONDS)
        while self._is_any_left() and time.monotonic() < deadline:
            self._bell.wait(self._script, min(_LOOK_UP_EVERY_SECONDS, deadline - time.monotonic()))

    def _is_any_left(self) -> bool:
        return not self._has_ended() or (self._has_adopted and processes.has_orphans())
