"""A run once more: what it was submitted with, with some of it changed, and how today differs from then."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.execution import arguments as named_arguments
from localexp.execution import targets, today
from localexp.execution.environments.wanted import Wanted
from localexp.execution.facts.comparison import warnings_of_rerun
from localexp.execution.ranks import Ranks
from localexp.execution.submission import Submission
from localexp.snapshot.take import Options
from localexp.store import snapshots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localexp.execution.facts import Facts
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


class Surroundings:
    """An environment in place of that of the run: its name, its Python, and its variables."""

    def __init__(self, name: str, interpreter: str, variables: dict[str, str], wanted: Wanted | None = None) -> None:
        self.name = name
        self.interpreter = interpreter
        self.variables = variables
        self.wanted = wanted


class Changes:
    """What is to be other than it was, None and nothing for what is not.

    ``arguments`` are all of the script, ``named`` new values for some of them. Of ``variables`` those that are None
    are not set any more.
    """

    def __init__(
        self,
        *,
        arguments: list[str] | None = None,
        named: Mapping[str, str | bool] | None = None,
        command: str | None = None,
        surroundings: Surroundings | None = None,
        variables: Mapping[str, str | None] | None = None,
    ) -> None:
        self.arguments = arguments
        self.named = named or {}
        self.command = command
        self.surroundings = surroundings
        self.variables = variables or {}


class Rerun:
    """What is to be submitted of a ``snapshot``, its ``facts``, and how today differs from then."""

    def __init__(self, submission: Submission, snapshot: str, facts: Facts, differences: list[str]) -> None:
        self.submission = submission
        self.snapshot = snapshot
        self.facts = facts
        self.differences = differences


def prepared(store: Store, record: RunRecord, changes: Changes) -> Rerun:
    """What a run comes to today. The source directory is not looked at, save for inputs.

    :raises UserErrorException: it cannot be run again, or not with these changes: the message says what to do.
    :raises RunConfigurationException: its interpreter is no Python any more, or a file is gone that its environment
        has to be built from.
    :raises SnapshotException: an input cannot be read.
    """
    snapshot, definition = _snapshot_of(store, record), record.definition_parts()
    submission = _submission(record, definition, changes, today.values_of_then(store, record))
    _check_inputs_are_there(record, submission)
    if changes.surroundings is None:
        submission.wanted = _wanted_today(store, record, submission)
    targets.target(submission.target).check(submission)
    facts = today.facts(store, submission)
    differences = today.differences(store, record, submission, facts)
    submission.warnings = warnings_of_rerun(record.id, differences)
    return Rerun(submission, snapshot, today.with_git_of_then(store, record, facts), differences)


def _snapshot_of(store: Store, record: RunRecord) -> str:
    if record.definition is None:
        raise UserErrorException(
            f"run {record.id} is an interactive run, which has no script to be run again: only submitted runs have"
        )
    if record.snapshot is None or not record.keeps_snapshot:
        raise UserErrorException(
            f"run {record.id} has kept no snapshot, as history.snapshot_project was False: submit its source again"
        )
    with store.main.reading() as db:
        if not snapshots.exists(db, record.snapshot):
            raise UserErrorException(
                f"the snapshot {record.snapshot} of run {record.id} is not in the workspace any more: submit its "
                "source again"
            )
    return record.snapshot


def _submission(record: RunRecord, definition: dict[str, Any], changes: Changes, values: dict[str, str]) -> Submission:
    before = _surroundings_before(definition)
    now = changes.surroundings or before
    return Submission(
        source=definition["sourceDirectory"],
        script=definition["script"],
        arguments=_arguments(record, definition, changes),
        command=_command(record, definition, changes),
        interpreter=_checked_interpreter(record, now.interpreter),
        variables=_variables(record, definition, changes, values),
        target=targets.checked_name(definition.get("target", "local")),
        snapshot=Options(ignore_parents=bool(definition.get("ignoreParents"))),
        environment=now.name,
        inputs=definition.get("inputs") or [],
        max_seconds=record.max_seconds,
        wanted=now.wanted,
        ranks=Ranks.of(definition.get("distributed")),
        origin=record.id,
        places=definition.get("pythonPath") or [],
    )


def _surroundings_before(definition: dict[str, Any]) -> Surroundings:
    interpreter = definition["interpreter"]
    wanted = Wanted.of(definition.get("build"), interpreter)
    return Surroundings(definition.get("environment", "default-environment"), interpreter, {}, wanted)


def _wanted_today(store: Store, record: RunRecord, submission: Submission) -> Wanted | None:
    """The virtual environment that it was run by, if that is there; otherwise what it is built from today may differ,
    which gives it another id.
    """
    wanted = submission.wanted
    if wanted is None:
        return None
    from localexp.execution.environments import build, requirements

    if today.has_same_python(store, record, submission) and build.is_there(store, wanted.id):
        return wanted
    return requirements.wanted(wanted.interpreter, wanted.requirements, submission.python.version)


def _arguments(record: RunRecord, definition: dict[str, Any], changes: Changes) -> list[str]:
    if definition["command"] is not None and (changes.named or changes.arguments is not None):
        raise UserErrorException(
            f"run {record.id} runs a command, which has no arguments to be changed: give it whole, by command= or "
            "--command"
        )
    if changes.named and changes.arguments is not None:
        raise UserErrorException("there are all arguments anew, and changes of some by name (--set): give one of both")
    if changes.arguments is not None:
        return changes.arguments
    return named_arguments.changed(list(definition["arguments"]), changes.named)


def _command(record: RunRecord, definition: dict[str, Any], changes: Changes) -> str | None:
    if changes.command is not None and definition["command"] is None:
        raise UserErrorException(
            f"run {record.id} runs the script {definition['script']}, and no command: give arguments= in place of "
            "command= (ARGS behind RUN in place of --command), or submit the command"
        )
    command: str | None = definition["command"]
    return command if changes.command is None else changes.command


def _checked_interpreter(record: RunRecord, interpreter: str) -> str:
    if not os.access(interpreter, os.X_OK) or os.path.isdir(interpreter):
        raise UserErrorException(
            f"the interpreter {interpreter} of run {record.id} is not there any more: give one that has what the "
            "script imports, by environment= or --python"
        )
    return interpreter


def _variables(
    record: RunRecord, definition: dict[str, Any], changes: Changes, values: dict[str, str]
) -> dict[str, str]:
    """The environment variables that the run's configuration set. Most values are not kept: they come from today."""
    names: list[str] = definition.get("environmentVariables") or []
    new = {} if changes.surroundings is None else changes.surroundings.variables
    known = {**os.environ, **values, **new, **changes.variables}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserErrorException(
            f"run {record.id} set the environment variables {', '.join(unknown)}, whose values are not kept: give them "
            f"by environment_variables={{{unknown[0]!r}: …}} or --env {unknown[0]}=…, or set them in the environment"
        )
    wanted = {name: known[name] for name in dict.fromkeys([*names, *new, *changes.variables])}
    return {name: value for name, value in wanted.items() if value is not None}


def _check_inputs_are_there(record: RunRecord, submission: Submission) -> None:
    gone = [path for path in submission.inputs if not os.path.exists(os.path.join(submission.source, path))]
    if gone:
        named = ", ".join(gone)
        what = f"the input {named} of run {record.id} is" if len(gone) == 1 else f"inputs of run {record.id} are"
        which = "" if len(gone) == 1 else f" ({named})"
        raise UserErrorException(f"{what} gone{which}: bring back what was in {submission.source}, or submit anew")
