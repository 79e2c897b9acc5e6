"""The run of a script that is no run: it prints what would have been logged."""

from __future__ import annotations

from localexp.store.identifiers import of_offline_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


class OfflineRun:
    """What ``Run.get_context()`` gives outside a run. Nothing is stored; values are not checked.

    It is no ``Run``, and has only what Azure ML's has: scripts ask ``run.id.startswith("OfflineRun")`` or
    ``hasattr(run, "experiment")``. Unlike Azure ML's, ``log`` takes a ``step``, and ``flush`` a timeout.

    :param parent_logger: has no effect.
    :param run_id: by default ``OfflineRun_`` and a UUID.
    """

    def __init__(self, parent_logger: object = None, run_id: str | None = None, **kwargs: object) -> None:
        self._id = run_id or f"OfflineRun_{of_offline_run()}"

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self.id})"

    @property
    def id(self) -> str:
        """``OfflineRun_`` and a UUID."""
        return self._id

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

    def log_metric(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """As ``log``."""
        self.log(name, value, description, step)

    def log_list(self, name: str, value: object, description: str = "") -> None:
        """Print a list."""
        _print_metric("list", name, value)

    def log_table(self, name: str, value: object, description: str = "") -> None:
        """Print a table."""
        _print_metric("table", name, value)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Print a row."""
        _print_metric("row", name, kwargs)

    def log_image(self, name: str, path: object = None, plot: object = None, description: str = "") -> None:
        """Print where an image is, or what plots it."""
        _print_metric("image", name, plot if path is None else path)

    def log_residuals(self, name: str, value: object, description: str | None = None) -> None:
        """Print residuals."""
        _print_metric("residuals", name, value)

    def log_predictions(self, name: str, value: object, description: str | None = None) -> None:
        """Print predictions."""
        _print_metric("predictions", name, value)

    def log_accuracy_table(self, name: str, value: object, description: str | None = None) -> None:
        """Print an accuracy table."""
        _print_metric("accuracy table", name, value)

    def log_confusion_matrix(self, name: str, value: object, description: str | None = None) -> None:
        """Print a confusion matrix."""
        _print_metric("confusion matrix", name, value)

    def tag(self, name: str, value: object = None) -> None:
        """Print a tag."""
        print(f"Attempted to add tag {name} with value {value}")

    def set_tags(self, tags: Mapping[str, object] | None) -> None:
        """Print tags."""
        for name, value in (tags or {}).items():
            self.tag(name, value)

    def log_param(self, name: str, value: object) -> None:
        """Print a param."""
        print(f"Attempted to log param {name}:\n{value}")

    def log_params(self, params: Mapping[str, object] | None) -> None:
        """Print params."""
        for name, value in (params or {}).items():
            self.log_param(name, value)

    def add_properties(self, properties: Mapping[str, object] | None) -> None:
        """Print properties."""
        for name, value in (properties or {}).items():
            print(f"Attempted to add property {name} with value {value}")

    def upload_file(self, name: str, path_or_stream: object, datastore_name: str | None = None) -> None:
        """Print where a file is."""
        print(f"Attempted to track file {name} at {path_or_stream}")

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[object],
        return_artifacts: bool = False,
        timeout_seconds: int | None = None,
        datastore_name: str | None = None,
    ) -> None:
        """Print where files are."""
        for name, path in zip(names, paths, strict=False):
            self.upload_file(name, path)

    def upload_folder(self, name: str, path: object, datastore_name: str | None = None) -> None:
        """Print where a folder is."""
        print(f"Attempted to track folder {name} at {path}")

    def child_run(self, name: str | None = None, run_id: str | None = None, outputs: object = None) -> OfflineRun:
        """A run that prints, too; its id is this one's, a dot, and the name or a UUID."""
        return OfflineRun(run_id=run_id or f"{self.id}.{name or of_offline_run()}")

    def flush(self, timeout_seconds: int = 300) -> None:
        """Do nothing: nothing waits."""

    def complete(self) -> None:
        """Do nothing."""

    def fail(self, error_details: object = None, error_code: str | None = None) -> None:
        """Print the error."""
        print(f"Attempted to fail the run: {error_details}")

    def cancel(self) -> None:
        """Do nothing."""


def _print_metric(kind: str, name: str, value: object) -> None:
    print(f"Attempted to log {kind} metric {name}:\n{value}")
