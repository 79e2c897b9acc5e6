"""What a place knows of the run that was exported to it, and of how that ended."""

from __future__ import annotations

import json
import os

from localexp.errors import UserErrorException
from localexp.execution.ending import Outcome, message_of
from localexp.store import clock, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import Layout, RunLayout

CHECKOUT = "exported"
"""The name of the checkout in a place."""

_BEYOND_ALL_CODES = 2**32


class Manifest:
    """Of a run what its supervisor asks a store for elsewhere; ``variables`` are names of those that it was given."""

    def __init__(
        self,
        *,
        run_id: str,
        experiment: str,
        experiment_id: str,
        workspace_name: str,
        variables: list[str],
        grace_seconds: float,
        sample_seconds: float,
        max_seconds: float | None,
        ignores_parents: bool,
    ) -> None:
        self.run_id = run_id
        self.experiment = experiment
        self.experiment_id = experiment_id
        self.workspace_name = workspace_name
        self.variables = variables
        self.grace_seconds = grace_seconds
        self.sample_seconds = sample_seconds
        self.max_seconds = max_seconds
        self.ignores_parents = ignores_parents

    def keep(self, layout: Layout) -> None:
        write(layout.exported, json.dumps(vars(self)).encode())


def manifest_of(layout: Layout) -> Manifest:
    """What was kept in a place.

    :raises UserErrorException: no run was exported to it, or what was kept is damaged.
    """
    place = os.path.dirname(layout.root)
    try:
        with open(layout.exported, "rb") as file:
            return Manifest(**json.load(file))
    except (FileNotFoundError, NotADirectoryError):
        raise UserErrorException(f"no run was exported to {place}; name a folder to which one was") from None
    except (ValueError, TypeError) as error:
        raise UserErrorException(
            f"{layout.exported} is damaged, or of another version of localexp: {error}; copy {place} once more"
        ) from None


class End:
    """How a run ended elsewhere, and since when its script was running, if it was; ``problem`` as of its files."""

    def __init__(self, outcome: Outcome, started_at: int | None, problem: str | None) -> None:
        self.outcome = outcome
        self.started_at = started_at
        self.problem = problem

    def keep(self, layout: RunLayout) -> None:
        parts = {"outcome": vars(self.outcome), "startedAt": self.started_at, "problem": self.problem}
        write(layout.outcome, json.dumps(parts).encode())


def end_of(layout: RunLayout) -> End | None:
    """How the run ended, None if that was not said.

    :raises UserErrorException: what is there says nothing that could be.
    """
    try:
        with open(layout.outcome, "rb") as file:
            return _end(json.load(file))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise UserErrorException(f"how the run ended is not to be known: {layout.outcome} is damaged") from None


def _end(parts: dict[str, object]) -> End:
    match parts:
        case {
            "outcome": {
                "status": str(status),
                "exit_code": int() | None as exit_code,
                "error": dict() | None as error,
                "ended_at": int() | None as ended_at,
                "warning": str() | None as warning,
            },
            "startedAt": int() | None as started_at,
            "problem": str() | None as problem,
        } if status in states.ENDED and abs(exit_code or 0) < _BEYOND_ALL_CODES:
            # Of an error that has no message this raises.
            message_of(error)
            for moment in (started_at, ended_at):
                clock.iso(moment or 0)
            outcome = Outcome(status, exit_code, error, ended_at)
            outcome.warning = warning
            return End(outcome, started_at, problem)
    raise ValueError("it has other parts")


def write(path: str, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    aside = f"{path}.{os.getpid()}"
    with open(aside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
