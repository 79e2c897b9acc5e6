"""Keep tests from leaving runs open, or a session from leaving supervisors behind: what they leave is ended."""

from __future__ import annotations

import os
import re

from localexp.errors import LocalexpError
from localexp.execution import ending, interactive
from localexp.execution.targets import INLINE
from localexp.store.store import Store
from localexp.testing.guards import places, supervisors
from localexp.testing.guards.problems import Problem
from localexp.testing.plugin import RUNS, SUPERVISORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from localexp.store.runs import RunRecord
    from localexp.testing.session import Session

_SETUP_FUNCTION = re.compile(r"_(?:xunit|unittest)_(\w+?)_fixture_(.+)")


class Fixture:
    """A fixture that a run was started in, as it is set up this time."""

    def __init__(self, config: pytest.Config, definition: pytest.FixtureDef[object]) -> None:
        is_setup = _SETUP_FUNCTION.fullmatch(definition.argname)
        self.name = definition.argname if is_setup is None else f"{is_setup[1]} of {is_setup[2]}"
        self.kind = "fixture " if is_setup is None else ""
        self.line = places.of_function(config, definition.func) if is_setup is None else ""
        self.end = "after the yield of the fixture" if is_setup is None else "in the tear-down function beside it"
        self.is_of_session = definition.scope == "session"
        self.is_torn_down = False
        definition.addfinalizer(self._end)

    def _end(self) -> None:
        self.is_torn_down = True

    def __str__(self) -> str:
        return f"{self.kind}{self.name}" + (f" ({self.line})" if self.line else "")


class Started:
    """A run that was started while a session went on."""

    def __init__(self, session: Session, store: Store, record: RunRecord) -> None:
        # One that was submitted may be remembered until the session ends, and is to hold no file open for that.
        self.store = store if record.type is None else Store(store.layout.root)
        self.record = record
        self.test = None if session.item is None else session.item.nodeid
        self.fixture = None if (definition := session.fixture) is None else Fixture(session.config, definition)
        self.line = places.of_caller(session.config, session.item).text

    @property
    def is_submitted(self) -> bool:
        return self.record.type is not None

    @property
    def is_due(self) -> bool:
        """Whether the test that is being torn down, or a fixture that went with it, should have ended it."""
        if self.fixture is None:
            return self.test is not None
        return self.fixture.is_torn_down and not self.fixture.is_of_session

    @property
    def owner(self) -> str:
        """Who should have ended it."""
        return str(self.fixture or self.test or "code outside of tests")

    @property
    def end(self) -> str:
        """When it should have been ended."""
        if self.fixture is not None:
            return self.fixture.end
        return "before the session ends" if self.test is None else "before the test ends"

    @property
    def where(self) -> str:
        if self.fixture is None:
            return self.test or self.line
        file = (self.fixture.line or self.line).rpartition(":")[0]
        return f"{file}::{self.fixture.name}"


def note(session: Session, store: Store, record: RunRecord) -> None:
    has_supervisor = record.type is not None and record.target != INLINE
    if session.guards(RUNS) or (has_supervisor and session.guards(SUPERVISORS)):
        session.runs.append(Started(session, store, record))


def left_by_test(session: Session) -> list[Problem]:
    """End what the test that is being torn down should have ended; what is returned says so."""
    due = [run for run in session.runs if run.is_due]
    found = _problems(due, RUNS, session_is_over=False)
    # Not before: whoever interrupts this leaves it to the end of the session.
    session.runs = [run for run in session.runs if run not in due]
    return found


def left(session: Session) -> list[Problem]:
    """End what nobody has ended when the session is over; what is returned says so."""
    due, session.runs = session.runs, []
    return _problems(due, RUNS if session.guards(RUNS) else SUPERVISORS, session_is_over=True)


def _problems(due: list[Started], switch: str, session_is_over: bool) -> list[Problem]:
    found = {**_ended_interactive(due), **supervisors.ended(due, session_is_over)}
    for run in found:
        # Its workspace may have been closed before this was looked into.
        run.store.close()
    by_owner: dict[str, list[Started]] = {}
    for run in due:
        if run in found:
            by_owner.setdefault(run.owner, []).append(run)
    return [Problem(left[0].where, owner, _text(owner, left, found, switch)) for owner, left in by_owner.items()]


def _ended_interactive(due: list[Started]) -> dict[Started, str]:
    # Children have begun after their parents, and end before them.
    left = [run for run in reversed(due) if interactive.is_open(run.store, run.record.id)]
    return {run: _ended(run) for run in left}


def _ended(run: Started) -> str:
    outcome = ending.failed(f"{run.owner} left the run open, which was started at {run.line}")
    try:
        if run.store.exists():
            interactive.end(run.store, run.record, outcome)
            return "now ended as Failed"
        return "and cannot be ended, for its workspace is gone"
    except (LocalexpError, OSError) as error:
        return f"and could not be ended: {error}"
    finally:
        interactive.give_up(run.store, run.record.id)


def _text(owner: str, left: list[Started], found: dict[Started, str], switch: str) -> str:
    below = _children(left)
    named = [run for run in left if run in below]
    what = "run" if len(left) == 1 else f"{len(left)} runs"
    lines = [f"localexp: {what} left open by {owner}", *_lines(named, below, found)]
    if any(not run.is_submitted for run in left):
        lines.append(f"  instead: write `with experiment.start_logging() as run:`, or run.complete() {left[0].end}")
    if any(run.is_submitted for run in left):
        lines.append(f"  its workspace: {os.path.dirname(named[-1].store.layout.root)}")
        lines.append(f"  instead: write run.wait_for_completion(), or run.cancel(), {left[0].end}")
    lines.append(f"  if it is meant: {switch} = false in pytest's ini file switches this guard off")
    return "\n".join(lines)


def _children(left: list[Started]) -> dict[Started, int]:
    """How many descendants each has among these, of those that are nobody's themselves."""
    by_key: dict[tuple[str, int | None], Started] = {(run.store.layout.root, run.record.key): run for run in left}
    below: dict[Started, int] = {}
    for run in left:
        top = run
        while (parent := by_key.get((top.store.layout.root, top.record.parent))) is not None:
            top = parent
        below[top] = below.get(top, -1) + 1
    return below


def _lines(named: list[Started], below: dict[Started, int], found: dict[Started, str]) -> Iterable[str]:
    """One for each line of code and what became of it: a loop may have left hundreds."""
    alike: dict[tuple[str, str], list[Started]] = {}
    for run in named:
        alike.setdefault((run.line, found[run]), []).append(run)
    for (line, fate), together in alike.items():
        first = together[0]
        more = f" and {len(together) - 1} more" if len(together) > 1 else ""
        children = sum(below[run] for run in together)
        with_children = f", with {children} child run{'s' * (children > 1)}" if children else ""
        how = "submitted" if first.is_submitted else "started"
        yield (
            f"  run {first.record.id}{more} of experiment {first.record.experiment_name}{with_children}, "
            f"{how} at {line}, {fate}"
        )
