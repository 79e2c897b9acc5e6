"""Gather the facts of a run, and record them."""

from __future__ import annotations

import os
from contextlib import contextmanager

from localexp.execution.facts.invocation import invocation
from localexp.execution.facts.machine import machine
from localexp.execution.facts.packages import installed
from localexp.store import determinism, tags, warnings
from localexp.store import facts as recorded
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

    from localexp.execution.facts.git import Question, State
    from localexp.execution.interpreters import Python

_YES = ("1", "true", "yes")
_NAMES_OF_PROPERTIES = {
    "repository": ("azureml.git.repository_uri", "mlflow.source.git.repoURL"),
    "branch": ("azureml.git.branch", "mlflow.source.git.branch"),
    "commit": ("azureml.git.commit", "mlflow.source.git.commit"),
    "dirty": ("azureml.git.dirty",),
    "build": ("azureml.git.build_id",),
    "buildAddress": ("azureml.git.build_uri",),
}
_VARIABLES = {
    "repository": "AZUREML_GIT_REPOSITORY_URI",
    "branch": "AZUREML_GIT_BRANCH",
    "commit": "AZUREML_GIT_COMMIT",
    "dirty": "AZUREML_GIT_DIRTY",
    "build": "AZUREML_GIT_BUILD_ID",
    "buildAddress": "AZUREML_GIT_BUILD_URI",
}


class Facts(dict[str, "dict[str, object] | str"]):
    """Groups of facts by name: ``invocation``, ``python``, ``packages``, ``machine``, ``git`` and ``diff``, a text.

    A group of which nothing is known is not there. ``properties`` are those of git under Azure ML's names, ``warnings``
    what could not be found out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.properties: dict[str, str] = {}
        self.warnings: list[str] = []


def gathered(
    source: str, interpreter: str, python: Python | None = None, variables: Mapping[str, str] | None = None
) -> Facts:
    """What is so now around a run from a source directory by an interpreter.

    :param source: absolute; it may be gone, and has no facts of git then.
    :param python: what the interpreter has said of itself, if that is known already.
    :param variables: environment variables that the configuration of the run sets.
    :raises RunConfigurationException: the interpreter does not answer as a Python does.
    """
    with gathering(source, interpreter, python, variables) as facts:
        return facts()


@contextmanager
def gathering(
    source: str,
    interpreter: str,
    python: Python | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    has_packages: bool = True,
    ignore_parents: bool = False,
) -> Iterator[Callable[[], Facts]]:
    """The same as something that is called when they are needed: git is at work until then.

    :param has_packages: whether the script finds those of the interpreter.
    :param ignore_parents: as for the snapshot that is taken meanwhile: what that leaves out is in no diff.
    """
    if determinism.current is not None:
        yield lambda: _made_up(has_packages)
        return
    question = _question(source, ignore_parents)

    def facts() -> Facts:
        return _facts(interpreter, python, variables or {}, has_packages, question)

    try:
        yield facts
    finally:
        if question is not None:
            question.give_up()


def record(db: sqlite3.Connection, run: int, facts: Facts, time: int) -> None:
    """Say of a new run what was so around it."""
    recorded.keep(db, run, facts)
    for name, value in facts.properties.items():
        tags.add_property(db, run, name, value, (time, 0, 0))
    for number, message in enumerate(facts.warnings, 1):
        # In front of those of the snapshot, which count from zero.
        warnings.add(db, run, "facts", message, (time, 0, -number))


def _question(source: str, ignore_parents: bool) -> Question | None:
    """What git is asked about a source directory; None where there is nothing for it."""
    if not os.path.isdir(source) or not _is_in_repository(source):
        return None
    from localexp.execution.facts.git import Question

    return Question(source, ignore_parents)


def _is_in_repository(source: str) -> bool:
    folder = os.path.realpath(source)
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True


def _facts(
    interpreter: str,
    python: Python | None,
    variables: Mapping[str, str],
    has_packages: bool,
    question: Question | None,
) -> Facts:
    from localexp.execution import interpreters

    python = python or interpreters.asked(interpreter)
    facts = Facts()
    facts["invocation"] = invocation(variables)
    facts["python"] = {
        "interpreter": interpreter,
        "version": python.version,
        "implementation": python.implementation,
    }
    if has_packages:
        facts["packages"] = dict(installed(python.entries))
    facts["machine"] = machine()
    _add_git(facts, None if question is None else question.answer())
    return facts


def _made_up(has_packages: bool) -> Facts:
    from localexp.execution.facts.made_up import GROUPS

    facts = Facts()
    facts.update({name: dict(group) for name, group in GROUPS.items() if has_packages or name != "packages"})
    _add_properties(facts, GROUPS["git"])
    return facts


def _add_git(facts: Facts, state: State | None) -> None:
    known = {**({} if state is None else state.seen()), **_said_by_variables()}
    shown = {name: _shown(name, value) for name, value in known.items() if value is not None}
    if shown:
        facts["git"] = shown
    _add_properties(facts, shown)
    if state is None:
        return
    if state.diff:
        facts["diff"] = state.diff
    if state.trouble is not None:
        facts.warnings.append(state.trouble)


def _add_properties(facts: Facts, git: Mapping[str, object]) -> None:
    for name, value in git.items():
        facts.properties.update(dict.fromkeys(_NAMES_OF_PROPERTIES[name], str(value)))


def _said_by_variables() -> dict[str, str | bool]:
    """What is said in git's place, as by a machine that builds."""
    said: dict[str, str | bool] = {
        name: os.environ[variable].strip() for name, variable in _VARIABLES.items() if os.environ.get(variable)
    }
    if "dirty" in said:
        said["dirty"] = str(said["dirty"]).lower() in _YES
    return said


def _shown(name: str, value: str | bool) -> object:
    if not isinstance(value, str):
        return value
    if name in ("repository", "buildAddress"):
        from localexp.execution.facts.addresses import without_credentials

        value = without_credentials(value)
    return readable(value)
