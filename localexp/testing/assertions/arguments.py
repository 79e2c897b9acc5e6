"""The runs that assertions are given, and how messages name them."""

from __future__ import annotations

from localexp.offline import OfflineRun
from localexp.report.printable import printable
from localexp.run import Run
from localexp.store.values import kind_text
from localexp.testing.assertions.shown import cut

# Of all functions here: what is wrong is wrong in the test.
__tracebackhide__ = True

_LONGEST_REASON = 500


def checked_run(function: str, run: object) -> Run:
    """What was given as a run.

    :raises TypeError: it is none.
    """
    if isinstance(run, Run):
        return run
    raise TypeError(f"{function} takes a Run first, not {_instead(run)}")


def _instead(run: object) -> str:
    if isinstance(run, str):
        return f"the text {cut(repr(run))}; Run.get(workspace, {cut(repr(run))}) gives the run of an id"
    if isinstance(run, OfflineRun):
        return (
            "an OfflineRun, which keeps nothing; what Run.get_context() gives in a test that has the fixture "
            "localexp_run, or in a block of as_context(run), is a run"
        )
    return f"{kind_text(run)}; experiment.start_logging() and experiment.submit(config) give one"


def reason(run: Run) -> str:
    """Why a run has ended as it did, with a colon before it; nothing if it has no error."""
    from localexp.execution.ending import message_of

    error = run._known().error_parts()
    return "" if error is None else f": {cut(printable(message_of(error)), _LONGEST_REASON)}"


def standing(run: Run) -> str:
    """As ``run digits_1 is Completed``, of one that failed with the reason."""
    return f"run {run.id} is {run.status}{reason(run)}"
