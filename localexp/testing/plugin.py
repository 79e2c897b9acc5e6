"""What is there of the plugin in every session of pytest on this machine, whatever it tests.

What is only for those that make use of localexp is in ``session``, and is imported when something does.
"""

from __future__ import annotations

import os
import sys
import threading

import pytest

from localexp import observing
from localexp.testing import Finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from localexp.experiment import Experiment
    from localexp.run import Run
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.testing.session import Session
    from localexp.testing.submitting import Submit
    from localexp.workspace import Workspace

WORKSPACES, RUNS, SUPERVISORS = "localexp_guard_workspaces", "localexp_guard_runs", "localexp_guard_supervisors"
OUTSIDE = "localexp_outside"
DETERMINISTIC = "localexp_deterministic"
# What the output of a worker has the problems in that it has found at its end.
OF_WORKER = "localexp_problems"
_KEY = pytest.StashKey["Watch"]()
_CLOCKS = "'frozen', 'stepping', or with a start and seconds a step 'stepping 2026-01-01T00:00:00Z 0.5'"


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
    watch_of(early_config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{OUTSIDE}: the test may open workspaces outside its temporary folder.")
    config.addinivalue_line(
        "markers",
        f'{DETERMINISTIC}(clock="frozen", *, start=…, step=…): what is recorded and shown is the same in every '
        "session, as with localexp.testing.deterministic.",
    )
    # A plugin that a conftest names has missed the hook that is called first.
    watch_of(config).is_configured()


def pytest_collection_finish(session: pytest.Session) -> None:
    # What they import later, or only some of them, is noticed when it opens or starts something.
    if "localexp.workspace" in sys.modules or any(map(_names_localexp, session.items)):
        session_of(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    # What fails may have been imported by the test, and have opened nothing yet.
    if call.excinfo is not None:
        shows(item.config, call.excinfo.value)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of xdist has ended; one that was killed has no output."""
    problems = getattr(node, "workeroutput", {}).get(OF_WORKER)
    if problems:
        session_of(node.config).of_workers.extend(problems)


def shows(config: pytest.Config, error: BaseException) -> None:
    """An error is about to be shown."""
    if "localexp.errors" in sys.modules:
        from localexp.testing import tracebacks

        tracebacks.cut(config, error)


def session_of(config: pytest.Config) -> Session:
    """The session of a configuration, which makes use of localexp, or this would not be called."""
    return watch_of(config).session()


def innermost_config() -> pytest.Config | None:
    """That of the session that goes on, of several that nest of the last to have begun."""
    watch = observing.innermost()
    return watch.config if isinstance(watch, Watch) else None


def watch_of(config: pytest.Config) -> Watch:
    return config.stash.get(_KEY, None) or config.stash.setdefault(_KEY, Watch(config))


class Watch:
    """What there is of a session until something makes use of localexp in it, which in most nothing ever does."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._session: Session | None = None
        self._beginning = threading.RLock()
        self._switches = {name: _is_on(config, name) for name in (WORKSPACES, RUNS, SUPERVISORS)}
        self.clock = _clock_said(config)
        """What says that each test is deterministic, and where it stands."""
        observing.add(self)
        config.add_cleanup(lambda: observing.remove(self))
        config.add_cleanup(Finder.remove)
        if self.guards(SUPERVISORS):
            # What is submitted by this process, or by what it starts, ends with it.
            config.add_cleanup(set_variable(observing.LEASH, observing.owner_text(os.getpid())))

    def guards(self, name: str) -> bool:
        """Whether a guard has been left switched on in the ini file."""
        return self._switches[name]

    def is_configured(self) -> None:
        """From now on have what this process starts be kept from workspaces outside, or allow it, as is configured."""
        fence = _fence(self.config) if self.guards(WORKSPACES) else None
        self.config.add_cleanup(set_variable(observing.FENCE, fence))
        if self.clock is not None:
            self.session()

    def session(self) -> Session:
        """It is begun when it is asked for first."""
        # Threads of a test may be the first together.
        with self._beginning:
            if self._session is None:
                from localexp.testing.session import begun

                self._session = begun(self.config)
            return self._session

    def opens(self, root: str) -> None:
        """``observing.Observer.opens``."""
        __tracebackhide__ = True
        if self.guards(WORKSPACES):
            from localexp.testing.guards import workspaces

            workspaces.check(self.session(), root)

    def started(self, store: Store, record: RunRecord) -> None:
        """``observing.Observer.started``."""
        if self.guards(RUNS) or self.guards(SUPERVISORS):
            from localexp.testing.guards import runs

            runs.note(self.session(), store, record)


def _names_localexp(item: pytest.Item) -> bool:
    return (
        OUTSIDE in item.keywords
        or DETERMINISTIC in item.keywords
        or any(name.startswith("localexp_") for name in getattr(item, "fixturenames", ()))
    )


def _is_on(config: pytest.Config, name: str) -> bool:
    try:
        return bool(config.getini(name))
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"the option {name} of the ini file is true or false: {error}") from None


def _clock_said(config: pytest.Config) -> tuple[str, str] | None:
    said = config.getini(DETERMINISTIC)
    if said:
        return said, f"the option {DETERMINISTIC} of the ini file"
    # Now, for a test may change it.
    said = os.environ.get("LOCALEXP_DETERMINISTIC")
    return (said, "the environment variable LOCALEXP_DETERMINISTIC") if said else None


def set_variable(name: str, value: str | None) -> Callable[[], None]:
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
