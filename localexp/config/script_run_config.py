"""A script, and how it runs."""

from __future__ import annotations

import os
from warnings import warn

from localexp.config.checked import Shown, refuse_without_effect
from localexp.config.distributed import distribute
from localexp.config.run_configuration import RunConfiguration
from localexp.config.texts import listed
from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.config.distributed import MpiConfiguration, PyTorchConfiguration
    from localexp.config.environment import Environment
    from localexp.config.texts import Argument

LONGEST_RUN_SECONDS = 2_592_000


class ScriptRunConfig(Shown):
    """A script and the directory that it belongs to, for ``Experiment.submit``.

    What to run is not looked at before ``submit``.

    :param source_directory: the directory that is captured, and of which a checkout is the script's working
        directory; the current one if None or empty.
    :param script: path of the script, relative to ``source_directory``. It is Python; other programs are a command.
    :param arguments: texts, numbers or paths.
    :param run_config: taken as it is; ``script``, ``arguments`` and ``command`` given here win over its own.
    :param compute_target: ``"local"`` or ``"inline"``, as ``RunConfiguration.target``, or an object of this ``name``;
        ignored with ``run_config``, with a warning, as ``environment`` is.
    :param environment: where the script runs.
    :param distributed_job_config: how many processes the script is; None for one. Ignored with ``run_config``, with a
        warning, in favour of its own.
    :param resume_from: None.
    :param max_run_duration_seconds: how long the script may run; a run that is not done by then is Canceled, with that
        as its error. None for no limit. Ignored with ``run_config``, with a warning, in favour of its own.
    :param command: a command line for the shell, in place of script and arguments; a list is joined by spaces, and
        begins with a program that submit finds.
    :param docker_runtime_config: None; nothing runs in a container.
    :param inputs: paths of files and folders in ``source_directory`` that an ignore file leaves out of the snapshot,
        and that the script is to find all the same: they are linked into its checkout. Azure ML has nothing like it.
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
        distributed_job_config: PyTorchConfiguration | MpiConfiguration | None = None,
        resume_from: object = None,
        max_run_duration_seconds: int | None = LONGEST_RUN_SECONDS,
        command: str | list[str] | None = None,
        docker_runtime_config: object = None,
        *,
        inputs: Sequence[str | os.PathLike[str]] | None = None,
    ) -> None:
        refuse_without_effect(
            _telemetry_values=_telemetry_values,
            resume_from=resume_from,
            docker_runtime_config=docker_runtime_config,
        )
        self.source_directory = os.fspath(source_directory or ".")
        self.run_config = _run_config(
            run_config, compute_target, environment, distributed_job_config, max_run_duration_seconds
        )
        self.script = self.run_config.script if script is None else os.fspath(script)
        self.arguments = listed(self.run_config.arguments if arguments is None else arguments)
        self.command = self.run_config.command if command is None else command
        self.inputs = [] if inputs is None else listed(inputs)


def _run_config(
    given: object, compute_target: object, environment: Environment | None, job: object, max_seconds: int | None
) -> RunConfiguration:
    if given is None:
        made = RunConfiguration()
        target: object = getattr(compute_target, "name", compute_target)
        made.target = str(target or "local")
        made.environment = environment or made.environment
        distribute(made, job)
        made.max_run_duration_seconds = max_seconds
        return made
    if not isinstance(given, RunConfiguration):
        raise RunConfigurationException(f"run_config is {given!r}; give a RunConfiguration")
    if any(one is not None for one in (compute_target, environment, job)) or max_seconds != LONGEST_RUN_SECONDS:
        warn(
            "compute_target, environment, distributed_job_config and max_run_duration_seconds are ignored with "
            "run_config; set them on it",
            stacklevel=3,
        )
    return given
