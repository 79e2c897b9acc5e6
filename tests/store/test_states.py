"""A run goes from state to state in one direction, is ended once, and nothing takes it where no run goes."""

from __future__ import annotations

import pytest

from localexp import Workspace
from localexp.errors import IllegalTransition
from localexp.store import experiments, identifiers, runs, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

EVERY = ("NotStarted", "Queued", "Preparing", "Running", "CancelRequested", "Finalizing", *sorted(states.ENDED))
LEGAL = {
    "NotStarted": {"Queued", "Preparing", "CancelRequested", "Failed"},
    "Queued": {"Queued", "Preparing", "CancelRequested", "Failed", "Canceled"},
    "Preparing": {"Running", "CancelRequested", "Finalizing", "Failed"},
    "Running": {"CancelRequested", "Finalizing", "Completed", "Failed", "Canceled"},
    "CancelRequested": {"CancelRequested", "Canceled"},
    "Finalizing": {"Finalizing", "Completed", "Failed", "Canceled"},
}


@pytest.fixture
def db(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    with workspace._store.main.writing() as connection:
        yield connection


def run_in(db: sqlite3.Connection, status: str, owner: str | None = "me") -> int:
    home = experiments.get_or_create(db, "digits", 1).key
    return runs.create(db, identifier=identifiers.uuid(), experiment=home, status=status, owner=owner, created_at=1)


def state_of(db: sqlite3.Connection, key: int) -> tuple[str, str | None, int | None]:
    record = runs.by_key(db, key)
    return record.status, record.owner, record.ended_at


@pytest.mark.parametrize("status", LEGAL)
def test_a_run_goes_where_runs_go_from_its_state(db: sqlite3.Connection, status: str) -> None:
    for wanted in LEGAL[status]:
        key = run_in(db, status)

        assert states.move(db, key, "me", wanted, time=7)

        assert state_of(db, key) == ((wanted, None, 7) if wanted in states.ENDED else (wanted, "me", None))


@pytest.mark.parametrize("status", [status for status in LEGAL if status != "CancelRequested"])
def test_where_no_run_goes_is_an_error_and_changes_nothing(db: sqlite3.Connection, status: str) -> None:
    for wanted in set(EVERY) - LEGAL[status]:
        key = run_in(db, status)

        with pytest.raises(IllegalTransition, match=f"from {status} to {wanted}"):
            states.move(db, key, "me", wanted, time=7)

        assert state_of(db, key) == (status, "me", None)


def test_what_is_to_be_canceled_goes_nowhere_else(db: sqlite3.Connection) -> None:
    key = run_in(db, "CancelRequested")

    assert not any(states.move(db, key, "me", wanted, time=7) for wanted in set(EVERY) - LEGAL["CancelRequested"])

    assert state_of(db, key) == ("CancelRequested", "me", None)


@pytest.mark.parametrize("end", sorted(states.ENDED))
def test_no_run_has_two_ends(db: sqlite3.Connection, end: str) -> None:
    key = run_in(db, "Finalizing")
    assert states.move(db, key, "me", end, time=7)

    assert not any(states.move(db, key, "me", wanted, time=8) for wanted in EVERY)
    assert not states.claim(db, key, "other")
    assert not states.cancel_waiting(db, key, 8)
    assert not states.put_in_queue(db, key, "me")

    assert state_of(db, key) == (end, None, 7)


def test_nobody_moves_the_run_of_another(db: sqlite3.Connection) -> None:
    key = run_in(db, "Running")

    assert not any(states.move(db, key, "other", wanted, time=7) for wanted in EVERY)

    assert state_of(db, key) == ("Running", "me", None)


def test_a_run_that_waits_is_claimed_by_one(db: sqlite3.Connection) -> None:
    key = run_in(db, "Queued", None)

    assert states.claim(db, key, "one")
    assert not states.claim(db, key, "other")
    assert not states.cancel_waiting(db, key, 7)
    assert not states.put_in_queue(db, key, "other")

    assert state_of(db, key) == ("Queued", "one", None)
    assert states.put_in_queue(db, key, "one")
    assert state_of(db, key) == ("Queued", None, None)


def test_a_run_whose_supervisor_is_at_work_does_not_go_back_to_the_queue(db: sqlite3.Connection) -> None:
    for status in ("Preparing", "Running", "CancelRequested", "Finalizing"):
        key = run_in(db, status)

        assert not states.put_in_queue(db, key, "me")

        assert state_of(db, key) == (status, "me", None)
