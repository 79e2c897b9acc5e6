"""How a script runs, whichever it is."""

from __future__ import annotations

import os

from localexp.config.checked import Checked, refuse_keywords, refuse_without_effect
from localexp.config.texts import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.config.texts import Argument


class PythonSection(Checked):
    """The interpreter of an environment.

    ``interpreter_path`` is a path or a name on ``PATH``; ``"python"``, the default, is the interpreter that submits.
    ``user_managed_dependencies`` is True and ``conda_dependencies`` None: packages are those that the interpreter has.
    (Azure ML's default is False, for which it builds an environment.)

    :raises RunConfigurationException: one of those two is set to anything else, or a keyword is given.
    """

    interpreter_path: str
    user_managed_dependencies: bool
    conda_dependencies: None

    def __init__(self, **kwargs: object) -> None:
        refuse_keywords(self, kwargs)
        self.interpreter_path = "python"
        self.user_managed_dependencies = True
        self.conda_dependencies = None


class Environment(Checked):
    """A named environment: its interpreter and environment variables.

    :param name: any text.
    :raises RunConfigurationException: another keyword is given.
    """

    name: str
    python: PythonSection
    environment_variables: dict[str, str]

    def __init__(self, name: str, **kwargs: object) -> None:
        refuse_keywords(self, kwargs)
        self.name = name
        self.python = PythonSection()
        self.environment_variables = {}


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
    :param framework: ``"Python"``, as the attribute.
    :param communicator: ``"None"``, as the attribute.
    :param conda_dependencies: None; no environments are built.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces, and
        begins with a program that submit finds.
    :raises RunConfigurationException: a parameter or attribute has a value that a local run cannot honour: of
        ``framework``, ``communicator``, ``node_count`` (1) and ``conda_dependencies`` only the defaults have a meaning
        here.

    ``target`` is ``"local"``. After ``max_run_duration_seconds`` of running the run is canceled; None is no limit.
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
    max_run_duration_seconds: int | None
    environment: Environment
    environment_variables: dict[str, str]
    history: HistoryConfiguration

    def __init__(
        self,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: object = None,
        _history_enabled: bool | None = None,
        _path: object = None,
        _name: object = None,
        command: str | list[str] | None = None,
    ) -> None:
        refuse_without_effect(
            conda_dependencies=conda_dependencies, _history_enabled=_history_enabled, _path=_path, _name=_name
        )
        self.script = None if script is None else os.fspath(script)
        self.arguments = [] if arguments is None else listed(arguments)
        self.command = command or ""
        self.target = "local"
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.node_count = 1
        self.max_run_duration_seconds = None
        self.environment = Environment("default-environment")
        self.environment_variables = {}
        self.history = HistoryConfiguration()
