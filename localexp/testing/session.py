"""A pytest session that makes use of localexp: whose turn it is, and what has been opened and started."""

from __future__ import annotations

import sys

import pytest

from localexp import observing
from localexp.testing.plugin import DETERMINISTIC, OUTSIDE, set_variable, shows, watch_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from types import FrameType
    from typing import Any

    from localexp.testing.guards.runs import Started


def begun(config: pytest.Config) -> Session:
    """A new one.

    :raises pytest.UsageError: the ini file says that tests are deterministic, and names no clock.
    """
    session = Session(config)
    if session.clock is not None:
        from localexp.testing import determinism

        determinism.check_clock(session)
    config.pluginmanager.register(session, "localexp-session")
    return session


class Session:
    """One pytest session, or one worker of it, and the hooks that are called while it goes on.

    It may begin at any moment, for it does when localexp is first made use of.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.clock = watch_of(config).clock
        self.item = _set_up_or_called(config)
        """The test that is being set up, called or torn down; None while tests are collected and between them."""
        self.has_failed = False
        """Whether that test has failed by now."""
        self.is_interrupted = False
        """Whether tests were kept from cleaning up, by Ctrl-C or by pytest.exit, whatever the exit status."""
        self.refused: dict[str, tuple[str | None, str]] = {}
        """By lines of code that have asked for workspaces, were refused, and nobody has been told yet: the id of the
        test, and what is to be said of the first."""
        self.runs: list[Started] = []
        """Runs that somebody has to end yet; where runs are not guarded, those with a supervisor, which has to end."""
        self.of_workers: list[tuple[str, str, str]] = []
        """Problems that workers of this session have found at their end."""
        self.undo: Callable[[], None] | None = None
        """What is to be done when the test is over, as it began with a clock of its own."""
        self._fixtures: list[pytest.FixtureDef[object]] = []

    def guards(self, name: str) -> bool:
        """Whether a guard has been left switched on in the ini file."""
        return watch_of(self.config).guards(name)

    @property
    def fixture(self) -> pytest.FixtureDef[object] | None:
        """The fixture that is being set up at this moment, the innermost if there are several."""
        return self._fixtures[-1] if self._fixtures else _set_up(self.config)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.item = item
        undo_outside = None if item.get_closest_marker(OUTSIDE) is None else set_variable(observing.FENCE, None)
        try:
            return (yield)
        finally:
            self.item = None
            if undo_outside is not None:
                undo_outside()
            if self.undo is not None:
                self.undo()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self.clock is not None or item.get_closest_marker(DETERMINISTIC):
            from localexp.testing import determinism

            determinism.begin(self, item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        # Not before: of a unittest class pytest finds out here what was raised. The end of a test is judged by now.
        error = None if call.excinfo is None else call.excinfo.value
        if error is not None and call.when == "teardown":
            # This may have been begun in it.
            self._is_told(error)
        elif error is not None and not isinstance(error, pytest.skip.Exception):
            self._fails(error)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        # An error of any project's fixture comes through here, and is not to be shown with our lines.
        __tracebackhide__ = True
        try:
            return (yield)
        except BaseException as error:
            self._fails(error)
            raise
        finally:
            has_failed, self.has_failed = self.has_failed, False
            if self.refused or self.runs:
                from localexp.testing import guards

                guards.judge(self, item, has_failed)

    def pytest_exception_interact(self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]) -> None:
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            self._is_told(call.excinfo.value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.is_interrupted = True
        shows(self.config, excinfo.value)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        """The innermost: neither the summary is shown yet nor is a worker's output sent."""
        # Of a test in which this was begun the protocol has not been seen to end, and another may not have followed.
        self.item = None
        # Wide fixtures are gone with the last test, and pytest may remove the temporary folder next.
        if exitstatus == pytest.ExitCode.OK and not self.is_interrupted:
            self._finishes(session, exitstatus)
            return (yield)
        try:
            return (yield)
        finally:
            self._finishes(session, exitstatus)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        # As of the tear-down.
        __tracebackhide__ = True
        self._fixtures.append(fixturedef)
        try:
            if self.undo is None or fixturedef.scope == "function":
                value = yield
            else:
                from localexp.testing import determinism

                # Which test it is that has it set up, and so which others do not, is not to be seen in their times.
                with determinism.apart():
                    value = yield
        finally:
            self._fixtures.pop()
        if fixturedef.argname.startswith("localexp_"):
            from localexp.testing import origins

            # Not before: a warning may be an error, after which pytest expects the fixture to have been set up.
            origins.note(fixturedef, request)
        return value

    def _fails(self, error: BaseException) -> None:
        self.has_failed = True
        self._is_told(error)

    def _is_told(self, error: BaseException) -> None:
        if self.refused:
            from localexp.testing.guards import workspaces

            workspaces.seen(self, error)

    def _finishes(self, session: pytest.Session, exit_status: int) -> None:
        if self.refused or self.runs or self.of_workers:
            from localexp.testing import guards

            guards.judge_session(self, session, exit_status)


def _set_up_or_called(config: pytest.Config) -> pytest.Item | None:
    """The test that is, unless it is being torn down: what it leaves then has to be for the session to end."""
    for hook in ("pytest_runtest_setup", "pytest_runtest_call"):
        for given in _given_to(hook):
            item = given.get("item")
            if isinstance(item, pytest.Item) and item.config is config:
                return item
    return None


def _set_up(config: pytest.Config) -> pytest.FixtureDef[object] | None:
    for given in _given_to("pytest_fixture_setup"):
        request, definition = given.get("request"), given.get("fixturedef")
        if isinstance(request, pytest.FixtureRequest) and request.config is config:
            return definition
    return None


def _given_to(hook: str) -> Iterator[Mapping[str, Any]]:
    """What the functions that are at work on a hook have been given, the innermost first.

    What nobody has asked pytest to be told of can be seen here all the same; a call in another thread is found too.
    """
    for innermost in sys._current_frames().values():
        frame: FrameType | None = innermost
        while frame is not None:
            if frame.f_code.co_name == hook:
                yield frame.f_locals
            frame = frame.f_back
