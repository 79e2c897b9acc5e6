"""Where runs are executed: each target starts a run that has been recorded, and is found by its name."""

from __future__ import annotations

from importlib import import_module

from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Protocol

    from localexp.execution.submission import Submission
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

    class Target(Protocol):
        """A place where runs are executed. A module may be one."""

        is_queued: bool
        """Whether runs wait for their turn; of those that do not, and others that may start, the submitter is owner."""

        def check(self, submission: Submission) -> None:
            """Refuse, before anything is captured, what cannot be executed here.

            :raises UserErrorException: it cannot.
            """

        def turn(self) -> AbstractContextManager[None]:
            """Within the block there is room for one run, which is recorded and started in it.

            :raises UserErrorException: there is none, nor a queue to wait in.
            """

        def start(self, store: Store, record: RunRecord) -> None:
            """Execute a run that this process owns, or see to it that another process does.

            :raises ExperimentExecutionException: it cannot be started; the run is Failed.
            """


LOCAL, INLINE = "local", "inline"

_targets: dict[str, Target | str] = {
    LOCAL: "localexp.execution.targets.local",
    INLINE: "localexp.execution.targets.inline",
}


def register(name: str, target: Target) -> None:
    """Have runs with this target be executed by it."""
    _targets[name] = target


def checked_name(name: object) -> str:
    """The name of a target.

    :raises RunConfigurationException: there is none of that name.
    """
    if not isinstance(name, str) or name not in _targets:
        raise RunConfigurationException(
            f"the target {name!r} is not supported; supported: {', '.join(_targets)}. 'local' is the default: leave "
            "compute_target out, or run_config.target as it is"
        )
    return name


def target(name: str) -> Target:
    """The target of a name that was checked."""
    found = _targets[name]
    # Imported when it is used: a script is submitted sooner without the others.
    return import_module(found) if isinstance(found, str) else found
