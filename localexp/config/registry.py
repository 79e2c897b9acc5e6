"""Environments that are kept in a workspace by name and version."""

from __future__ import annotations

import json
from warnings import warn

from localexp.config.environment import Environment
from localexp.config.forms import environment_of_form, form_of_environment
from localexp.errors import UserErrorException
from localexp.experiment.core import checked_workspace
from localexp.store import clock, environments
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localexp.store.environments import EnvironmentRecord
    from localexp.workspace import Workspace

_LATEST = "latest"


def registered(workspace: Workspace, environment: Environment) -> Environment:
    """The environment with the version that it is kept under."""
    name = _checked_name(environment.name)
    form = form_of_environment(environment)
    del form["version"]
    definition = readable(json.dumps(form, sort_keys=True))
    with checked_workspace(workspace)._store.main.writing() as db:
        environment.version = environments.add(db, name, definition, clock.now()).version
    return environment


def found(workspace: Workspace, name: str, version: str | None, label: str | None) -> Environment:
    """An environment that is kept, the newest version if none is named."""
    if label not in (None, _LATEST):
        raise UserErrorException(f"there are no labels but {_LATEST!r}, so not {label!r}; give a version")
    with checked_workspace(workspace)._store.main.reading() as db:
        record = environments.find(db, _checked_name(name), None if version is None else str(version))
        known = [] if record is not None else environments.every(db)
    if record is None:
        raise unknown(name, version, known)
    return _environment(record)


def newest(workspace: Workspace) -> dict[str, Environment]:
    """The newest version of each, by name."""
    with checked_workspace(workspace)._store.main.reading() as db:
        records = environments.every(db)
    return dict(_readable({record.name: record for record in reversed(records)}.values()))


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"the name of an environment is a text that is not empty, not {name!r}")
    return name


def unknown(name: str, version: str | None, known: list[EnvironmentRecord]) -> UserErrorException:
    """The error for an environment that is not there, with those that are."""
    versions = [record.version for record in known if record.name == name]
    if versions:
        return UserErrorException(
            f"the environment {name!r} has no version {version!r}; it has {', '.join(reversed(versions))}"
        )
    names = ", ".join(dict.fromkeys(record.name for record in known)) or "none yet"
    return UserErrorException(f"there is no environment {name!r} in this workspace; there are: {names}")


def _readable(records: Iterable[EnvironmentRecord]) -> Iterator[tuple[str, Environment]]:
    for record in records:
        try:
            yield record.name, _environment(record)
        except UserErrorException as error:
            # All others are no worse for it. Shown for the line that asks for them.
            warn(error.message, stacklevel=4)


def _environment(record: EnvironmentRecord) -> Environment:
    try:
        environment = environment_of_form(json.loads(record.definition), ())
    except (UserErrorException, ValueError) as error:
        raise UserErrorException(
            f"version {record.version} of the environment {record.name!r} cannot be used any more: {error}; see to "
            "that, or register it anew"
        ) from error
    environment.version = record.version
    return environment
