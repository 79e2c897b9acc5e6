"""A pytest plugin: real workspaces for tests.

Every session of pytest on this machine loads this module, whatever it tests. So that it costs those without localexp
next to nothing, whatever takes more than noting something is imported when there is something to do.
"""

from __future__ import annotations

import os
import sys

import pytest

from localexp import observing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path
    from typing import Any

    from localexp.experiment import Experiment
    from localexp.run import Run
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.testing.assertions import assert_artifacts, assert_completed, assert_metrics
    from localexp.testing.context import as_context
    from localexp.testing.determinism import deterministic
    from localexp.testing.guards.runs import Started
    from localexp.testing.reports import report
    from localexp.testing.submitting import Submit
    from localexp.workspace import Workspace

__all__ = ["Submit", "as_context", "assert_artifacts", "assert_completed", "assert_metrics", "deterministic", "report"]

WORKSPACES, RUNS, SUPERVISORS = "localexp_guard_workspaces", "localexp_guard_runs", "localexp_guard_supervisors"
OUTSIDE = "localexp_outside"
DETERMINISTIC = "localexp_deterministic"
# What the output of a worker has the problems in that it has found at its end.
OF_WORKER = "localexp_problems"
_KEY = pytest.StashKey["Session"]()
_going_on: list[Session] = []
_CLOCKS = "'frozen', 'stepping', or with a start and seconds a step 'stepping 2026-01-01T00:00:00Z 0.5'"
_HOME = {
    "Submit": "localexp.testing.submitting",
    "as_context": "localexp.testing.context",
    "assert_artifacts": "localexp.testing.assertions",
    "assert_completed": "localexp.testing.assertions",
    "assert_metrics": "localexp.testing.assertions",
    "deterministic": "localexp.testing.determinism",
    "report": "localexp.testing.reports",
}


