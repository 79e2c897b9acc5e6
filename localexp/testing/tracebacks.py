"""Which line an error is shown with: that of the tests, or of what they test, and not those that it led to here."""

from __future__ import annotations

from localexp.errors import LocalexpError
from localexp.testing.guards.places import is_machinery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import pytest

# Any other that is raised here is a mistake of ours, and the lines are wanted.
_OF_CALLERS = (LocalexpError, SystemExit, KeyboardInterrupt)


def cut(config: pytest.Config, error: BaseException) -> None:
    """Take the lines of localexp from the end of an error that is about to be shown, unless all are asked for."""
    if config.getoption("fulltrace", False) or not isinstance(error, _OF_CALLERS):
        return
    traces = list(_traces(error.__traceback__))
    packages = [str(trace.tb_frame.f_globals.get("__name__")).partition(".")[0] for trace in traces]
    files = [trace.tb_frame.f_code.co_filename for trace in traces]
    last = max((at for at, package in enumerate(packages) if not is_machinery(package, files[at])), default=None)
    if last is not None and "localexp" in packages[last:]:
        # pytest makes its own list of them anew.
        traces[last].tb_next = None


def _traces(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
