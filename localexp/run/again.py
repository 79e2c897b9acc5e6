"""A run once more: to have it again, or to see whether it comes to the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from warnings import warn

from localexp.errors import UserErrorException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localexp.config import Environment
    from localexp.config.texts import Argument
    from localexp.execution.rerun import Changes, Surroundings
    from localexp.metrics.comparison import Difference
    from localexp.run.run import Run
    from localexp.store.runs import RunRecord


class Given:
    """What was given for a run once more."""

    def __init__(
        self,
        arguments: Sequence[Argument] | None = None,
        command: str | list[str] | None = None,
        environment: Environment | None = None,
        environment_variables: Mapping[str, str | None] | None = None,
        tags: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        now: bool = False,
        named: Mapping[str, object] | None = None,
    ) -> None:
        self.arguments = arguments
        self.command = command
        self.environment = environment
        self.environment_variables = environment_variables
        self.tags = tags
        self.run_id = run_id
        self.now = now
        self.named = named or {}


class Verification:
    """What became of a run that was run again.

    ``run`` is the rerun. ``differences`` are those of the metrics, each with ``metric``, ``child``, ``aspect``,
    ``then``, ``now``, ``index`` and ``step``. ``error`` says why the rerun is not Completed, None if it is. ``metrics``
    is how many metrics the run that was verified has, those of its children among them.
    """

    def __init__(self, run: Run, differences: list[Difference], error: str | None, metrics: int) -> None:
        self.run = run
        self.differences = differences
        self.error = error
        self.metrics = metrics

    @property
    def is_reproduced(self) -> bool:
        """Whether the rerun is Completed, and logged the same."""
        return self.error is None and not self.differences

    def __repr__(self) -> str:
        lines = [*([] if self.error is None else [self.error]), *map(str, self.differences)]
        return f"Verification(is_reproduced={self.is_reproduced}, run={self.run.id!r}, differences={lines!r})"


class AgainOfRun(RunCore):
    """The part of ``Run`` that runs it again. Azure ML has nothing like it."""

    @property
    def origin(self) -> str | None:
        """The id of the run that this is a rerun of, which may have been deleted since; None if it is no rerun."""
        return self._known().origin

    def rerun(
        self,
        *,
        arguments: Sequence[Argument] | None = None,
        command: str | list[str] | None = None,
        environment: Environment | None = None,
        environment_variables: Mapping[str, str | None] | None = None,
        tags: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        now: bool = False,
        **changes: object,
    ) -> Run:
        """Submit the same again: the snapshot, arguments, inputs, environment, time limit, target and processes of this
        run, as a new run of the experiment of this name, whose ``origin`` is this run. Tags are not taken over.

        The source directory may have been edited or deleted; only inputs are read from where they were. What differs
        today is said in a ``UserWarning`` each, and as warnings of the new run: inputs, the interpreter, packages, the
        platform, and, if all else is the same, that environment variables have other values.

        :param arguments: all arguments of the script, in place of those that it had.
        :param command: the command, in place of the one of a run that has a command.
        :param environment: another environment than that of the run.
        :param environment_variables: values of those that the configuration of the run had set, which are not kept, and
            of others; None not to set one. Those that are not given are taken from the environment of this process.
        :param tags: tags to begin with.
        :param run_id: as for ``Experiment.submit``.
        :param now: start at once, likewise.
        :param changes: new values for arguments by name: ``lr=0.2`` changes ``--lr 0.1``, ``-lr 0.1``, ``--lr=0.1`` or
            ``lr=0.1``; ``_`` stands for ``-`` too. A flag that is there stays with True and goes with False. One
            that is called like a parameter above is changed by ``arguments``.
        :raises UserErrorException: the run is interactive or kept no snapshot, an input, its interpreter or the value
            of an environment variable is not there, or there is no such argument to be changed.
        :raises RunNotFound: it was deleted.
        :raises ExperimentExecutionException: the run could not be started; it is Failed.
        """
        given = Given(arguments, command, environment, environment_variables, tags, run_id, now, changes)
        return self._again(given, lambda text: warn(text, UserWarning, stacklevel=4))

    def verify(
        self,
        tolerance: float = 0.0,
        *,
        arguments: Sequence[Argument] | None = None,
        command: str | list[str] | None = None,
        environment: Environment | None = None,
        environment_variables: Mapping[str, str | None] | None = None,
        tags: Mapping[str, str | None] | None = None,
        run_id: str | None = None,
        now: bool = False,
        **changes: object,
    ) -> Verification:
        """Run it again, wait for the end, and compare what both have logged, their interactive children too.

        Names, kinds, counts, steps and values of metrics have to be the same; images and charts byte by byte. Times are
        not compared, nor is what localexp samples under ``system/``. NaN equals NaN.

        :param tolerance: by how much numbers may differ, relative to the larger of the two; if one of them is 0, by how
            much the other may.
        :param arguments: as for ``rerun``, like those that follow.
        :raises UserErrorException: as ``rerun``; or this run is not Completed, or has logged nothing that could be
            compared, or the tolerance is no such number.
        """
        given = Given(arguments, command, environment, environment_variables, tags, run_id, now, changes)
        self._check_can_be_verified(tolerance)
        run = self._again(given, lambda text: warn(text, UserWarning, stacklevel=4))
        run._waited(show_output=False)
        return self._compared(run, tolerance)

    # Below the surface

    def _again(self, given: Given, say: Callable[[str], None]) -> Run:
        """The rerun, begun; ``say`` is told what differs today, before it begins."""
        from localexp.config.texts import check_flags
        from localexp.execution.launch import launch_again
        from localexp.execution.rerun import prepared
        from localexp.run.run import Run
        from localexp.store.identifiers import checked_run_id
        from localexp.store.tags import checked

        check_flags(now=given.now)
        record, store = self._current(), self._workspace._store
        again = prepared(store, record, _changes(given))
        submission = again.submission
        submission.tags = checked(given.tags)
        submission.run_id = checked_run_id(given.run_id)
        submission.now = given.now
        for difference in again.differences:
            say(difference)
        launched = launch_again(store, record.experiment_name, submission, again.snapshot, again.facts)
        return Run.get(self._workspace, launched.id)

    def _check_can_be_verified(self, tolerance: object) -> None:
        if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < math.inf:
            raise UserErrorException(f"the tolerance is a number from 0 up, relative to the values, not {tolerance!r}")
        if self._current().status != "Completed":
            raise UserErrorException(
                f"run {self.id} is {self.status}: only a Completed run can be verified; rerun runs it again"
            )
        if not self._count_of_compared(dict(_family(self))):
            raise UserErrorException(
                f"run {self.id} has logged nothing that could be compared, so that any rerun would be the same: have "
                "its script log what it comes to, as with run.log, submit it anew, and verify that run"
            )

    def _count_of_compared(self, family: dict[str | None, RunRecord]) -> int:
        from localexp.metrics import comparison

        with self._workspace._store.main.reading() as db:
            return sum(comparison.count(db, record.key) for record in family.values())

    def _compared(self, other: Run, tolerance: float) -> Verification:
        """The verification by a rerun that has ended."""
        from localexp.execution import ending
        from localexp.metrics import comparison

        then, now = dict(_family(self)), dict(_family(other))
        is_completed = other.status == "Completed"
        found: list[Difference] = []
        metrics = self._count_of_compared(then)
        with self._workspace._store.main.reading() as db:
            for child in {**then, **now} if is_completed else ():
                keys = then[child].key if child in then else None, now[child].key if child in now else None
                found += comparison.differences(db, *keys, tolerance, child)
        if is_completed:
            return Verification(other, found, None, metrics)
        error = other._known().error_parts()
        why = f": {ending.message_of(error)}" if error is not None else ""
        return Verification(other, [], f"run {other.id} is {other.status}{why}", metrics)


def _family(run: RunCore, begin: str = "") -> Iterator[tuple[str | None, RunRecord]]:
    """A run and the runs that its script began within it, each with a name that counts them."""
    from localexp.run.run import Run

    assert isinstance(run, Run)
    yield begin or None, run._current()
    children = [child for child in run.get_children(_rehydrate_runs=False) if child._known().type is None]
    for number, child in enumerate(reversed(children), 1):
        shown = child._known().display_name
        own = f"child {number}" if shown is None else f"child {number} ({shown})"
        yield from _family(child, f"{begin} > {own}" if begin else own)


def _changes(given: Given) -> Changes:
    from localexp.config.texts import argument_texts, command_text
    from localexp.execution.rerun import Changes

    return Changes(
        arguments=None if given.arguments is None else argument_texts(given.arguments),
        named={name: _argument(value) for name, value in given.named.items()},
        command=command_text(given.command),
        surroundings=None if given.environment is None else _surroundings(given.environment),
        variables={} if given.environment_variables is None else _variables(given.environment_variables),
    )


def _variables(given: object) -> dict[str, str | None]:
    """Environment variables as texts, None for those that are not to be set."""
    from localexp.config.texts import environment_texts

    if not isinstance(given, Mapping):
        return {**environment_texts(given)}
    texts = environment_texts({name: value for name, value in given.items() if value is not None})
    return {**dict.fromkeys(map(str, given)), **texts}


def _argument(value: object) -> str | bool:
    from localexp.config.texts import argument_texts

    return value if isinstance(value, bool) else argument_texts([value])[0]


def _surroundings(environment: Environment) -> Surroundings:
    from localexp.config import ScriptRunConfig, submission_of
    from localexp.execution.rerun import Surroundings

    # What an environment comes to, whatever script it is for.
    found = submission_of(ScriptRunConfig(".", "any", environment=environment))
    return Surroundings(found.environment, found.interpreter, found.variables, found.wanted)
