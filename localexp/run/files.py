"""The files of a run, and its snapshot."""

from __future__ import annotations

import os
from warnings import warn

from localexp.errors import SnapshotException
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localexp.snapshot.view import Snapshot


class FilesOfRun(RunCore):
    """The part of ``Run`` that is about files."""

    def get_file_names(self) -> list[str]:
        """The names of its files: logs, and what the script wrote; of a running script, what is there by now."""
        from localexp.execution import files

        return list(files.by_name(self._workspace._store, self._current()))

    def download_file(
        self, name: str, output_file_path: str | os.PathLike[str] | None = None, _validate_checksum: bool = False
    ) -> None:
        """Copy a file of the run. What is in its place is replaced at once, when the copy is whole.

        :param name: its name as in ``get_file_names``.
        :param output_file_path: a path, or a directory, which is meant if it is there or the path ends with a slash;
            by default the working directory. Directories above are made.
        :param _validate_checksum: also see whether its bytes are those that were recorded.
        :raises UserErrorException: the run has no such file, or it cannot be written there.
        :raises StoreError: the bytes are not those that were recorded.
        """
        from localexp.execution import files

        target = None if output_file_path is None else os.fspath(output_file_path)
        files.download(self._workspace._store, self._current(), name, target, _validate_checksum)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | os.PathLike[str] | None = None,
        output_paths: Sequence[str | os.PathLike[str]] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> None:
        """Copy all files of the run whose names begin with a text, each to its name below a directory.

        :param prefix: what the names begin with; by default all files are copied.
        :param output_directory: by default the working directory; made if it is not there.
        :param output_paths: other paths below that directory, in the order of ``get_file_names``. If there are not as
            many as files, or one is there twice, they are ignored with a warning.
        :param batch_size: taken for Azure ML's sake, and without effect, as is ``timeout_seconds``.
        :param append_prefix: False leaves out the folders that the prefix stands for; of effect only with
            ``output_directory`` and without ``output_paths``.
        :raises UserErrorException: no name begins with the prefix, or a file cannot be written.
        """
        from localexp.execution import files

        store, record = self._workspace._store, self._current()
        names = files.beginning_with(store, record, prefix or "")
        paths = names
        if output_paths is not None and _are_usable(output_paths, names):
            paths = [os.fspath(path) for path in output_paths]
        elif output_directory is not None and not append_prefix:
            paths = files.without_prefix(names, prefix or "")
        files.download_all(store, record, names, [os.path.join(output_directory or "", path) for path in paths])

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot of the run's source, None if it has none."""
        from localexp.snapshot.view import Snapshot

        identifier = self.get_snapshot_id()
        return None if identifier is None else Snapshot._of(self._workspace._store, identifier)

    def get_snapshot_id(self) -> str | None:
        """The id of the snapshot of the run's source, None if it has none."""
        from localexp.store import tags

        record = self._current()
        with self._workspace._store.main.reading() as db:
            return tags.property_of_run(db, record.key, "ContentSnapshotId")

    def take_snapshot(
        self,
        file_or_folder_path: str | os.PathLike[str],
        *,
        ignore_parents: bool = False,
        max_bytes: int | None = None,
        max_files: int | None = None,
        force: bool = False,
    ) -> str:
        """Capture a directory, or a single file, as the source of this run, and return the id of the snapshot.

        :param file_or_folder_path: what to capture, without what its ignore files leave out.
        :param ignore_parents: read the ignore files above it too, up to the top of the repository.
        :param max_bytes: the most bytes that it may hold; by default the workspace's setting.
        :param max_files: the most files, likewise.
        :param force: capture a home directory or the top of a file system too.
        :raises SnapshotException: the run has a snapshot already, or this one cannot be taken.
        """
        from localexp.execution.snapshots import take_for_run
        from localexp.snapshot.take import Options

        options = Options(max_bytes=max_bytes, max_files=max_files, ignore_parents=ignore_parents, force=force)
        path = os.path.abspath(file_or_folder_path)
        identifier, said = take_for_run(self._workspace._store, self._current(), path, options)
        for message in said:
            warn(message, UserWarning, stacklevel=2)
        return identifier

    def restore_snapshot(
        self, snapshot_id: str | None = None, path: str | os.PathLike[str] | None = None, *, unpack: bool = False
    ) -> str:
        """Have a snapshot back, as ``<snapshot_id>.zip``, and return its absolute path.

        :param snapshot_id: by default that of this run.
        :param path: the directory for the zip file, or the one to unpack into; by default one for temporary files.
        :param unpack: write the files themselves into ``path``, which must not hold others in their place. (Azure ML
            has only the zip file.)
        :raises SnapshotException: the run has no snapshot, or it is damaged, or files are in its way.
        """
        from localexp.execution.snapshots import restored

        found = self.snapshot if snapshot_id is None else self._workspace.get_snapshot(snapshot_id)
        if found is None:
            raise SnapshotException(f"run {self.id} has no snapshot; take_snapshot() gives it one")
        target = None if path is None else os.path.abspath(path)
        return restored(self._workspace._store, found.id, target, unpack)


def _are_usable(paths: Sequence[str | os.PathLike[str]], names: list[str]) -> bool:
    is_one_each = len({os.path.abspath(path) for path in paths}) == len(paths) == len(names)
    if not is_one_each:
        message = f"output_paths has {len(paths)} paths, not {len(names)} different ones: it is ignored"
        warn(message, UserWarning, stacklevel=3)
    return is_one_each
