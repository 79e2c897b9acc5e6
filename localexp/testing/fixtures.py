"""What the fixtures give, and what holds while they do."""

from __future__ import annotations

import re
import unicodedata
from contextlib import ExitStack, contextmanager

import pytest

from localexp.errors import ReplacedStoreError, StoreError
from localexp.execution import interactive
from localexp.experiment import Experiment
from localexp.store.finding import WORKSPACE_VARIABLE
from localexp.testing import outcomes
from localexp.testing.context import as_context, leave_outer_run
from localexp.testing.origins import checked
from localexp.testing.plugin import session_of
from localexp.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from localexp.run import Run
    from localexp.testing.submitting import Submit

# A fixture that fails is shown with its own line, and not with ours.
__tracebackhide__ = True

_LONGEST_NAME, _SHORTEST_NAME = 36, 3
_OF_SESSION = "session"
_INTERRUPTED = "the test session was interrupted"


@contextmanager
def workspace(folder: Path) -> Iterator[Workspace]:
    made = Workspace._ephemeral_in(folder)
    yield made
    made.close()


def find_from_now_on(found: Workspace, patch: pytest.MonkeyPatch) -> None:
    """Have ``Workspace.from_config()``, the command line and child processes find it, until the patch is undone."""
    leave_outer_run(patch)
    patch.setenv(WORKSPACE_VARIABLE, found.path)


@contextmanager
def finding(found: Workspace) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        find_from_now_on(found, patch)
        yield


def experiment(request: pytest.FixtureRequest, name: str, given: object) -> Experiment:
    """That of a test, or of the session."""
    home = checked(request, name, given, Workspace)
    node = request.node
    return Experiment(home, _OF_SESSION if request.scope == "session" else fitting(_function_of(node)))


def submit(request: pytest.FixtureRequest, name: str, given: object) -> Submit:
    from localexp.testing.submitting import Submit

    outcomes.of(request.config)
    temporary: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return Submit(checked(request, name, given, Experiment), request.config, str(temporary.getbasetemp()))


@contextmanager
def run(request: pytest.FixtureRequest, name: str, given: object) -> Iterator[Run]:
    """One that is ended as the test ends, or as the tests of the session do that use it."""
    home = checked(request, name, given, Experiment)
    ends = outcomes.of(request.config)
    # What lies in a folder called outputs is not of this test.
    started = home.start_logging(snapshot_directory=None, outputs=False)
    is_of_session = request.scope == "session"
    with holding_during_its_tests(request, lambda: as_context(started)) if is_of_session else as_context(started):
        yield started
    reason = ends.of_session_run if is_of_session else ends.reason
    if reason is None and session_of(request.config).item is None:
        reason = _INTERRUPTED
    _end(started, reason)


def _end(started: Run, reason: str | None) -> None:
    store = started._workspace._store
    if not interactive.is_open(store, started.id):
        # The test has ended it.
        return
    try:
        if reason is None:
            started.complete()
        else:
            started.fail(reason)
    except StoreError as error:
        if store.exists() and not isinstance(error, ReplacedStoreError):
            raise
        # The test has removed the workspace, and the run with it.
        interactive.give_up(store, started.id)


class _DuringItsTests:
    """A plugin for what is to hold during the tests that use a fixture of the session, and during no others.

    Whichever order they are run in, the others find nothing of it.
    """

    def __init__(self, fixture: str, holding: Callable[[], AbstractContextManager[object]]) -> None:
        self._fixture = fixture
        self._holding = holding

    def begin_within(self, item: pytest.Item | None) -> None:
        """Of the test in which the fixture is set up it has missed the beginning."""
        if item is not None and self._is_used_by(item):
            stack = ExitStack()
            stack.enter_context(self._holding())
            item.addfinalizer(stack.close)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if not self._is_used_by(item):
            return (yield)
        with self._holding():
            return (yield)

    def _is_used_by(self, item: pytest.Item) -> bool:
        return self._fixture in getattr(item, "fixturenames", ())


@contextmanager
def holding_during_its_tests(
    request: pytest.FixtureRequest, holding: Callable[[], AbstractContextManager[object]]
) -> Iterator[None]:
    assert request.fixturename is not None
    plugin = _DuringItsTests(request.fixturename, holding)
    plugin.begin_within(session_of(request.config).item)
    request.config.pluginmanager.register(plugin)
    yield
    request.config.pluginmanager.unregister(plugin)


def _function_of(node: pytest.Item) -> str:
    # Without the ids of parameters; a doctest has no function.
    return getattr(node, "originalname", None) or node.name


def fitting(name: str) -> str:
    """A name that an experiment can have, as much like this one as possible."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    made = re.sub(r"[^A-Za-z0-9_-]+", "_", plain).lstrip("_-")[:_LONGEST_NAME].rstrip("_-")
    return made if len(made) >= _SHORTEST_NAME else f"test_{made}".rstrip("_")
