"""What to run, and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from warnings import warn

from localexp.advice import Advising, refuse_absent
from localexp.errors import RunConfigurationException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from localexp.execution.launch import Submission

    Argument = str | int | float | os.PathLike[str]

TARGETS = ("local",)
LONGEST_RUN_SECONDS = 2_592_000

# What Azure ML's configurations have and a local run has no use for: the values that change nothing, which are
# accepted, and what to do in place of another, which is refused. Nothing is accepted and then ignored.
_WITHOUT_EFFECT: dict[str, tuple[tuple[object, ...], str]] = {
    "framework": (("Python", "python"), "a Python script runs whatever it imports, other programs as a command"),
    "communicator": (("None", None), "a run is one process; a command may start more, as torchrun does"),
    "node_count": ((1,), "a run is on this machine"),
    "max_run_duration_seconds": ((None, LONGEST_RUN_SECONDS), "runs have no time limit; a command may begin 'timeout'"),
    "conda_dependencies": ((None,), "packages are those of environment.python.interpreter_path; install them there"),
    "user_managed_dependencies": ((True,), "no environments are built: packages are those that the interpreter has"),
    "output_collection": ((True,), "what the script writes is always kept; write to another folder what is not to be"),
    "distributed_job_config": ((None,), "a run is one process; a command may start more, as torchrun does"),
    "resume_from": ((None,), "give the script the path of what it is to resume from, as an argument"),
    "docker_runtime_config": ((None,), "nothing runs in a container; a command may call 'docker run'"),
    "_telemetry_values": ((None,), "nothing is reported to anybody"),
    "_history_enabled": ((None, True), "every run is kept; history.snapshot_project says whether its source is"),
    "_path": ((None,), "configurations are not kept in files"),
    "_name": ((None,), "configurations are not kept in files"),
}


def _refuse_without_effect(**settings: object) -> None:
    for name, value in settings.items():
        accepted, instead = _WITHOUT_EFFECT[name]
        if not any(type(value) is type(one) and value == one for one in accepted):
            raise RunConfigurationException(f"{name} cannot be {value!r} here: {instead}")


class _Shown(Advising):
    """Shows in one line what is set and could be another; of environment variables the names, as for what is kept."""

    def __repr__(self) -> str:
        settings = {name: value for name, value in vars(self).items() if name not in _WITHOUT_EFFECT}
        shown = [_shown_setting(name, value) for name, value in settings.items() if not _is_nothing(value)]
        return f"{type(self).__name__}({', '.join(shown)})"


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def _shown_setting(name: str, value: object) -> str:
    if name == "environment_variables":
        value = list(value) if isinstance(value, Mapping) else type(value)
    return f"{name}={value!r}"


class _Checked(_Shown):
    """Refuses attributes that it does not have: a misspelt setting is an error, not a setting without effect."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _WITHOUT_EFFECT:
            _refuse_without_effect(**{name: value})
        if name.startswith("_") or name in self._settings():
            object.__setattr__(self, name, value)
            return
        refuse_absent(type(self), name, repr(type(self).__name__))
        raise AttributeError(
            f"{type(self).__name__} has no setting {name!r}; it has {', '.join(sorted(self._settings()))}"
        )

    def _settings(self) -> set[str]:
        return {name for kind in type(self).__mro__ for name in vars(kind).get("__annotations__", ())}


class PythonSection(_Checked):
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
        _refuse_keywords(self, kwargs)
        self.interpreter_path = "python"
        self.user_managed_dependencies = True
        self.conda_dependencies = None


class Environment(_Checked):
    """A named environment: its interpreter and environment variables.

    :param name: any text.
    :raises RunConfigurationException: another keyword is given.
    """

    name: str
    python: PythonSection
    environment_variables: dict[str, str]

    def __init__(self, name: str, **kwargs: object) -> None:
        _refuse_keywords(self, kwargs)
        self.name = name
        self.python = PythonSection()
        self.environment_variables = {}


class HistoryConfiguration(_Checked):
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


