"""End submitted runs that nobody has ended, so that their supervisors are gone when this returns."""

from __future__ import annotations

import os
import signal
import time

from localexp.errors import LocalexpError, UserErrorException
from localexp.execution import canceling
from localexp.execution.ownership import settled
from localexp.execution.waiting import wait
from localexp.store import runs, settings, states
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.testing.guards.runs import Started

# A supervisor needs a moment more than its script, which has the grace seconds of the workspace.
_SECONDS_TO_END = 10.0
# Who has canceled it, or has seen its script end, is done with it.
_LEFT = states.STOPPABLE - {"CancelRequested"}


def ended(due: Sequence[Started], session_is_over: bool) -> dict[Started, str]:
    """Of those that were submitted and are left, how they were found and what has become of them."""
    by_root: dict[str, list[Started]] = {}
    for run in due:
        if run.is_submitted:
            by_root.setdefault(run.store.layout.root, []).append(run)
    active = {run: one for alike in by_root.values() for run, one in _active(alike).items()}
    try:
        # First those that wait in the queue, or the end of another would start them.
        for one in sorted(active.values(), key=lambda one: one.record.owner is not None):
            one.cancel()
        for one in active.values():
            one.wait()
    except KeyboardInterrupt:
        # At the end mostly the second: supervisors need nobody who waits, and end soon after this process anyway.
        if not session_is_over:
            raise
    for one in active.values():
        one.store.close()
    return {run: f"{one.record.status}{one.fate}" for run, one in active.items() if one.record.status in _LEFT}


class _Active:
    """A run that has not ended, as it was found, and what has become of it since."""

    def __init__(self, store: Store, record: RunRecord) -> None:
        self.store = store
        self.record = record
        self.fate = " until now"

    def cancel(self) -> None:
        reason = canceling.instead(self.record)
        if reason is not None:
            self.fate = f", and could not be canceled: {reason}"
            return
        try:
            canceling.request_cancel(self.store, self.record)
            self.fate = " until it was canceled now"
        except UserErrorException:
            # It has just ended.
            return
        except (LocalexpError, OSError) as error:
            self.fate = f", and could not be canceled: {error}"

    def wait(self) -> None:
        """Return when it has ended, and its supervisor, which is killed for it if need be."""
        if canceling.instead(self.record) is not None:
            # An inline one is of a thread of this process, and may go on as long as that.
            return
        try:
            if not self._is_over_within(_SECONDS_TO_END + self._grace_seconds()) and self._has_killed_supervisor():
                self._is_over_within(_SECONDS_TO_END)
        except (LocalexpError, OSError):
            # Deleted meanwhile, and its store maybe with it.
            return

    def _is_over_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds

        def look() -> None:
            if time.monotonic() > deadline:
                raise TimeoutError

        try:
            wait(self.store, self.record, look)
        except TimeoutError:
            return False
        return True

    def _grace_seconds(self) -> float:
        with self.store.main.reading() as db:
            return settings.number(db, settings.GRACE_SECONDS)

    def _has_killed_supervisor(self) -> bool:
        with self.store.main.reading() as db:
            text = runs.anew(db, self.record).owner
        owner = None if text is None else Owner.parse(text)
        if owner is None or owner == this_process() or not owner.can_be_judged() or owner.is_known_dead():
            return False
        # As one that was stopped. Windows has the other signal alone, which there kills too.
        os.kill(owner.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        return True


def _active(alike: Sequence[Started]) -> dict[Started, _Active]:
    """Those of one store that go on."""
    store, found = alike[0].store, {}
    for run in alike:
        try:
            record = _standing(store, run.record.id) if store.exists() else None
        except (LocalexpError, OSError):
            # Damaged by its test, say: a supervisor of it ends soon after this process all the same.
            continue
        if record is not None and not record.has_ended:
            found[run] = _Active(store, record)
    if not found:
        store.close()
    return found


def _standing(store: Store, run_id: str) -> RunRecord | None:
    with store.main.reading() as db:
        record = runs.find(db, run_id)
    # To settle one that waits would start it.
    return record if record is None or record.owner is None else settled(store, record)
