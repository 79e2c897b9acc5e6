"""How today differs from when a run was submitted that is to be run again."""

from __future__ import annotations

import re

from localexp.execution import inputs
from localexp.execution.facts import differences as differences_of_facts
from localexp.execution.facts import gathering
from localexp.execution.identity import identity
from localexp.store import facts as recorded_facts
from localexp.store import inputs as recorded_inputs
from localexp.store import tags
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.facts import Facts
    from localexp.execution.facts.comparison import Groups
    from localexp.execution.submission import Submission
    from localexp.store.inputs import Input
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_OF_SOURCE = ("git", "diff")
_GIT_PROPERTY = re.compile(r"azureml\.git\.|mlflow\.source\.git\.")


def facts(store: Store, submission: Submission) -> Facts:
    """What is so today around a run that is to be run again, without what git says.

    Of an environment that is to be built packages are only known if it has been.
    """
    # Without a source directory: what git says of that by now does not go with the snapshot.
    has_packages = submission.wanted is None
    with gathering(
        "", submission.interpreter, submission.python, submission.variables, has_packages=has_packages
    ) as gathered:
        today = gathered()
    for name in _OF_SOURCE:
        today.pop(name, None)
    today.properties.clear()
    if submission.wanted is not None:
        from localexp.execution.environments import build

        built = build.packages(store, submission.wanted.id)
        if built is not None:
            today["packages"] = dict(built)
    return today


def values_of_then(store: Store, record: RunRecord) -> dict[str, str]:
    """Environment variables of a run of which the values are recorded, as they bear upon what a script computes."""
    with store.main.reading() as db:
        return _variables_of(recorded_facts.of_run(db, record.key)) or {}


def has_same_python(store: Store, record: RunRecord, submission: Submission) -> bool:
    """Whether the interpreter is of the version and implementation that it was of."""
    with store.main.reading() as db:
        then = recorded_facts.of_run(db, record.key).get("python")
    now = submission.python
    return isinstance(then, dict) and (then["version"], then["implementation"]) == (now.version, now.implementation)


def with_git_of_then(store: Store, record: RunRecord, today: Facts) -> Facts:
    """The facts of today, with what git said of the source when the snapshot of the run was taken."""
    with store.main.reading() as db:
        then, properties = recorded_facts.of_run(db, record.key), tags.properties_of_run(db, record.key)
    today.update({name: then[name] for name in _OF_SOURCE if name in then})
    today.properties.update(
        {name: value for name, value in properties.items() if value is not None and _GIT_PROPERTY.match(name)}
    )
    return today


def differences(store: Store, record: RunRecord, submission: Submission, today: Facts) -> list[str]:
    """What is no longer as it was when the run was submitted, in sentences: Python, packages, platform, and inputs.

    If all that is recorded is as it was, also that environment variables have other values, if they have.

    :raises SnapshotException: an input cannot be read.
    """
    found = inputs.found(store, submission.source, submission.inputs)
    with store.main.reading() as db:
        then, recorded = recorded_facts.of_run(db, record.key), recorded_inputs.of_run(db, record.key)
    differing = [
        *differences_of_facts(then, today),
        *_changed_build(record, submission),
        *_settings(then, today),
        *_changed_inputs(recorded, found),
    ]
    # Before there were facts, identities were made in another way.
    if then and not differing and _is_otherwise_the_same(record, submission):
        assert record.snapshot is not None
        return _changed_values(record, submission, identity(submission, record.snapshot, found))
    return differing


def _settings(then: Groups, today: Facts) -> list[str]:
    was, now = _variables_of(then), _variables_of(today)
    if was is None or now is None:
        return []
    differing = [name for name in sorted({**was, **now}) if was.get(name) != now.get(name)]
    return [
        f"the environment variable {name} is {_value(now.get(name))}, it was {_value(was.get(name))}"
        for name in differing
    ]


def _variables_of(groups: Groups) -> dict[str, str] | None:
    group = groups.get("invocation")
    found = group.get("variables") if isinstance(group, dict) else None
    return found if isinstance(found, dict) else None


def _value(value: str | None) -> str:
    return "not set" if value is None else repr(value)


def _changed_build(record: RunRecord, submission: Submission) -> list[str]:
    """What has changed of that which the same requirements name: the id is of that too."""
    then, now = record.definition_parts(), submission.wanted
    build = then.get("build")
    if now is None or not isinstance(build, dict) or now.id == build["id"]:
        return []
    if now.requirements != build["requirements"] or now.interpreter != then["interpreter"]:
        return []
    from localexp.execution.environments import requirements

    files = requirements.files_of(now)
    named = f", or a file that it is built from ({', '.join(files)})" if files else ""
    return [f"the environment is built anew: its Python is not the one that it was{named}"]


def _changed_inputs(recorded: list[Input], found: list[Input]) -> list[str]:
    before = {one.path: one for one in recorded}
    changed = [(before.get(readable(one.path)), one) for one in found]
    return [
        f"the input {one.path} is {_amount(one)}, changed since, and was {_amount(then)}"
        for then, one in changed
        if then is not None and then.hash != one.hash
    ]


def _amount(one: Input) -> str:
    from localexp.snapshot.sizes import counted, human

    return f"{counted(one.files, 'file')} of {human(one.bytes)}"


def _is_otherwise_the_same(record: RunRecord, submission: Submission) -> bool:
    """Whether all that was recorded is as it was, so that if the identity is another, that is for the values of
    environment variables, of which nothing else is recorded.
    """
    then, now = record.definition_parts(), submission.definition()
    names = ("arguments", "command", "interpreter", "environmentVariables", "build")
    return bool(submission.variables) and all(now[name] == then.get(name) for name in names)


def _changed_values(record: RunRecord, submission: Submission, now: str) -> list[str]:
    if record.identity in (None, now):
        return []
    names = ", ".join(sorted(submission.variables))
    which = (
        "the environment variable" if len(submission.variables) == 1 else "at least one of the environment variables"
    )
    return [f"{which} {names} has another value than then"]
