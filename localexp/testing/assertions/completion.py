"""assert_completed."""

from __future__ import annotations

import os
import re
import time

from localexp.errors import UserErrorException
from localexp.testing.assertions.arguments import checked_run, reason

# Of all functions here: what is wrong is wrong in the test.
__tracebackhide__ = True

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.run import Run
    from localexp.store.runs import RunRecord

_LINES = 20


class _OutOfTime(Exception):
    """The run goes on longer than is waited for it."""


def assert_completed(run: Run, timeout: float = 60.0) -> None:
    """Fail the test unless a run is Completed. One that has been submitted and goes on is waited for.

    The message says why it failed, what its script has printed last, and where the whole log is.

    :param run: the run. An interactive one of this process that is still open is not waited for: it would never end.
    :param timeout: how many seconds to wait at most; the run is not canceled when they are over.
    :raises AssertionError: it is Failed or Canceled, or has not ended.
    :raises TypeError: ``run`` is no ``Run``, or ``timeout`` no number.
    :raises UserErrorException: ``timeout`` is negative or NaN.
    """
    checked = checked_run("assert_completed", run)
    _check_timeout(timeout)
    why = _why_active(checked, timeout)
    if checked._known().status != "Completed":
        headline = f"the run is {checked.status}{reason(checked)}"
        raise AssertionError("\n".join([headline, f"  {why or f'run {checked.id}'}", *_log_lines(checked)]))


def _check_timeout(timeout: object) -> None:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"the timeout is a number of seconds, not {timeout!r}")
    if not timeout >= 0:
        raise UserErrorException(f"the timeout is a number of seconds that is not negative, not {timeout!r}")


def _why_active(run: Run, timeout: float) -> str | None:
    """Why the run has not ended; None if it has."""
    from localexp.execution.waiting import check_can_be_waited_for

    store, record = run._workspace._store, run._current()
    if record.has_ended:
        return None
    try:
        check_can_be_waited_for(store, run.id)
    except UserErrorException as error:
        return str(error)
    try:
        _wait(run, record, timeout)
    except _OutOfTime:
        return f"run {run.id} was waited for {timeout:g} s; give a longer timeout, or see what keeps it"
    return None


def _wait(run: Run, record: RunRecord, timeout: float) -> None:
    from localexp.execution.waiting import wait

    deadline = time.monotonic() + timeout

    def look_at_clock() -> None:
        if time.monotonic() >= deadline and not run._current().has_ended:
            raise _OutOfTime

    run._record = wait(run._workspace._store, record, look_at_clock)


def _log_lines(run: Run) -> list[str]:
    from localexp.report.log_tail import lines_of

    path = _telling_log(run)
    if path is None:
        return [] if run.type is None else ["  it has no log: its script has not begun"]
    lines = lines_of(path)
    if not lines:
        return [f"  its log is empty: {path}"]
    which = f"log, the last {_LINES} lines" if len(lines) > _LINES else "log"
    return [f"  {which}: {path}", *(f"  | {line}".rstrip() for line in lines[-_LINES:])]


def _telling_log(run: Run) -> str | None:
    """Of a distributed script that of the rank which failed first, as the reason names it, else that of the first."""
    layout, rank = run._layout, re.match(r": rank (\d+) ", reason(run))
    paths = [layout.rank_log(int(rank[1]) if rank else 0), layout.log, layout.build_log]
    return next((path for path in paths if os.path.exists(path)), None)
