"""Every exception that localexp raises on purpose.

Names are Azure ML's where it has one. Each also inherits the builtin that a caller would have caught anyway, and
its message says what to do next.
"""

from __future__ import annotations


class LocalexpError(Exception):
    """The base of every error here; ``message`` is its text."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class UserErrorException(LocalexpError, ValueError):
    """A value that was given cannot be used."""


class WorkspaceException(LocalexpError, OSError):
    """A workspace cannot be created or opened where it was asked for."""


class StoreError(WorkspaceException):
    """The database of a workspace is damaged, unreadable or not one of ours."""


class DamagedStoreError(StoreError):
    """A file of the store holds something that is no database, or is damaged."""


class NewerStoreError(StoreError):
    """The workspace was written by a newer localexp, which this one must not touch."""


class RunNotFound(LocalexpError, KeyError):
    """No run has this id or prefix; ``run_id`` is what was asked for, ``close`` the ids most like it."""

    def __init__(self, run_id: str, close: list[str]) -> None:
        hint = f"; did you mean {', '.join(close)}?" if close else "; 'localexp runs' lists the runs"
        super().__init__(f"no run {run_id!r} in this workspace{hint}")
        self.run_id = run_id
        self.close = close

    def __reduce__(self) -> tuple[type[RunNotFound], tuple[str, list[str]]]:
        return type(self), (self.run_id, self.close)


class AmbiguousRun(LocalexpError, KeyError):
    """Several runs begin with this prefix; ``matches`` are their ids."""

    def __init__(self, prefix: str, matches: list[str]) -> None:
        super().__init__(f"{prefix!r} could be any of: {', '.join(matches)}; give more of the id")
        self.prefix = prefix
        self.matches = matches

    def __reduce__(self) -> tuple[type[AmbiguousRun], tuple[str, list[str]]]:
        return type(self), (self.prefix, self.matches)


class ExperimentExecutionException(LocalexpError, RuntimeError):
    """A submission cannot be carried out."""


class RunConfigurationException(UserErrorException):
    """A run configuration holds something that a local run cannot use."""


class SnapshotException(LocalexpError, OSError):
    """The source directory cannot be captured, or a captured file cannot be had back.

    ``details`` are lines that belong below the first, as a list of paths; ``message`` and the text have them too.
    """

    def __init__(self, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join([message, *details]))
        self.headline = message
        self.details = details

    def __reduce__(self) -> tuple[type[SnapshotException], tuple[str, tuple[str, ...]]]:
        return type(self), (self.headline, self.details)


class ActivityFailedException(LocalexpError, RuntimeError):
    """A run that was waited for has failed; ``error_details`` is its ``get_details()["error"]``."""

    def __init__(self, message: str, error_details: object = None) -> None:
        super().__init__(message)
        self.error_details = error_details


class RunEnvironmentException(LocalexpError, RuntimeError):
    """``Run.get_context(allow_offline=False)`` was called outside a submitted run."""

    def __init__(self) -> None:
        super().__init__(
            "this process is not a submitted run: start the script with 'localexp submit', "
            "or call Run.get_context() without allow_offline=False"
        )

    def __reduce__(self) -> tuple[type[RunEnvironmentException], tuple[()]]:
        return type(self), ()
