"""The packages of an environment, as a conda environment file lists them."""

from __future__ import annotations

import os

from localexp.advice import Advising
from localexp.config import conda_packages
from localexp.config.texts import is_list, path_text, shown
from localexp.errors import RunConfigurationException
from localexp.execution.environments import requirements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_IGNORED_KEYS = ("name", "prefix")
_PIP = "pip"
_FILE = "conda environment file"


class CondaDependencies(Advising):
    """The packages that an environment is built from.

    Differs from Azure ML: there is no conda. What is a pip package is installed by pip or uv; conda packages are
    installed from the same source under the same names, and named in a warning at submit; channels have no effect. A
    version of ``python`` must be that of the interpreter, which ``interpreter_path`` alone chooses. At first there are
    no packages and no version of Python.

    :param conda_dependencies_file_path: a conda environment file to begin with.
    :param _underlying_structure: the same, as the dict that such a file holds.
    :raises RunConfigurationException: it cannot be read or holds anything but names, channels and dependencies.
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | os.PathLike[str] | None = None,
        _underlying_structure: Mapping[str, Any] | None = None,
    ) -> None:
        self._channels: list[str] = []
        self._conda: list[str] = []
        self._pip: list[str] = []
        if conda_dependencies_file_path is not None:
            from localexp.config.files import mapping_of_file

            path = os.path.abspath(os.path.expanduser(path_text(conda_dependencies_file_path, f"the {_FILE}")))
            self._take(mapping_of_file(path, _FILE), os.path.dirname(path))
        elif _underlying_structure is not None:
            self._take(_underlying_structure, os.getcwd())

    def __repr__(self) -> str:
        return f"CondaDependencies({self.as_dict()!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]  # it may change

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,  # noqa: ARG004
    ) -> CondaDependencies:
        """Dependencies from lists of packages.

        :param pip_indexurl: where pip looks for packages; None for wherever it looks by itself.
        :param pip_packages: requirements as pip takes them.
        :param conda_packages: packages as conda writes them.
        :param python_version: what the version of the interpreter must be or begin with; None for any. (Azure ML's
            default is a version of its own.)
        :param pin_sdk_version: has no effect: localexp is there in every environment, and the same as here.
        :raises RunConfigurationException: one of them cannot be used.
        """
        made = CondaDependencies()
        if python_version is not None:
            made.set_python_version(python_version)
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        for package in _listed("pip_packages", pip_packages):
            made.add_pip_package(package)
        for package in _listed("conda_packages", conda_packages):
            made.add_conda_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """Requirements with those of one package put together into one, as ``["a>=1", "a<2"]`` into ``["a>=1,<2"]``.

        What names a URL or has a marker stays as it is.
        """
        return _merged(requirements)

    @property
    def conda_channels(self) -> list[str]:
        """The channels, which have no effect."""
        return list(self._channels)

    @property
    def conda_packages(self) -> list[str]:
        """The conda packages, the version of Python among them."""
        return list(self._conda)

    @property
    def pip_packages(self) -> list[str]:
        """The requirements of pip, without its options."""
        return [line for line in self._pip if not line.startswith("-")]

    @property
    def pip_options(self) -> list[str]:
        """The options of pip among the requirements."""
        return [line for line in self._pip if line.startswith("-")]

    def get_python_version(self) -> str | None:
        """The version of Python that is wanted, None if any will do."""
        wanted = [one for one in self._conda if conda_packages.name_of(one) == conda_packages.PYTHON]
        return (conda_packages.version_of(wanted[-1]) or None) if wanted else None

    def set_python_version(self, version: str) -> None:
        """Say what the version of the interpreter must be or begin with.

        :raises RunConfigurationException: this is no version.
        """
        package = f"{conda_packages.PYTHON}={version}"
        conda_packages.as_requirement(package)
        self._remove_conda(conda_packages.PYTHON)
        self._conda.insert(0, package)

    def add_channel(self, channel: str) -> None:
        """Add a channel, which has no effect."""
        if channel not in self._channels:
            self._channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Remove a channel if it is there."""
        self._channels = [one for one in self._channels if one != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package as conda writes it, in place of one of the same name.

        :raises RunConfigurationException: it has no name, or a version that pip does not know.
        """
        conda_packages.as_requirement(_text(conda_package))
        self._remove_conda(conda_packages.name_of(conda_package))
        self._conda.append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove the package of this name, whatever version is given with it, if it is there."""
        self._remove_conda(conda_packages.name_of(_text(conda_package)))

    def add_pip_package(self, pip_package: str) -> None:
        """Add a requirement of pip, in place of one of the same package.

        :raises RunConfigurationException: it cannot be used.
        """
        for line in requirements.checked([pip_package], os.getcwd()):
            self._remove_pip(requirements.name_of(line))
            self._pip.append(line)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove the requirement of this package, whatever version is given with it, if it is there."""
        self._remove_pip(requirements.name_of(_text(pip_package)))

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Put other requirements in place of all that there are; options stay.

        :raises RunConfigurationException: one cannot be used.
        """
        lines = requirements.checked(list(pip_requirements), os.getcwd())
        self._pip = [*self.pip_options, *lines]

    def set_pip_index_url(self, index_url: str) -> None:
        """Say where pip looks for packages, in place of what was said before.

        :raises RunConfigurationException: it has credentials in it.
        """
        [option] = requirements.checked([f"--index-url {_text(index_url)}"], os.getcwd())
        self._pip = [option, *(line for line in self._pip if not line.startswith("--index-url "))]

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option of pip.

        :raises RunConfigurationException: it is none that requirements may have.
        """
        self._pip += [one for one in _options(pip_option) if one not in self._pip]

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option of pip if it is there, whatever value it has if none is given."""
        self._pip = [line for line in self._pip if line != pip_option and line.split()[0] != pip_option]

    def as_dict(self) -> dict[str, Any]:
        """What a conda environment file of these dependencies holds."""
        pip = [{_PIP: list(self._pip)}] if self._pip else []
        return {"channels": list(self._channels), "dependencies": [*self._conda, *pip]}

    def serialize_to_string(self) -> str:
        """The text of a conda environment file of these dependencies."""
        from localexp.config.files import yaml_text

        return yaml_text(self.as_dict())

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write a conda environment file and return its path.

        :param path: the file, or a folder for one named ``conda_dependencies.yml``; None for the current folder.
        """
        from localexp.config.files import CONDA_FILE, write_text

        target = os.path.abspath(path_text(path or ".", f"the {_FILE}"))
        target = os.path.join(target, CONDA_FILE) if os.path.isdir(target) else target
        write_text(target, self.serialize_to_string())
        return target

    def save_to_file(
        self, base_directory: str | os.PathLike[str], conda_file_path: str | os.PathLike[str] | None = None
    ) -> str:
        """Write a conda environment file, and return its path relative to the folder.

        :param base_directory: the folder, which is there.
        :param conda_file_path: the file, relative to it; ``conda_dependencies.yml`` by default.
        """
        from localexp.config.files import CONDA_FILE

        return os.path.relpath(self.save(os.path.join(base_directory, conda_file_path or CONDA_FILE)), base_directory)

    def _take(self, structure: Mapping[str, Any], folder: str) -> None:
        for key in structure:
            if key not in (*_IGNORED_KEYS, "channels", "dependencies"):
                raise RunConfigurationException(
                    f"a conda environment file has no use for {key!r} here; leave it out. Environment variables are "
                    "given as environment_variables"
                )
        self._channels = [str(one) for one in _list(structure, "channels")]
        for one in _list(structure, "dependencies"):
            if isinstance(one, dict) and set(one) == {_PIP}:
                self._pip += requirements.checked(_list(one, _PIP), folder)
            else:
                conda_packages.as_requirement(_text(one))
                self._conda.append(one)

    def _remove_conda(self, name: str) -> None:
        self._conda = [one for one in self._conda if conda_packages.name_of(one) != name]

    def _remove_pip(self, name: str) -> None:
        self._pip = [line for line in self._pip if requirements.name_of(line) != name]

    def _from_conda(self) -> list[str]:
        """The conda packages that pip is to install; pip itself is there anyway."""
        return [
            one
            for one in self._conda
            if conda_packages.name_of(one) != conda_packages.PYTHON and one.strip().lower() != _PIP
        ]

    def _lines(self) -> list[str]:
        """All of it as requirements of pip."""
        conda = [conda_packages.as_requirement(one) for one in self._from_conda()]
        return [*self.pip_options, *requirements.checked(conda, os.getcwd()), *self.pip_packages]


def _listed(name: str, packages: Any) -> Iterable[Any]:
    if packages is None or is_list(packages):
        return packages or ()
    raise RunConfigurationException(f"{name} is {shown(packages)}; give a list of packages")


def _list(structure: Mapping[str, Any], name: str) -> list[Any]:
    found = structure.get(name)
    if found is not None and not isinstance(found, list):
        what = "channels" if name == "channels" else "packages"
        raise RunConfigurationException(
            f"{name} is {shown(found)}; write a list of {what}, each on a line behind a '-'"
        )
    return found or []


def _text(package: object) -> str:
    if not isinstance(package, str) or not package.strip():
        raise RunConfigurationException(f"{shown(package)} is no package; write one as 'numpy=1.26'")
    return package


def _options(option: str) -> list[str]:
    lines = requirements.checked([_text(option)], os.getcwd())
    if not all(line.startswith("-") for line in lines):
        raise RunConfigurationException(f"{option!r} is no option of pip; add packages by add_pip_package")
    return lines


def _merged(lines: Iterable[str]) -> list[str]:
    import re

    found: dict[str, list[str]] = {}
    for line in lines:
        match = re.fullmatch(r"\s*([A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?)\s*([=<>!~][^;@]*)?", line)
        name, version = (line, "") if match is None else (match[1].strip(), (match[2] or "").strip())
        versions = found.setdefault(name, [])
        if version and version not in versions:
            versions.append(version)
    return [name + ",".join(versions) for name, versions in found.items()]
