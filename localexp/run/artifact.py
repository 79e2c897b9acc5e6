"""Artifact: a file of a run."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.store.artifacts import reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout


class Artifact:
    """A file that has been given to a run. It can be opened like a path.

    ``name``, which is also ``path``, is its name as in ``get_file_names``, and ``filename`` the last part of it.
    ``data_location`` refers to it as ``get_metrics`` does: ``aml://artifactId/ExperimentRun/dcid.<run id>/<name>``.
    """

    def __init__(self, run_id: str, name: str, location: str) -> None:
        self.name = name
        self.path = name
        self.filename = name.rpartition("/")[2]
        self.data_location = reference(run_id, name)
        self._location = location

    @classmethod
    def _of(cls, layout: RunLayout, run_id: str, name: str) -> Artifact:
        return cls(run_id, name, layout.artifact(name))

    def __repr__(self) -> str:
        return f"Artifact({self.data_location!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Artifact) and other.data_location == self.data_location

    def __hash__(self) -> int:
        return hash(self.data_location)

    def __fspath__(self) -> str:
        """Where it lies: to be read, never to be written."""
        return self._location

    @property
    def data(self) -> bytes:
        """Its bytes.

        :raises UserErrorException: it has been deleted meanwhile, or cannot be read.
        """
        try:
            with open(self._location, "rb") as file:
                return file.read()
        except OSError as error:
            raise UserErrorException(f"the file {self.name!r} of the run cannot be read: {error}") from error


class Uploaded:
    """What ``upload_file`` and ``upload_folder`` return: ``artifacts`` are the files by name."""

    def __init__(self, artifacts: dict[str, Artifact]) -> None:
        self.artifacts = artifacts

    def __repr__(self) -> str:
        return f"Uploaded({list(self.artifacts)!r})"
