"""How tests end that have runs by a fixture."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

_NAME = "localexp-outcomes"
_SESSION_RUN = "localexp_session_run"
_LONGEST_REASON = 2000
_TOLD = pytest.StashKey[dict[str, str]]()


class Outcomes:
    """A plugin that is registered with the first such test: a session without one has nothing to do with it."""

    def __init__(self) -> None:
        self.reason: str | None = None
        """Why the test that goes on has failed so far."""
        self.of_session_run: str | None = None
        """The first reason of a test that uses the run of the session."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "setup":
            # A test may be run several times.
            self.reason = None
        reason = _reason(report, call)
        if reason is not None:
            self.reason = self.reason or reason
            if _SESSION_RUN in getattr(item, "fixturenames", ()):
                self.of_session_run = self.of_session_run or f"{item.nodeid}: {reason}"
        if report.failed:
            said = report.longreprtext
            told = item.stash.get(_TOLD, {}).items()
            report.sections += [("Captured localexp call", text) for log, text in told if log not in said]
        return report


def tell(item: pytest.Item, log: str, text: str) -> None:
    """If a test fails, and what it says of that does not name this log, have its report tell this besides."""
    item.stash.setdefault(_TOLD, {})[log] = text


def _reason(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str | None:
    """Why it has failed, also where that was expected; None if it has not, or was skipped."""
    if call.excinfo is not None and not (report.skipped and not hasattr(report, "wasxfail")):
        phase = "" if call.when == "call" else f"the {call.when} of "
        return f"{phase}the test failed: {call.excinfo.exconly(tryshort=True)}"[:_LONGEST_REASON]
    # As one that was expected to fail and did not.
    return f"the test failed: {report.longreprtext.strip()}"[:_LONGEST_REASON] if report.failed else None


def of(config: pytest.Config) -> Outcomes:
    known = config.pluginmanager.get_plugin(_NAME)
    if known is None:
        known = Outcomes()
        config.pluginmanager.register(known, _NAME)
    assert isinstance(known, Outcomes)
    return known
