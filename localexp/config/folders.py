"""Where the files of configurations lie, as in Azure ML."""

from __future__ import annotations

import json
import os

from localexp.config import forms
from localexp.config.conda_dependencies import CondaDependencies
from localexp.config.files import CONDA_FILE, mapping_of_file, write_text, yaml_text
from localexp.config.texts import path_text
from localexp.errors import RunConfigurationException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.config.environment import Environment
    from localexp.config.run_configuration import RunConfiguration

_FOLDERS = ("aml_config", ".azureml")
_SUFFIX = ".runconfig"
_ENVIRONMENT_OF_RUN = "environment.yml"
_ENVIRONMENT = "azureml_environment.json"


def absolute(path: object) -> str:
    """The absolute path of what was given as one."""
    return os.path.abspath(path_text(path, "a configuration"))


def save_run(
    config: RunConfiguration, path: str, name: str | None, is_folder: bool, is_environment_apart: bool
) -> None:
    """Write a run configuration; see ``RunConfiguration.save``. With ``is_folder`` the path is none of a file."""
    form = forms.form_of_run(config)
    target = _in_folder(path, name) if is_folder or os.path.isdir(path) else path
    if is_environment_apart:
        write_text(os.path.join(os.path.dirname(target), _ENVIRONMENT_OF_RUN), yaml_text(form["environment"]))
        form["environment"] = _ENVIRONMENT_OF_RUN
    write_text(target, yaml_text(form))


def run(path: str, name: str | None) -> RunConfiguration:
    """Read a run configuration; see ``RunConfiguration.load``."""
    file = path if os.path.isfile(path) else _found(path, name)
    folder = os.path.dirname(file)
    project = path if os.path.isdir(path) else os.path.dirname(folder)
    made = forms.run_of_form(mapping_of_file(file, "run configuration"), (project, folder))
    made._path, made._name = path, None if file == path else name
    return made


def delete_run(path: str, name: str) -> None:
    """Remove a run configuration; see ``RunConfiguration.delete``."""
    os.unlink(_found(path, name))


def save_environment(environment: Environment, path: str, may_overwrite: bool) -> None:
    """Write an environment into a folder; see ``Environment.save_to_directory``."""
    form = forms.form_of_environment(environment)
    dependencies = form["python"].pop("condaDependencies", None)
    try:
        os.makedirs(path, exist_ok=may_overwrite)
    except FileExistsError as error:
        raise UserErrorException(
            f"{path} is there already; pass overwrite=True to replace the environment in it, or choose another folder"
        ) from error
    packages = os.path.join(path, CONDA_FILE)
    if dependencies is not None:
        write_text(packages, yaml_text(dependencies))
    elif os.path.exists(packages):
        os.unlink(packages)
    write_text(os.path.join(path, _ENVIRONMENT), json.dumps(form, indent=4) + "\n")


def environment(path: str) -> Environment:
    """Read an environment from a folder; see ``Environment.load_from_directory``."""
    form = mapping_of_file(os.path.join(path, _ENVIRONMENT), "environment file")
    packages = os.path.join(path, CONDA_FILE)
    python = form.get("python")
    if os.path.exists(packages) and isinstance(python, dict):
        form["python"] = {**python, "condaDependencies": CondaDependencies(packages).as_dict()}
    return forms.environment_of_form(form, (path,))


def _in_folder(path: str, name: object) -> str:
    """The file of this name in a folder, which is made if need be."""
    if not isinstance(name, str) or not name or os.path.basename(name) != name:
        raise UserErrorException(
            f"in the folder {path} a run configuration needs a name, and not {name!r}: give one without '/'"
        )
    [old, new] = [os.path.join(path, folder) for folder in _FOLDERS]
    folder = old if os.path.isdir(old) else new
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise RunConfigurationException(
            f"the folder {folder} cannot be made: {error.strerror}; choose another, or leave out the name {name!r} if "
            f"{path} is the file"
        ) from error
    return os.path.join(folder, name)


def _found(path: str, name: str | None) -> str:
    if name is not None and not isinstance(name, str):
        raise RunConfigurationException(f"the name of a run configuration is a text, not {name!r}")
    places = [] if name is None else list(_places(path, name))
    for place in places:
        if os.path.isfile(place):
            return place
    sought = f"looked for {', '.join(places)}" if places else "give a name for one of a folder"
    raise RunConfigurationException(
        f"there is no run configuration at {path}: {sought}; RunConfiguration.save makes it"
    )


def _places(path: str, name: str) -> Iterator[str]:
    for folder in (".azureml", "aml_config"):
        yield os.path.join(path, folder, name)
        yield os.path.join(path, folder, name + _SUFFIX)
    yield os.path.join(path, name + _SUFFIX)
