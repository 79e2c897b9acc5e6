"""Environments: which interpreter and which packages a script has."""

from __future__ import annotations

import os
from types import MappingProxyType

from localexp.config.checked import Checked, refuse_keywords
from localexp.config.texts import path_text
from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.config.conda_dependencies import CondaDependencies
    from localexp.workspace import Workspace


class PythonSection(Checked):
    """The interpreter of an environment, and its packages.

    ``interpreter_path`` is a path or a name on ``PATH``; ``"python"``, the default, is the interpreter that submits.
    Without ``conda_dependencies``, which are None at first, packages are those that the interpreter has. With them a
    virtual environment is built for the interpreter, once for what they say, and kept in the workspace.
    ``user_managed_dependencies`` says that packages are those of the interpreter. It is True as long as there are no
    ``conda_dependencies``; set to True it wins over them. (Azure ML's default is False.)

    :raises RunConfigurationException: one of these is set to what it cannot be, or a keyword is given.
    """

    interpreter_path: str
    conda_dependencies: CondaDependencies | None
    _is_user_managed: bool | None

    def __init__(self, **kwargs: object) -> None:
        refuse_keywords(self, kwargs)
        self.interpreter_path = "python"
        self._is_user_managed = None
        self.conda_dependencies = None

    @property
    def user_managed_dependencies(self) -> bool:
        return self.conda_dependencies is None if self._is_user_managed is None else self._is_user_managed

    @user_managed_dependencies.setter
    def user_managed_dependencies(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RunConfigurationException(f"user_managed_dependencies is True or False, not {value!r}")
        self._is_user_managed = value

    def __setattr__(self, name: str, value: object) -> None:
        if name == "conda_dependencies" and value is not None:
            # Most environments have none, and are made sooner without it.
            from localexp.config.conda_dependencies import CondaDependencies

            if not isinstance(value, CondaDependencies):
                raise RunConfigurationException(f"conda_dependencies is {value!r}; give CondaDependencies, or None")
        super().__setattr__(name, value)


class Environment(Checked):
    """A named environment: its interpreter, its packages and environment variables.

    :param name: any text.
    :raises RunConfigurationException: another keyword is given.

    ``version`` is that of an environment that was registered, or None.
    """

    name: str
    version: str | None
    python: PythonSection
    environment_variables: dict[str, str]
    _sections = MappingProxyType({"python": PythonSection})

    def __init__(self, name: str, **kwargs: object) -> None:
        refuse_keywords(self, kwargs)
        self.name = name
        self.version = None
        self.python = PythonSection()
        self.environment_variables = {}

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """An environment that is built from a requirements file, which is read now, with the files that it includes.

        :param pip_version: the version of pip that the environment is to hold; None for any.
        :raises RunConfigurationException: the file cannot be read, requires nothing, or a line of it cannot be used.
        """
        from localexp.config.conda_dependencies import CondaDependencies
        from localexp.execution.environments import requirements

        path = path_text(file_path, "the requirements file")
        lines = requirements.of_file(path)
        if not requirements.are_any(lines):
            raise _requires_nothing(f"the requirements file {path}")
        if pip_version is not None:
            lines.append(f"pip=={pip_version}")
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(_underlying_structure={"dependencies": [{"pip": lines}]})
        return made

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """An environment that is built from a conda environment file, as ``CondaDependencies`` says.

        :raises RunConfigurationException: the file cannot be read, requires nothing, or a line of it cannot be used.
        """
        from localexp.config.conda_dependencies import CondaDependencies
        from localexp.execution.environments import requirements

        path = path_text(file_path, "the conda environment file")
        dependencies = CondaDependencies(path)
        if not requirements.are_any(dependencies._lines()):
            raise _requires_nothing(f"the conda environment file {path}")
        made = Environment(name)
        made.python.conda_dependencies = dependencies
        return made

    def register(self, workspace: Workspace) -> Environment:
        """Keep it in the workspace under its name, with the values of its environment variables.

        :return: itself, with the version that it has there: the next one, or that of the newest if this is the same.
        :raises UserErrorException: it has no name, or a part of it is not what it must be.
        """
        from localexp.config import registry

        return registry.registered(workspace, self)

    @staticmethod
    def get(workspace: Workspace, name: str, version: str | None = None, label: str | None = None) -> Environment:
        """An environment that was registered.

        :param version: which of its versions; the newest if None.
        :param label: None or ``"latest"``, which is the newest too; there are no others.
        :raises UserErrorException: there is none of this name, version or label.
        """
        from localexp.config import registry

        return registry.found(workspace, name, version, label)

    @staticmethod
    def list(workspace: Workspace) -> dict[str, Environment]:
        """The newest version of each environment that was registered, by name.

        One that cannot be used any more, as it names a file that is a folder by now, is left out with a warning.
        """
        from localexp.config import registry

        return registry.newest(workspace)

    def clone(self, new_name: str) -> Environment:
        """A copy under another name, which is not registered."""
        import copy

        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write it into a new folder: ``azureml_environment.json``, and ``conda_dependencies.yml`` if it has packages.

        The values of its environment variables are written too.

        :param overwrite: the folder may be there; these two files of it are replaced.
        :raises UserErrorException: the folder is there and ``overwrite`` is False, or it cannot be written.
        """
        from localexp.config import folders

        folders.save_environment(self, folders.absolute(path), overwrite)

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """The environment that ``save_to_directory`` has written, there or in Azure ML.

        :raises RunConfigurationException: there is none, or it says something that cannot be honoured here.
        """
        from localexp.config import folders

        return folders.environment(folders.absolute(path))


def _requires_nothing(what: str) -> RunConfigurationException:
    return RunConfigurationException(
        f"{what} requires no package; list those that the script imports, or leave it out to run with those of an "
        "interpreter"
    )
