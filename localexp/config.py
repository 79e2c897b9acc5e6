"""What to run, and how."""

from __future__ import annotations

import os
import sys

from localexp.errors import RunConfigurationException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Argument = str | int | float | os.PathLike[str]

TARGETS = ("local",)


class _Checked:
    """Refuses attributes that it does not have: a misspelt setting is an error, not a setting without effect."""

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("_") or name in self._settings():
            object.__setattr__(self, name, value)
            return
        raise AttributeError(
            f"{type(self).__name__} has no setting {name!r}; it has {', '.join(sorted(self._settings()))}"
        )

    def _settings(self) -> set[str]:
        return {name for kind in type(self).__mro__ for name in vars(kind).get("__annotations__", ())}


class PythonSection(_Checked):
    """The interpreter of an environment.

    ``interpreter_path`` is a path or a name on ``PATH``; ``"python"``, the default, is the interpreter that submits.
    ``user_managed_dependencies`` is True: packages are those that the interpreter has. (Azure ML's default is False,
    for which it builds an environment.)
    """

    interpreter_path: str
    user_managed_dependencies: bool

    def __init__(self) -> None:
        self.interpreter_path = "python"
        self.user_managed_dependencies = True


class Environment(_Checked):
    """A named environment: its interpreter and environment variables.

    :param name: any text.
    """

    name: str
    python: PythonSection
    environment_variables: dict[str, str]

    def __init__(self, name: str = "default-environment") -> None:
        self.name = name
        self.python = PythonSection()
        self.environment_variables = {}


class HistoryConfiguration(_Checked):
    """What is kept of a run.

    ``snapshot_project`` is True: the source directory is kept as the run's snapshot. If it is False the script still
    runs in a checkout of it, which nothing refers to any more when the run has ended.
    """

    snapshot_project: bool

    def __init__(self) -> None:
        self.snapshot_project = True


class RunConfiguration(_Checked):
    """How a script runs.

    :param script: path of the script, relative to the source directory.
    :param arguments: texts, numbers or paths, handed to the script as texts.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces.

    ``target`` is ``"local"``. ``environment_variables`` are set for the script, over those of ``environment``.
    ``history.snapshot_project`` says whether the source directory is kept as the run's snapshot.
    """

    script: str | None
    arguments: list[Argument]
    command: str | list[str]
    target: str
    environment: Environment
    environment_variables: dict[str, str]
    history: HistoryConfiguration

    def __init__(
        self,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        *,
        command: str | list[str] | None = None,
    ) -> None:
        self.script = None if script is None else os.fspath(script)
        self.arguments = list(arguments or [])
        self.command = command or ""
        self.target = "local"
        self.environment = Environment()
        self.environment_variables = {}
        self.history = HistoryConfiguration()


class ScriptRunConfig:
    """A script and the directory that it belongs to, for ``Experiment.submit``.

    Nothing is checked before ``submit``.

    :param source_directory: the directory that is captured, and of which a checkout is the script's working
        directory; the current one if None or empty.
    :param script: path of the script, relative to ``source_directory``.
    :param arguments: texts, numbers or paths.
    :param run_config: taken as it is; ``script``, ``arguments`` and ``command`` given here win over its own.
    :param compute_target: ``"local"``; ignored with ``run_config``, as ``environment`` is.
    :param environment: where the script runs.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces.
    """

    def __init__(
        self,
        source_directory: str | os.PathLike[str] | None,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        run_config: RunConfiguration | None = None,
        *,
        compute_target: str | None = None,
        environment: Environment | None = None,
        command: str | list[str] | None = None,
    ) -> None:
        self.source_directory = os.fspath(source_directory or ".")
        self.run_config = run_config or RunConfiguration()
        if run_config is None:
            self.run_config.target = compute_target or "local"
            self.run_config.environment = environment or Environment()
        self.script = self.run_config.script if script is None else os.fspath(script)
        self.arguments = list(self.run_config.arguments if arguments is None else arguments)
        self.command = self.run_config.command if command is None else command


def checked_target(target: str) -> str:
    """A target that runs can have.

    :raises RunConfigurationException: it is not one.
    """
    if target not in TARGETS:
        raise RunConfigurationException(f"the target {target!r} is not supported; supported: {', '.join(TARGETS)}")
    return target


def argument_texts(arguments: Sequence[object]) -> list[str]:
    """Arguments as a script gets them.

    :raises UserErrorException: one is neither text, number nor path, or holds a NUL character.
    """
    if isinstance(arguments, (str, bytes)):
        raise UserErrorException(f"arguments is {arguments!r}; give a list, one element for each argument")
    return [_argument_text(argument) for argument in arguments]


def _argument_text(argument: object) -> str:
    item = getattr(argument, "item", None)
    if callable(item):
        argument = item()
    if isinstance(argument, os.PathLike):
        argument = os.fspath(argument)
    if not isinstance(argument, (str, int, float)):
        raise UserErrorException(
            f"the argument {argument!r} is of type {type(argument).__name__}; arguments are texts, numbers or paths"
        )
    if "\0" in str(argument):
        raise UserErrorException(f"the argument {argument!r} holds a NUL character, which no process can be given")
    return str(argument)


def environment_texts(variables: Mapping[str, object]) -> dict[str, str]:
    """Environment variables as a process gets them.

    :raises UserErrorException: a name or value is one that no process can be given.
    """
    texts = {str(name): str(value) for name, value in variables.items()}
    for name, value in texts.items():
        if not name or "=" in name or "\0" in name + value:
            raise UserErrorException(
                f"the environment variable {name!r} cannot be set: names are not empty and hold no '=', "
                "and neither names nor values hold NUL characters"
            )
    return texts


def command_text(command: str | list[str]) -> str | None:
    """A command as the shell gets it, None if there is none."""
    if not command:
        return None
    return command if isinstance(command, str) else " ".join(argument_texts(command))


def interpreter(python: PythonSection) -> str:
    """The absolute path of an interpreter.

    :raises RunConfigurationException: there is none at that path or of that name.
    """
    import shutil

    if python.interpreter_path == "python":
        return sys.executable
    path = shutil.which(os.path.expanduser(python.interpreter_path))
    if path is None:
        raise RunConfigurationException(
            f"there is no interpreter {python.interpreter_path!r}; give environment.python.interpreter_path a path or "
            "a name on PATH"
        )
    return os.path.abspath(path)