class RunConfiguration(_Checked):
    """How a script runs.

    :param script: path of the script, relative to the source directory.
    :param arguments: texts, numbers or paths, handed to the script as texts.
    :param framework: ``"Python"``, as the attribute.
    :param communicator: ``"None"``, as the attribute.
    :param conda_dependencies: None; no environments are built.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces.
    :raises RunConfigurationException: a parameter or attribute has a value that a local run cannot honour: of
        ``framework``, ``communicator``, ``node_count`` (1), ``max_run_duration_seconds`` (None) and
        ``conda_dependencies`` only the defaults have a meaning here.

    ``target`` is ``"local"``. ``environment_variables`` are set for the script, over those of ``environment``.
    ``history.snapshot_project`` says whether the source directory is kept as the run's snapshot.
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
        _refuse_without_effect(
            conda_dependencies=conda_dependencies, _history_enabled=_history_enabled, _path=_path, _name=_name
        )
        self.script = None if script is None else os.fspath(script)
        self.arguments = [] if arguments is None else _listed(arguments)
        self.command = command or ""
        self.target = "local"
        self.framework = framework or "Python"
        self.communicator = communicator or "None"
        self.node_count = 1
        self.max_run_duration_seconds = None
        self.environment = Environment("default-environment")
        self.environment_variables = {}
        self.history = HistoryConfiguration()


class ScriptRunConfig(_Shown):
    """A script and the directory that it belongs to, for ``Experiment.submit``.

    What to run is not looked at before ``submit``.

    :param source_directory: the directory that is captured, and of which a checkout is the script's working
        directory; the current one if None or empty.
    :param script: path of the script, relative to ``source_directory``.
    :param arguments: texts, numbers or paths.
    :param run_config: taken as it is; ``script``, ``arguments`` and ``command`` given here win over its own.
    :param compute_target: ``"local"``, or an object of this ``name``; ignored with ``run_config``, with a warning, as
        ``environment`` is.
    :param environment: where the script runs.
    :param distributed_job_config: None; a run is one process.
    :param resume_from: None.
    :param max_run_duration_seconds: the default or None; there are no time limits.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces.
    :param docker_runtime_config: None; nothing runs in a container.
    :raises RunConfigurationException: a parameter has a value that a local run cannot honour.
    """

    MAX_DURATION_SECONDS_DEFAULT = LONGEST_RUN_SECONDS

    def __init__(
        self,
        source_directory: str | os.PathLike[str] | None,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[Argument] | None = None,
        run_config: RunConfiguration | None = None,
        _telemetry_values: object = None,
        compute_target: object = None,
        environment: Environment | None = None,
        distributed_job_config: object = None,
        resume_from: object = None,
        max_run_duration_seconds: int | None = LONGEST_RUN_SECONDS,
        command: str | list[str] | None = None,
        docker_runtime_config: object = None,
    ) -> None:
        _refuse_without_effect(
            _telemetry_values=_telemetry_values,
            distributed_job_config=distributed_job_config,
            resume_from=resume_from,
            max_run_duration_seconds=max_run_duration_seconds,
            docker_runtime_config=docker_runtime_config,
        )
        self.source_directory = os.fspath(source_directory or ".")
        self.run_config = _run_config(run_config, compute_target, environment)
        self.script = self.run_config.script if script is None else os.fspath(script)
        self.arguments = _listed(self.run_config.arguments if arguments is None else arguments)
        self.command = self.run_config.command if command is None else command


def _listed(arguments: Any) -> list[Argument]:
    # What is no list is left to submit, which refuses it as all that is wrong with a configuration.
    return list(arguments) if _has_elements(arguments) else arguments


def _has_elements(arguments: object) -> bool:
    return isinstance(arguments, Iterable) and not isinstance(arguments, (str, bytes, Mapping))


def _run_config(given: object, compute_target: object, environment: Environment | None) -> RunConfiguration:
    if given is None:
        made = RunConfiguration()
        target: object = getattr(compute_target, "name", compute_target)
        made.target = str(target or "local")
        made.environment = environment or made.environment
        return made
    if not isinstance(given, RunConfiguration):
        raise RunConfigurationException(f"run_config is {given!r}; give a RunConfiguration")
    if compute_target is not None or environment is not None:
        warn("compute_target and environment are ignored with run_config; set them on run_config", stacklevel=3)
    return given


def _refuse_keywords(configuration: object, keywords: dict[str, object]) -> None:
    if keywords:
        raise RunConfigurationException(
            f"{type(configuration).__name__} has no parameter {next(iter(keywords))!r}; set its attributes"
        )


def checked_target(target: str) -> str:
    """A target that runs can have.

    :raises RunConfigurationException: it is not one.
    """
    if target not in TARGETS:
        raise RunConfigurationException(
            f"the target {target!r} is not supported; supported: {', '.join(TARGETS)}, the default: leave "
            "compute_target out, or run_config.target as it is"
        )
    return target


def argument_texts(arguments: Sequence[object]) -> list[str]:
    """Arguments as a script gets them.

    :raises UserErrorException: one is neither text, number nor path, or holds a NUL character.
    """
    if not _has_elements(arguments):
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


def submission_of(config: ScriptRunConfig) -> Submission:
    """What is to be run, as plain data.

    :raises RunConfigurationException: a part of the configuration cannot be used.
    """
    from localexp.execution.launch import Submission

    run_config = config.run_config
    command = command_text(config.command)
    if config.script is None and command is None:
        raise RunConfigurationException("there is neither a script nor a command; give one of both")
    if config.script is not None and command is not None:
        raise RunConfigurationException("there is a script and a command; give one, and not both")
    if command is not None and config.arguments:
        raise RunConfigurationException("arguments go with a script; write them into the command")
    variables = {**run_config.environment.environment_variables, **run_config.environment_variables}
    source, script = os.path.abspath(os.path.expanduser(config.source_directory)), config.script
    return Submission(
        source=source,
        script=os.path.relpath(script, source) if script is not None and os.path.isabs(script) else script,
        arguments=argument_texts(config.arguments),
        command=command,
        interpreter=interpreter(run_config.environment.python),
        variables=environment_texts(variables),
        target=checked_target(run_config.target),
        keeps_snapshot=_checked_flag("history.snapshot_project", run_config.history.snapshot_project),
        environment=run_config.environment.name,
    )


def _checked_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RunConfigurationException(f"{name} is True or False, not {value!r}")
    return value
