"""Configurations as plain data under the names that Azure ML's files have: ``maxRunDurationSeconds`` and so on.

Read, the names may be those of the attributes too. What a file has besides is accepted as long as it says what holds
here anyway, as the files that Azure ML writes do, which have every setting there is.
"""

from __future__ import annotations

import os

from localexp.config.checked import Checked
from localexp.config.conda_dependencies import CondaDependencies
from localexp.config.environment import Environment
from localexp.config.files import mapping_of_file
from localexp.config.run_configuration import RunConfiguration
from localexp.config.texts import environment_texts, is_list, shown
from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Accepts = Callable[[Any], bool]


def _anything(_: object) -> bool:
    return True


def _nothing(value: object) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _one_of(*values: object) -> Accepts:
    return lambda value: _nothing(value) or any(type(value) is type(one) and value == one for one in values)


def _off(switch: str) -> Accepts:
    """A section that has no effect unless it is switched on."""
    return lambda value: _nothing(value) or (isinstance(value, dict) and not _plain_names(value).get(switch))


_TEXTS = ("script", "target", "framework", "communicator")
_SETTINGS = (*_TEXTS, "command", "arguments", "maxRunDurationSeconds", "nodeCount", "environmentVariables")
_SETTINGS_OF_MPI = ("processCountPerNode", "nodeCount")
_SETTINGS_OF_PYTORCH = ("communicationBackend", "processCount", "nodeCount")
# Sections with any content are those of frameworks, communicators and targets that are refused by their names.
_UNUSED_OF_RUN: dict[str, Accepts] = {
    "autoPrepareEnvironment": _one_of(True),
    "priority": _nothing,
    "credentialPassthrough": _one_of(False),
    "docker": _off("useDocker"),
    "data": _nothing,
    "dataReferences": _nothing,
    "datacaches": _nothing,
    "outputData": _nothing,
    "sourceDirectoryDataStore": _nothing,
    "services": _nothing,
    "applicationEndpoints": _nothing,
    "autoClusterComputeSpecification": _nothing,
    **dict.fromkeys(["spark", "hdi", "tensorflow", "paralleltask", "amlcompute", "kubernetescompute"], _anything),
}
_SETTINGS_OF_HISTORY = ("outputCollection", "snapshotProject")
_UNUSED_OF_HISTORY: dict[str, Accepts] = {"directoriesToWatch": _one_of(["logs"])}
_UNUSED_OF_ENVIRONMENT: dict[str, Accepts] = {
    "docker": _off("enabled"),
    "spark": _anything,
    "databricks": _anything,
    "inferencingStackVersion": _nothing,
    "r": _nothing,
    "assetId": _nothing,
}
_UNUSED_OF_PYTHON: dict[str, Accepts] = {"baseCondaEnvironment": _nothing, "baseCondaEnvironmentName": _nothing}


def form_of_run(config: RunConfiguration) -> dict[str, Any]:
    """A run configuration as plain data.

    :raises UserErrorException: a part of it is not what it must be.
    """
    return {
        "script": config.script,
        "command": _written(config.command),
        "arguments": _written(config.arguments),
        "target": str(config.target),
        "framework": config.framework,
        "communicator": config.communicator,
        "maxRunDurationSeconds": _written(config.max_run_duration_seconds),
        "nodeCount": config.node_count,
        "environmentVariables": environment_texts(config.environment_variables),
        "environment": form_of_environment(config.environment),
        "history": _settings_of(config.history, _SETTINGS_OF_HISTORY),
        "mpi": _settings_of(config.mpi, _SETTINGS_OF_MPI),
        "pytorch": _settings_of(config.pytorch, _SETTINGS_OF_PYTORCH),
    }


def run_of_form(form: Mapping[str, Any], folders: tuple[str, ...]) -> RunConfiguration:
    """The run configuration of which this is the form.

    :param folders: where the files are looked for that it names.
    :raises RunConfigurationException: it says something that cannot be honoured here.
    """
    made = RunConfiguration()
    found = _checked(form, made, (*_SETTINGS, "environment", "history", "mpi", "pytorch"), _UNUSED_OF_RUN)
    for name in _SETTINGS:
        if name in found:
            setattr(made, _attribute(name), _read(name, found[name]))
    if "environment" in found:
        made.environment = _environment(found["environment"], folders, made.environment.name)
    if "history" in found:
        _set(made.history, _section(found["history"], "history"), _SETTINGS_OF_HISTORY, _UNUSED_OF_HISTORY)
    if "mpi" in found:
        _set(made.mpi, _section(found["mpi"], "mpi"), _SETTINGS_OF_MPI)
    if "pytorch" in found:
        _set(made.pytorch, _section(found["pytorch"], "pytorch"), _SETTINGS_OF_PYTORCH)
    return made


def form_of_environment(environment: Environment) -> dict[str, Any]:
    """An environment as plain data.

    :raises UserErrorException: a part of it is not what it must be.
    """
    python = environment.python
    form: dict[str, Any] = {
        "name": environment.name,
        "version": environment.version,
        "environmentVariables": environment_texts(environment.environment_variables),
        "python": {
            "userManagedDependencies": python.user_managed_dependencies,
            "interpreterPath": _written(python.interpreter_path),
        },
    }
    if python.conda_dependencies is not None:
        form["python"]["condaDependencies"] = python.conda_dependencies.as_dict()
    return form


