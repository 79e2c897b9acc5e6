"""Every exception that localexp raises on purpose.

Names are Azure ML's where it has one. Each also inherits the builtin that a caller would have caught anyway, and
its message says what to do next.
"""

from __future__ import annotations


class LocalexpError(Exception):
    """The base of every error here; ``message`` is its text.

    :param exception_message: the text.
    :param inner_exception: what has led to it, kept as the property of this name.
    :param kwargs: accepted as by Azure ML, without effect.
    """

    def __init__(
        self, exception_message: str, *, inner_exception: BaseException | None = None, **kwargs: object
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self._inner_exception = inner_exception

    @property
    def inner_exception(self) -> BaseException | None:
        """What it was given as having led to it; None for what localexp itself raises, where it is the cause."""
        return self._inner_exception

    def __str__(self) -> str:
        return self.message


class UserErrorException(LocalexpError, ValueError):
    """A value that was given cannot be used."""


class AbsentName(UserErrorException, AttributeError):
    """Azure ML's class has this attribute, and ours has not; the message says why, and what to use instead."""


class AbsentImport(LocalexpError, ImportError):
    """Azure ML's module has this name, and ours has not; the message says why, and what to use instead."""


class FilterSyntaxError(UserErrorException):
    """A filter, or an order, of a search for runs cannot be read; ``column`` is where in ``filter``, from 0.

    ``headline`` says why; ``details`` are the lines below it, the filter and a caret under what is wrong, which the
    text has too. Of a long filter they show what is around. ``unknown`` is what stands there as a column and is none,
    None if something else is wrong.
    """

    def __init__(
        self, reason: str, filter: str = "", column: int = 0, unknown: str | None = None, **kwargs: object
    ) -> None:
        self.headline = reason
        self.filter = filter
        self.column = column
        self.unknown = unknown
        self.details: tuple[str, ...] = _pointed_at(filter, column) if filter else ()
        super().__init__("\n".join([reason, *self.details]))

    def __reduce__(self) -> tuple[type[FilterSyntaxError], tuple[str, str, int, str | None]]:
        return type(self), (self.headline, self.filter, self.column, self.unknown)


# So that both lines fit a terminal of 80 columns, or a caret would be below another line.
_AROUND = 38


def _pointed_at(text: str, column: int) -> tuple[str, str]:
    """A line of a text that may be long, and one with a caret below a place in it."""
    import unicodedata

    start = max(0, column - _AROUND)
    # One character stays one, or the caret would not be below it.
    line = "".join(one if one.isprintable() else " " for one in text[start : column + _AROUND])
    line = f"{'…' if start else ''}{line}{'…' if len(text) > column + _AROUND else ''}"
    before = line[: column - start + bool(start)]
    widths = (2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in before)
    return line, " " * sum(widths) + "^"


class WorkspaceException(LocalexpError, OSError):
    """A workspace cannot be created or opened where it was asked for."""


class OutsideWorkspaceError(WorkspaceException):
    """A test was about to use a workspace outside the temporary folder of its pytest session.

    ``path`` is the folder of the workspace, ``place`` the line that asked for it.
    """

    def __init__(self, exception_message: str, path: str = "", place: str = "", **kwargs: object) -> None:
        super().__init__(exception_message)
        self.path = path
        self.place = place


class StoreError(WorkspaceException):
    """The database of a workspace is damaged, unreadable or not one of ours."""


class DamagedStoreError(StoreError):
    """A file of the store holds something that is no database, or is damaged."""


class FullDiskError(StoreError):
    """There is no room for what was to be written."""


class ReplacedStoreError(StoreError):
    """The workspace was moved or deleted while it was in use, and another may be in its place."""


class NewerStoreError(StoreError):
    """The workspace was written by a newer localexp, which this one must not touch."""


class SqlError(UserErrorException):
    """A query in SQL cannot be carried out."""


class SqlRefusedError(SqlError):
    """A query in SQL would do more than read."""


class SqlTimeoutError(SqlError, TimeoutError):
    """A query in SQL takes longer than it was given."""


class ServiceException(LocalexpError):
    """The workspace does not have what was asked for; ``status_code`` is what a service would answer."""

    status_code = 404


class RunNotFound(ServiceException, KeyError):
    """No run has this id or prefix; ``run_id`` is what was asked for, ``close`` the ids most like it."""

    def __init__(self, run_id: str, close: list[str]) -> None:
        hint = f"; did you mean {', '.join(close)}?" if close else "; 'localexp runs' lists the runs"
        super().__init__(f"no run {run_id!r} in this workspace{hint}")
        self.run_id = run_id
        self.close = close

    def __reduce__(self) -> tuple[type[RunNotFound], tuple[str, list[str]]]:
        return type(self), (self.run_id, self.close)


class AmbiguousRun(ServiceException, KeyError):
    """Several runs begin with this prefix; ``matches`` are their ids, or some of them if ``has_more``."""

    def __init__(self, prefix: str, matches: list[str], has_more: bool = False) -> None:
        more = ", and more" if has_more else ""
        super().__init__(f"{prefix!r} could be any of: {', '.join(matches)}{more}; give more of the id")
        self.prefix = prefix
        self.matches = matches
        self.has_more = has_more

    def __reduce__(self) -> tuple[type[AmbiguousRun], tuple[str, list[str], bool]]:
        return type(self), (self.prefix, self.matches, self.has_more)


class ExperimentExecutionException(LocalexpError, RuntimeError):
    """A submission cannot be carried out."""


class ScriptNotFound(ExperimentExecutionException, UserErrorException):
    """The script that was submitted is not in the source directory, or not in its snapshot."""


class RunConfigurationException(UserErrorException):
    """A run configuration holds something that a local run cannot use."""


class IllegalTransition(LocalexpError, RuntimeError):
    """A run was to go to a state to which none goes from the one that it is in."""

    def __init__(self, status: str, wanted: str) -> None:
        super().__init__(
            f"a run does not go from {status} to {wanted}; this is a mistake in localexp: please report how it came up"
        )


class SnapshotException(LocalexpError, OSError):
    """The source directory cannot be captured, or a captured file cannot be had back.

    ``details`` are lines that belong below the first, as a list of paths; ``message`` and the text have them too.
    """

    def __init__(
        self,
        exception_message: str,
        details: tuple[str, ...] = (),
        *,
        inner_exception: BaseException | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__("\n".join([exception_message, *details]), inner_exception=inner_exception)
        self.headline = exception_message
        self.details = details

    def __reduce__(self) -> tuple[type[SnapshotException], tuple[str, tuple[str, ...]], dict[str, object]]:
        return type(self), (self.headline, self.details), vars(self)


class ActivityFailedException(LocalexpError, RuntimeError):
    """A run that was waited for has failed; ``error_details`` is its ``get_details()["error"]``."""

    def __init__(
        self,
        exception_message: str,
        error_details: object = None,
        *,
        inner_exception: BaseException | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(exception_message, inner_exception=inner_exception)
        self.error_details = error_details


class MissingExtraError(LocalexpError, ImportError):
    """What was called needs a package that is not installed, for it belongs to an extra."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}, which is not installed: pip install 'localexp[{extra}]'")
        self.name = package
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (str(self.name), self.extra)


class RunEnvironmentException(LocalexpError, RuntimeError):
    """``Run.get_context(allow_offline=False)`` was called outside a submitted run."""

    def __init__(self, *, inner_exception: BaseException | None = None, **kwargs: object) -> None:
        super().__init__(
            "this process is not a submitted run: start the script with 'localexp submit', "
            "or call Run.get_context() without allow_offline=False",
            inner_exception=inner_exception,
        )

    def __reduce__(self) -> tuple[type[RunEnvironmentException], tuple[()], dict[str, object]]:
        return type(self), (), vars(self)
