"""What a configuration comes to: the plain data that a run is started from."""

from __future__ import annotations

import os
import sys

from localexp.config.texts import argument_texts, command_text, environment_texts
from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.config.script_run_config import ScriptRunConfig
    from localexp.execution.launch import Submission

_TARGETS = ("local",)


def submission_of(config: ScriptRunConfig) -> Submission:
    """What is to be run, as plain data.

    :raises RunConfigurationException: a part of the configuration cannot be used.
    """
    from localexp.execution import interpreters
    from localexp.execution.launch import Submission

    run_config = config.run_config
    command = command_text(config.command)
    if config.script is None and command is None:
        raise RunConfigurationException("there is neither a script nor a command; give one of both")
    if config.script is not None and command is not None:
        raise RunConfigurationException("there is a script and a command; give one, and not both")
    if command is not None and config.arguments:
        raise RunConfigurationException("arguments go with a script; write them into the command")
    of_environment, of_run = run_config.environment.environment_variables, run_config.environment_variables
    source, script = os.path.abspath(os.path.expanduser(config.source_directory)), config.script
    return Submission(
        source=source,
        script=os.path.relpath(script, source) if script is not None and os.path.isabs(script) else script,
        arguments=argument_texts(config.arguments),
        command=command,
        interpreter=interpreters.located(run_config.environment.python.interpreter_path),
        variables={**environment_texts(of_environment), **environment_texts(of_run)},
        target=_checked_target(run_config.target),
        keeps_snapshot=_checked_flag("history.snapshot_project", run_config.history.snapshot_project),
        environment=run_config.environment.name,
        inputs=config.inputs,
        max_seconds=_checked_seconds(run_config.max_run_duration_seconds),
        # A text is the shell's business from its first word on.
        program=None if command is None or isinstance(config.command, str) else command.split()[0],
    )


def _checked_seconds(seconds: object) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds > 0:
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


def _checked_target(target: str) -> str:
    """A target that runs can have.

    :raises RunConfigurationException: it is not one.
    """
    if target not in _TARGETS:
        raise RunConfigurationException(
            f"the target {target!r} is not supported; supported: {', '.join(_TARGETS)}, the default: leave "
            "compute_target out, or run_config.target as it is"
        )
    return target