def environment_of_form(form: Mapping[str, Any], folders: tuple[str, ...], name: str | None = None) -> Environment:
    """The environment of which this is the form.

    :param folders: where the files are looked for that it names.
    :param name: the name of one that has none.
    :raises RunConfigurationException: it says something that cannot be honoured here.
    """
    made = Environment(name or "")
    found = _checked(form, made, ("name", "version", "environmentVariables", "python"), _UNUSED_OF_ENVIRONMENT)
    if (own_name := _text_of(found, "name")) is not None:
        made.name = own_name
    made.version = _text_of(found, "version")
    made.environment_variables = environment_texts(found.get("environmentVariables", {}))
    if "python" in found:
        _set_python(made, _section(found["python"], "python"), folders)
    return made


def _environment(found: object, folders: tuple[str, ...], name: str) -> Environment:
    if not isinstance(found, str):
        return environment_of_form(_section(found, "environment"), folders, name)
    path = _place(found, folders)
    return environment_of_form(mapping_of_file(path, "environment file"), (os.path.dirname(path), *folders), name)


def _set(
    section: Checked, form: Mapping[str, Any], used: tuple[str, ...], unused: Mapping[str, Accepts] | None = None
) -> None:
    for name, value in _checked(form, section, used, unused or {}).items():
        setattr(section, _attribute(name), value)


def _settings_of(section: Checked, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _written(getattr(section, _attribute(name))) for name in names}


def _set_python(environment: Environment, form: Mapping[str, Any], folders: tuple[str, ...]) -> None:
    python = environment.python
    used = ("interpreterPath", "userManagedDependencies", "condaDependencies", "condaDependenciesFile")
    found = _checked(form, python, used, _UNUSED_OF_PYTHON)
    is_managed = found.get("userManagedDependencies")
    if "condaDependencies" in found:
        dependencies = _section(found["condaDependencies"], "condaDependencies")
        python.conda_dependencies = CondaDependencies(_underlying_structure=dependencies)
    elif "condaDependenciesFile" in found and not is_managed:
        # Every file of Azure ML names one, which need not be there for an environment that is not built.
        python.conda_dependencies = CondaDependencies(_place(_text_of(found, "condaDependenciesFile") or "", folders))
    if is_managed is not None and is_managed is not python.user_managed_dependencies:
        python.user_managed_dependencies = is_managed
    python.interpreter_path = found.get("interpreterPath", python.interpreter_path)


def _checked(
    form: Mapping[str, Any], made: Checked, used: tuple[str, ...], unused: Mapping[str, Accepts]
) -> dict[str, Any]:
    """The settings that are used and have a value, under the names of files; others must say nothing of their own."""
    kind, found = type(made).__name__, {}
    for name, value in _plain_names(form).items():
        if name in used:
            if value is not None:
                found[name] = value
        elif name not in unused:
            raise RunConfigurationException(f"{kind} has no setting {name!r}; it has {', '.join(used)}")
        elif not unused[name](value):
            raise RunConfigurationException(f"{name} cannot be {shown(value)} here: {_advice(kind, name)}")
    return found


def _advice(kind: str, name: str) -> str:
    from localexp.absent import ABSENT

    why, instead = ABSENT.get((kind, _attribute(name)), ("it would have no effect", "leave it out"))
    return f"{why}; instead: {instead}"


def _section(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise RunConfigurationException(f"{name} is {shown(value)}; give it names with values")
    return value


def _read(name: str, value: Any) -> Any:
    if name in _TEXTS and not isinstance(value, str):
        raise RunConfigurationException(f"{name} is {shown(value)}; write a text, in quotes if need be")
    return environment_texts(value) if name == "environmentVariables" else value


def _text_of(found: Mapping[str, Any], name: str) -> str | None:
    """A text, for which a number may stand that nobody has put into quotes; None if there is none."""
    value = found.get(name)
    if value is not None and not isinstance(value, (str, int, float)):
        raise RunConfigurationException(f"{name} is {shown(value)}; write a text, in quotes if need be")
    return None if value is None else str(value)


def _written(value: object) -> Any:
    """A value as a file has it: texts and numbers as they are, paths as texts, numpy's numbers as Python's."""
    return [_written_item(one) for one in value] if is_list(value) else _written_item(value)


def _written_item(value: Any) -> Any:
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            # Not a subclass, as a member of an enumeration is, for which YAML has no form.
            return kind.__str__(value) if kind is str else kind(value)
    if value is None:
        return None
    raise RunConfigurationException(
        f"{shown(value)} is of type {type(value).__name__}, which no file can hold; give a text, a number or a path"
    )


def _place(name: str, folders: tuple[str, ...]) -> str:
    places = [os.path.join(folder, os.path.expanduser(name)) for folder in folders]
    for place in places:
        if os.path.isfile(place):
            return place
    raise RunConfigurationException(
        f"the file {name} that the configuration names is not there: looked for {', '.join(places)}; bring it back, or "
        "name another"
    )


def _plain_names(form: Mapping[str, Any]) -> dict[str, Any]:
    return {_camel(str(name)): value for name, value in form.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _attribute(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
