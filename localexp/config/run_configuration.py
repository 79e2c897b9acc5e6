"""How a script runs, whichever it is."""

from __future__ import annotations

import os
from types import MappingProxyType

from localexp.config.checked import Checked, refuse_without_effect
from localexp.config.distributed import MpiConfiguration, PyTorchConfiguration, unused
from localexp.config.environment import Environment
from localexp.config.texts import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.config.conda_dependencies import CondaDependencies
    from localexp.config.texts import Argument


class HistoryConfiguration(Checked):
    """What is kept of a run.

    ``snapshot_project`` is True: the source directory is kept as the run's snapshot. If it is False the script still
    runs in a checkout of it, which nothing refers to any more when the run has ended. ``output_collection`` is True.

    :raises RunConfigurationException: ``output_collection`` is set to anything else.
    """

    output_collection: bool
    snapshot_project: bool

    def __init__(self) -> None:
        self.output_collection = True
        self.snapshot_project = True


class RunConfiguration(Checked):
    """How a script runs.

    :param script: path of the script, relative to the source directory. It is Python; other programs are a command.
    :param arguments: texts, numbers or paths, handed to the script as texts.
    :param framework: ``"Python"`` or ``"PyTorch"``, which have the same effect, as the attribute.
    :param communicator: ``"None"``: the script is one process. With ``"OpenMpi"`` and ``"IntelMpi"`` it is those of
        the attribute ``mpi``, with ``"Nccl"`` and ``"Gloo"`` those of ``pytorch``.
    :param conda_dependencies: packages that the environment is built from; None for those of the interpreter.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces, and
        begins with a program that submit finds.
    :raises RunConfigurationException: a parameter or attribute has a value that a local run cannot honour: of
        ``node_count`` only the default, 1, has a meaning here.

    ``target`` is ``"local"``, a process of its own, or ``"inline"``, the process that submits: for a debugger, coverage
    or a test. After ``max_run_duration_seconds`` of running the run is canceled; None is no limit.
    ``environment_variables`` are set for the script, over those of ``environment``. ``history.snapshot_project`` says
    whether the source directory is kept as the run's snapshot.
    """

    script: str | None
    arguments: list[Argument]
    command: str | list[str]
    target: str
    framework: str
    communicator: str
    node_count: int
    mpi: MpiConfiguration
    pytorch: PyTorchConfiguration
    max_run_duration_seconds: int | None
    environment: Environment
    environment_variables: dict[str, str]
    history: HistoryConfiguration
    _sections = MappingProxyType(
        {
            "environment": Environment,
            "history": HistoryConfiguration,
            "mpi": MpiConfiguration,
            "pytorch": PyTorchConfiguration,
        }
    )

    def __init__(
        self,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        _history_enabled: bool | None = None,
        _path: str | os.PathLike[str] | None = None,
        _name: str | None = None,
        command: str | list[str] | None = None,
    ) -> None:
        refuse_without_effect(_history_enabled=_history_enabled)
        self.script = None if script is None else os.fspath(script)
        self.arguments = [] if arguments is None else listed(arguments)
        self.command = command or ""
        self.target = "local"
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.node_count = 1
        self.mpi = MpiConfiguration()
        self.pytorch = PyTorchConfiguration()
        self.max_run_duration_seconds = None
        self.environment = Environment("default-environment")
        self.environment.python.conda_dependencies = conda_dependencies
        self.environment_variables = {}
        self.history = HistoryConfiguration()
        self._path = _path
        self._name = _name

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write it into a YAML file with Azure ML's names, the values of environment variables and packages included.

        :param path: the file; or, with ``name``, a folder, made if need be, for a file in its ``.azureml``, or
            ``aml_config`` if it has that. By default where it was loaded from, else the current folder.
        :param name: the name of that file, as it is.
        :param separate_environment_yaml: write the environment into a file ``environment.yml`` beside it.
        :raises UserErrorException: there is no name, or a part of the configuration is not what it must be.
        :raises RunConfigurationException: the file cannot be written.
        """
        from localexp.config import folders

        place = folders.absolute(path or self._path or ".")
        # That it was loaded by a name makes no folder of another path.
        is_folder = name is not None or (not path and self._name is not None)
        folders.save_run(self, place, self._name if name is None else name, is_folder, separate_environment_yaml)

    @staticmethod
    def load(path: str | os.PathLike[str], name: str | None = None) -> RunConfiguration:
        """The configuration that a YAML file holds, written here or by Azure ML.

        :param path: the file; or a folder, for ``name`` or ``name.runconfig`` in its ``.azureml`` or ``aml_config``, or
            ``name.runconfig`` in the folder itself.
        :raises RunConfigurationException: there is none, or it says something that cannot be honoured here.
        """
        from localexp.config import folders

        return folders.run(folders.absolute(path), name)

    @staticmethod
    def delete(path: str | os.PathLike[str], name: str) -> None:
        """Remove the file that ``load`` would read, if it is one of a folder.

        :raises RunConfigurationException: there is none.
        """
        from localexp.config import folders

        folders.delete_run(folders.absolute(path), name)

    def _unused(self) -> list[str]:
        return unused(vars(self).get("communicator"))
