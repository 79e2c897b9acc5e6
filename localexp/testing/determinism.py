"""Tests of which the records and reports are the same in every session, byte by byte."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from inspect import signature

import pytest

from localexp.errors import UserErrorException
from localexp.store import determinism
from localexp.testing.plugin import DETERMINISTIC, innermost_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from localexp.store.determinism import Clock
    from localexp.testing.session import Session


@contextmanager
def deterministic(
    clock: str = "frozen",
    *,
    start: str | datetime = determinism.START,
    step: float | timedelta | None = None,
) -> Iterator[None]:
    """Have what is recorded within the block, and pages and JSON of it, be the same whenever and wherever.

    - Recorded times are those of ``clock``. To show something, as to write a page, takes no step.
    - The id of a run is the name of its experiment and its number in that, as ``digits_1``; ids of workspaces and
      experiments are fixed. Where an id is taken, as by a run of an archived experiment of the name, ``_2`` is added.
    - The facts of a run (git, machine, Python, packages, how it was called) are made up, and the same for all; the
      state of inputs has no time of its own; there are no samples of resources.
    - In pages, and in what ``--json`` and ``--csv`` print, names stand for paths: ``{tmp}`` for pytest's folder of
      temporary files, or the system's, ``{root}`` for pytest's root, or the current directory, ``{python}``,
      ``{prefix}``, ``{stdlib}`` and ``{home}``.

    What differs still: real paths in what Python returns (``run.get_details()`` says which), addresses of pages, the
    texts of logs and what is known of these as files, process ids, and what the test itself does differently each time.
    The definition of a submitted run, and by it its identity, has those folders of the source directory that are on
    ``sys.path``: by default pytest puts there that of each test file it collects, and ``python -m pytest`` the current.
    So does the order in which processes at work at the same time begin runs in one experiment, or, unless they are
    ranks, log to one run.

    It is the whole process, threads included, that is deterministic, and what it starts: supervisors and scripts are
    frozen at the time of the submission, forks at that of the fork, other processes at ``start``. Blocks nest; the
    inner one counts. Whatever judges age, as garbage collection does, has the clock of the machine. In a test that is
    deterministic by marker or ini file, the set-up of fixtures of a wider scope has such a clock of its own.

    :param clock: ``"frozen"``, every time is ``start``; ``"stepping"``, the first that is recorded is, and each further
        one is ``step`` later.
    :param start: a ``datetime`` with a time zone, or an ISO text with one, of the years 1970 to 9998.
    :param step: seconds, or a ``timedelta``, up to a year; by default a second. A clock stands still at
        the end of those years.
    :raises UserErrorException: one of these is something else.
    """
    with _switched(determinism.clock_of(clock, start, step), _folders()):
        yield


def begin(session: Session, item: pytest.Item) -> None:
    """Have a test be deterministic until its end, as its marker says, or else the ini file.

    :raises pytest.fail.Exception: what the marker says is nothing.
    """
    stack = ExitStack()
    if session.undo is not None:
        # It is run again.
        stack.callback(session.undo)
    stack.enter_context(_switched(_clock(session, item), _folders()))

    def undo() -> None:
        session.undo = None
        stack.close()

    session.undo = undo


@contextmanager
def apart() -> Iterator[None]:
    """Have a clock within the block that begins anew, and leave that of the test, which is deterministic, as it is.

    What is entered in the block and not left is beneath the test's.
    """
    assert determinism.current is not None
    before, fresh = _entered[:], _Entry(determinism.current.anew(), determinism.folders)
    _entered[:] = [fresh]
    _apply()
    try:
        yield
    finally:
        _entered.remove(fresh)
        _entered.extend(before)
        _apply()


class _Entry:
    """A block that is deterministic, and what says so to the processes that it starts."""

    def __init__(self, clock: Clock, folders: str) -> None:
        self.clock = clock
        self.folders = folders
        self.variables = determinism.variables(clock.time, folders)


# Those that have not been left. A fixture may leave its block after the test that has set it up, so that they do not
# always nest.
_entered: list[_Entry] = []
_outside: list[tuple[Clock | None, str, dict[str, str | None]]] = []


@contextmanager
def _switched(clock: Clock, folders: str) -> Iterator[None]:
    """Have this process be deterministic within the block, and what it starts there."""
    if not _entered:
        variables = {name: os.environ.get(name) for name in (determinism.VARIABLE, determinism.FOLDERS)}
        _outside[:] = [(determinism.current, determinism.folders, variables)]
    entry = _Entry(clock, folders)
    _entered.append(entry)
    _apply()
    try:
        yield
    finally:
        _entered.remove(entry)
        _apply()


def _apply() -> None:
    variables: Mapping[str, str | None]
    if _entered:
        last = _entered[-1]
        determinism.current, determinism.folders, variables = last.clock, last.folders, last.variables
    else:
        determinism.current, determinism.folders, variables = _outside[0]
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def check_clock(session: Session) -> None:
    """See that what says that each test is deterministic names a clock.

    :raises pytest.UsageError: it does not.
    """
    try:
        clock_of_session(session)
    except UserErrorException as error:
        raise pytest.UsageError(str(error)) from None


def clock_of_session(session: Session) -> Clock:
    """The clock that tests have whose markers name none.

    :raises UserErrorException: the ini file, or else the environment, names none either.
    """
    assert session.clock is not None
    return determinism.clock_of_text(*session.clock)


def _clock(session: Session, item: pytest.Item) -> Clock:
    marker = item.get_closest_marker(DETERMINISTIC)
    if marker is None:
        return clock_of_session(session)
    try:
        said = signature(deterministic).bind(*marker.args, **marker.kwargs)
        said.apply_defaults()
        return determinism.clock_of(*said.args, **said.kwargs)
    except (TypeError, UserErrorException) as error:
        what_is_wrong = str(error)
    # Not above: pytest would say of the error that another one has come while it was handled.
    pytest.fail(
        f'the marker {DETERMINISTIC} of {item.nodeid}: {what_is_wrong}; it takes clock ("frozen" or '
        '"stepping"), start= and step=',
        pytrace=False,
    )


def _folders() -> str:
    """Those that are told by a name, as ``determinism.folders`` has them."""
    return "\n".join(f"{name}={path}" for path, name in _named())


def _named() -> list[tuple[str, str]]:
    from tempfile import gettempdir

    config = innermost_config()
    if config is None:
        return [(gettempdir(), "{tmp}"), (_current_folder(), "{root}")]
    # Without the plugin of that name there is none.
    factory: pytest.TempPathFactory | None = getattr(config, "_tmp_path_factory", None)
    own = [] if factory is None else [(str(factory.getbasetemp()), "{tmp}")]
    return [*own, (gettempdir(), "{tmp}"), (str(config.rootpath), "{root}")]


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        # Removed; so no path leads there.
        return ""
