"""What a configuration comes to: the plain data that a run is started from."""

from __future__ import annotations

import os
import sys
from warnings import warn

from localexp.config.distributed import ranks_of
from localexp.config.script_run_config import LONGEST_RUN_SECONDS
from localexp.config.texts import argument_texts, command_text, environment_texts
from localexp.errors import RunConfigurationException
from localexp.store.values import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.config.environment import Environment
    from localexp.config.run_configuration import RunConfiguration
    from localexp.config.script_run_config import ScriptRunConfig
    from localexp.execution.environments.wanted import Wanted
    from localexp.execution.submission import Submission


def submission_of(config: ScriptRunConfig) -> Submission:
    """What is to be run, as plain data.

    :raises UserErrorException: a part of the configuration cannot be used.
    """
    from localexp.execution import interpreters, targets
    from localexp.execution.here import absolute
    from localexp.execution.submission import Submission

    run_config = config.run_config
    command = command_text(config.command)
    if config.script is None and command is None:
        raise RunConfigurationException("there is neither a script nor a command; give one of both")
    if config.script is not None and command is not None:
        raise RunConfigurationException("there is a script and a command; give one, and not both")
    if command is not None and config.arguments:
        raise RunConfigurationException("arguments go with a script; write them into the command")
    of_environment, of_run = run_config.environment.environment_variables, run_config.environment_variables
    interpreter = interpreters.located(run_config.environment.python.interpreter_path)
    source, script = absolute(os.path.expanduser(config.source_directory)), config.script
    submission = Submission(
        source=source,
        script=os.path.relpath(script, source) if script is not None and os.path.isabs(script) else script,
        arguments=argument_texts(config.arguments),
        command=command,
        interpreter=interpreter,
        variables={**environment_texts(of_environment), **environment_texts(of_run)},
        target=targets.checked_name(run_config.target),
        keeps_snapshot=_checked_flag("history.snapshot_project", run_config.history.snapshot_project),
        environment=run_config.environment.name,
        inputs=config.inputs,
        max_seconds=_limit(run_config),
        ranks=ranks_of(run_config),
        # A text is the shell's business from its first word on.
        program=None if command is None or isinstance(config.command, str) else command.split()[0],
    )
    submission.wanted = _wanted(run_config.environment, submission)
    return submission


def _limit(run_config: RunConfiguration) -> float | None:
    from localexp.execution import targets

    seconds = _checked_seconds(run_config.max_run_duration_seconds)
    # Nobody has asked for the default, and nothing can stop a script in this process.
    return None if run_config.target == targets.INLINE and seconds == LONGEST_RUN_SECONDS else seconds


def _wanted(environment: Environment, submission: Submission) -> Wanted | None:
    """The virtual environment that is to be built for its interpreter, None if packages are those that it has."""
    if environment.python.user_managed_dependencies:
        return None
    from localexp.config import conda_packages
    from localexp.execution.environments import requirements

    dependencies = environment.python.conda_dependencies
    lines = [] if dependencies is None else dependencies._lines()
    if dependencies is None or not requirements.are_any(lines):
        raise RunConfigurationException(
            f"the environment {environment.name!r} has no packages to be built from: give python.conda_dependencies "
            "some, or set python.user_managed_dependencies to True for those that the interpreter has"
        )
    interpreter, version = submission.interpreter, submission.python.version
    for package in dependencies.conda_packages:
        if conda_packages.name_of(package) == conda_packages.PYTHON and conda_packages.unlike(package, version):
            raise RunConfigurationException(
                f"the environment {environment.name!r} is for {package}, and {interpreter} is Python {version}: give "
                "python.interpreter_path a Python of that version, or change the version in the dependencies"
            )
    _warn_of_conda(dependencies._from_conda())
    return requirements.wanted(interpreter, lines, version)


def _warn_of_conda(packages: list[str]) -> None:
    if packages:
        # Shown for the line that submits.
        warn(f"there is no conda here: taken from pip are {', '.join(packages)}", UserWarning, stacklevel=6)


def _checked_seconds(seconds: object) -> float | None:
    if seconds is None:
        return None
    if is_number(seconds) and seconds > 0:
        if seconds > sys.float_info.max:
            # Not shown: Python refuses to write out an integer of so many digits, maybe.
            raise RunConfigurationException("max_run_duration_seconds is beyond all numbers; None is no limit")
        return seconds
    raise RunConfigurationException(
        f"max_run_duration_seconds is a number of seconds above 0, or None for no limit, not {seconds!r}"
    )


def _checked_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RunConfigurationException(f"{name} is True or False, not {value!r}")
    return value