def __getattr__(name: str) -> object:
    # There is no __dir__ beside it: pytest asks a plugin for all that this has, and would have all imported.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, what in (
        (WORKSPACES, "fail a test that opens a workspace outside its temporary folder"),
        (RUNS, "fail a test that leaves a run open"),
        (SUPERVISORS, "let no supervisor of a run survive the session"),
    ):
        parser.addini(name, what, type="bool", default=True)
    parser.addini(DETERMINISTIC, f"the clock of every test: {_CLOCKS}", default="")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    session_of(early_config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{OUTSIDE}: the test may open workspaces outside its temporary folder.")
    config.addinivalue_line(
        "markers",
        f'{DETERMINISTIC}(clock="frozen", *, start=…, step=…): what is recorded and shown is the same in every '
        "session, as with localexp.testing.deterministic.",
    )
    # A plugin that a conftest names has missed the hook that is called first.
    session_of(config).is_configured()


def session_of(config: pytest.Config) -> Session:
    """The session of a configuration; it is begun when it is asked for first."""
    return config.stash.get(_KEY, None) or _begun(config)


def innermost_session() -> Session | None:
    """The session that goes on, of several that nest the last to have begun."""
    return _going_on[-1] if _going_on else None


def _begun(config: pytest.Config) -> Session:
    session = config.stash[_KEY] = Session(config)
    config.pluginmanager.register(session, "localexp-session")
    observing.add(session)
    _going_on.append(session)
    config.add_cleanup(lambda: observing.remove(session))
    config.add_cleanup(lambda: _going_on.remove(session))
    if session.guards(SUPERVISORS):
        # What is submitted by this process, or by what it starts, ends with it.
        config.add_cleanup(_set(observing.LEASH, observing.owner_text(os.getpid())))
    return session


class Session:
    """One pytest session, or one worker of it: whose turn it is, and what has been opened and started.

    It has the hooks that are called while it goes on, and observes what localexp does in this process.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._switches = {name: _is_on(config, name) for name in (WORKSPACES, RUNS, SUPERVISORS)}
        self.clock = _clock_said(config)
        """What says that each test is deterministic, and where it stands."""
        self.item: pytest.Item | None = None
        """The test that is being set up, called or torn down; None while tests are collected and between them."""
        self.has_failed = False
        """Whether that test has failed by now."""
        self.is_interrupted = False
        """Whether tests were kept from cleaning up, by Ctrl-C or by pytest.exit, whatever the exit status."""
        self.fixtures: list[pytest.FixtureDef[object]] = []
        """The fixtures that are being set up at this moment, the innermost last."""
        self.refused: dict[str, tuple[str | None, str]] = {}
        """By lines of code that have asked for workspaces, were refused, and nobody has been told yet: the id of the
        test, and what is to be said of the first."""
        self.runs: list[Started] = []
        """Runs that somebody has to end yet; where runs are not guarded, those with a supervisor, which has to end."""
        self.of_workers: list[tuple[str, str, str]] = []
        """Problems that workers of this session have found at their end."""
        self.undo: Callable[[], None] | None = None
        """What is to be done when the test is over, as it began with a clock of its own."""

    def opens(self, root: str) -> None:
        """``observing.Observer.opens``."""
        __tracebackhide__ = True
        if self.guards(WORKSPACES):
            from localexp.testing.guards import workspaces

            workspaces.check(self, root)

    def started(self, store: Store, record: RunRecord) -> None:
        """``observing.Observer.started``."""
        if self.guards(RUNS) or self.guards(SUPERVISORS):
            from localexp.testing.guards import runs

            runs.note(self, store, record)

    def is_configured(self) -> None:
        """From now on have what this process starts be kept from workspaces outside, or allow it, as is configured."""
        fence = _fence(self.config) if self.guards(WORKSPACES) else None
        self.config.add_cleanup(_set(observing.FENCE, fence))
        if self.clock is not None:
            from localexp.testing import determinism

            determinism.check_clock(self)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.item = item
        undo_outside = None if item.get_closest_marker(OUTSIDE) is None else _set(observing.FENCE, None)
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
        if call.excinfo is not None:
            self._shows(call.excinfo.value)
        report = yield
        # Not before: of a unittest class pytest finds out here what was raised. The end of a test is judged by now.
        error = None if call.excinfo is None or call.when == "teardown" else call.excinfo.value
        if error is not None and not isinstance(error, pytest.skip.Exception):
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
        self._shows(excinfo.value)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of xdist has ended; one that was killed has no output."""
        self.of_workers.extend(getattr(node, "workeroutput", {}).get(OF_WORKER, []))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
        """The innermost: neither the summary is shown yet nor is a worker's output sent."""
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
        # Likewise.
        __tracebackhide__ = True
        self.fixtures.append(fixturedef)
        try:
            if self.undo is None or fixturedef.scope == "function":
                value = yield
            else:
                from localexp.testing import determinism

                # Which test it is that has it set up, and so which others do not, is not to be seen in their times.
                with determinism.apart():
                    value = yield
        finally:
            self.fixtures.pop()
        if fixturedef.argname.startswith("localexp_"):
            from localexp.testing import origins

            # Not before: a warning may be an error, after which pytest expects the fixture to have been set up.
            origins.note(fixturedef, request)
        return value

    def guards(self, name: str) -> bool:
        """Whether a guard has been left switched on in the ini file."""
        return self._switches[name]

    def _fails(self, error: BaseException) -> None:
        self.has_failed = True
        self._is_told(error)

    def _is_told(self, error: BaseException) -> None:
        if self.refused:
            from localexp.testing.guards import workspaces

            workspaces.seen(self, error)

    def _shows(self, error: BaseException) -> None:
        if "localexp.errors" in sys.modules:
            from localexp.testing import tracebacks

            tracebacks.cut(self.config, error)

    def _finishes(self, session: pytest.Session, exit_status: int) -> None:
        if self.refused or self.runs or self.of_workers:
            from localexp.testing import guards

            guards.judge_session(self, session, exit_status)


def _clock_said(config: pytest.Config) -> tuple[str, str] | None:
    said = config.getini(DETERMINISTIC)
    if said:
        return said, f"the option {DETERMINISTIC} of the ini file"
    # Now, for a test may change it.
    said = os.environ.get("LOCALEXP_DETERMINISTIC")
    return (said, "the environment variable LOCALEXP_DETERMINISTIC") if said else None


def _is_on(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"the option {name} of the ini file is true or false: {error}") from None


def _set(name: str, value: str | None) -> Callable[[], None]:
    """Set a variable of the environment, or have there be none, until what is returned is called."""
    before = os.environ.get(name)

    def put(value: str | None) -> None:
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    put(value)
    return lambda: put(before)


def _fence(config: pytest.Config) -> str | None:
    """The folder in which pytest has, or would make, that of the session, which is not made for this."""
    import tempfile

    if hasattr(config, "workerinput") and observing.FENCE in os.environ:
        # That of the controller, or a child would be refused with workers what it may do without.
        return os.environ[observing.FENCE]
    given = getattr(config.option, "basetemp", None) or os.environ.get("PYTEST_DEBUG_TEMPROOT")
    try:
        return os.path.abspath(given or tempfile.gettempdir())
    except FileNotFoundError:
        # There is no such folder, nor can pytest make any.
        return None


@pytest.fixture
def localexp_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A new, empty workspace, in the test's tmp_path; Workspace.from_config() and the command line find it.

    It is a real one, but for waiting until things are on the disk. ``LOCALEXP_WORKSPACE`` names it during the test, for
    child processes too.
    """
    from localexp.testing import fixtures

    with fixtures.workspace(tmp_path / "workspace") as workspace:
        fixtures.find_from_now_on(workspace, monkeypatch)
        yield workspace


@pytest.fixture
def localexp_experiment(request: pytest.FixtureRequest, localexp_workspace: Workspace) -> Experiment:
    """An experiment in localexp_workspace, named after the test function."""
    from localexp.testing import fixtures

    return fixtures.experiment(request, "localexp_workspace", localexp_workspace)


@pytest.fixture
def localexp_run(request: pytest.FixtureRequest, localexp_experiment: Experiment) -> Iterator[Run]:
    """An interactive run of localexp_experiment, which Run.get_context() gives during the test.

    It captures no source, and no files: what the test writes, to ``outputs/`` too, stays where it is. ``upload_file``
    and ``upload_folder`` keep files, and so does ``localexp_submit`` those of a script. It ends with the test, unless
    that ends it: Failed with the reason if the test has failed by then, otherwise Completed.
    """
    from localexp.testing import fixtures

    with fixtures.run(request, "localexp_experiment", localexp_experiment) as run:
        yield run


@pytest.fixture
def localexp_submit(request: pytest.FixtureRequest, localexp_experiment: Experiment) -> Submit:
    """Call it with the path of a script: run that in localexp_experiment, wait, and return the Run that has ended.

    ``localexp_submit(script, source_directory=None, arguments=None, tags=None, *, inline=None, timeout=None)``; in
    place of a path a ScriptRunConfig. By default the folder of the script is captured and the script is a process of
    its own, which is canceled, and the test failed, after 300 s; with ``inline=True`` it runs in this process. Whether
    the run is Completed or Failed is for the test to look at.
    """
    from localexp.testing import fixtures

    return fixtures.submit(request, "localexp_experiment", localexp_experiment)


@pytest.fixture(scope="session")
def localexp_session_workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    """As localexp_workspace, but one for the whole session, or for each worker of pytest-xdist.

    ``LOCALEXP_WORKSPACE`` names it during the tests that name it, themselves or by other fixtures, and no others; what
    only ``request.getfixturevalue`` names does not count.
    """
    from localexp.testing import fixtures

    with (
        fixtures.workspace(tmp_path_factory.mktemp("session") / "workspace") as workspace,
        fixtures.holding_during_its_tests(request, lambda: fixtures.finding(workspace)),
    ):
        yield workspace


@pytest.fixture(scope="session")
def localexp_session_experiment(request: pytest.FixtureRequest, localexp_session_workspace: Workspace) -> Experiment:
    """The experiment "session" in localexp_session_workspace."""
    from localexp.testing import fixtures

    return fixtures.experiment(request, "localexp_session_workspace", localexp_session_workspace)


@pytest.fixture(scope="session")
def localexp_session_run(request: pytest.FixtureRequest, localexp_session_experiment: Experiment) -> Iterator[Run]:
    """As localexp_run, but one for all tests that name it; Failed in the end if one of these has failed."""
    from localexp.testing import fixtures

    with fixtures.run(request, "localexp_session_experiment", localexp_session_experiment) as run:
        yield run


@pytest.fixture(scope="session")
def localexp_session_submit(request: pytest.FixtureRequest, localexp_session_experiment: Experiment) -> Submit:
    """As localexp_submit, but in localexp_session_experiment, also for fixtures of the session."""
    from localexp.testing import fixtures

    return fixtures.submit(request, "localexp_session_experiment", localexp_session_experiment)
