"""The run of a script that is no run: it prints what would have been logged."""

from __future__ import annotations

from localexp.store.identifiers import uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class OfflineRun:
    """What ``Run.get_context()`` gives outside a run. Nothing is stored; values are not checked.

    Unlike Azure ML's, ``log`` takes a ``step``.
    """

    def __init__(self) -> None:
        self.id = f"OfflineRun_{uuid()}"

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self.id})"

    def __enter__(self) -> OfflineRun:
        print(f"[START] Run {self.id} context")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        print(f"[STOP] Run {self.id} context")

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Print one value of a metric."""
        at = "" if step is None else f" at step {step}"
        print(f"Attempted to log scalar metric {name}{at}:\n{value}")

    def tag(self, key: str, value: str | None = None) -> None:
        """Print a tag."""
        print(f"Attempted to add tag {key} with value {value}")

    def flush(self, timeout_seconds: int = 300) -> None:
        """Do nothing: nothing waits."""

    def complete(self) -> None:
        """Do nothing."""

    def fail(self, error_details: object = None, error_code: str | None = None) -> None:
        """Print the error."""
        print(f"Attempted to fail the run: {error_details}")
