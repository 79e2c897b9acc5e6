"""What a test stores of a run, to compare with what later ones come to."""

from __future__ import annotations

from localexp.report import whole
from localexp.report.plain import json_text
from localexp.testing.assertions.arguments import checked_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.run import Run


def report(run: Run) -> str:
    """All that is known of a run as JSON, which in a test that is deterministic is the same byte by byte.

    It is what ``localexp show --json`` prints, and besides ``values``, for each metric all of its values with step and
    time, and ``artifacts``, the size and hash of each file that is no log. In ``deterministic``, names stand for paths.
    It ends with a newline, and is ASCII.

    :raises TypeError: this is no run.
    """
    of_run = checked_run("report", run)
    return json_text(whole.report(of_run._workspace._store, of_run._current())) + "\n"
