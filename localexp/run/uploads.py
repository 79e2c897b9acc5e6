"""Files that a caller gives to a run."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.run.artifact import Artifact, Uploaded
from localexp.run.core import RunCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from localexp.execution.uploads import Recorder

    Source = str | os.PathLike[str] | IO[bytes] | IO[str]


class UploadsOfRun(RunCore):
    """The part of ``Run`` that takes files."""

    def upload_file(self, name: str, path_or_stream: Source, datastore_name: str | None = None) -> Uploaded:
        """Keep a copy of a file with the run, whether or not the run has ended.

        The same bytes under the same name once more are fine; other bytes are an error, for a file of a run is never
        replaced. When the script has ended, what it left in ``./outputs`` under the same name is treated alike, but
        that other bytes are kept beside, with a warning on the run.

        :param name: its name, a relative path with ``/`` between its parts.
        :param path_or_stream: a path (Azure ML takes no ``pathlib.Path``), or an open stream, binary or text, of which
            the rest is read; text becomes UTF-8.
        :param datastore_name: taken for Azure ML's sake, and without effect.
        :returns: an object of which ``artifacts`` is a dictionary from the name to the ``Artifact``.
        :raises UserErrorException: the name cannot be one, another file has it, or the source cannot be read.
        :raises StoreError: the workspace cannot be written. Nothing half written stays behind.
        """
        return Uploaded(self._stored([name], [path_or_stream]))

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[Source],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> list[Artifact] | tuple[dict[str, Artifact], list[Artifact]]:
        """Keep copies of several files, as ``upload_file`` does of one.

        All names and paths are looked at before the first byte is stored; files that are stored when a later one
        fails stay.

        :param names: the names.
        :param paths: as many paths or streams.
        :param return_artifacts: return ``(dictionary from name to Artifact, list)`` instead of the list.
        :param timeout_seconds: taken for Azure ML's sake, and without effect, as is ``datastore_name``.
        :returns: a list of an ``Artifact`` for each name. (Azure ML's is lazy.)
        :raises TypeError: there are not as many paths as names.
        :raises UserErrorException: one of both is a text; or as of ``upload_file``.
        :raises StoreError: likewise.
        """
        for given in (names, paths):
            if isinstance(given, (str, bytes)):
                raise UserErrorException(f"upload_files takes lists of names and paths, not {given!r}; upload_file one")
        names, paths = list(names), list(paths)
        if len(names) != len(paths):
            raise TypeError(f"upload_files was given {len(names)} names and {len(paths)} paths; give a path for each")
        artifacts = self._stored(names, paths)
        listed = [artifacts[name] for name in map(_plain, names)]
        return (artifacts, listed) if return_artifacts else listed

    def upload_folder(self, name: str, path: str | os.PathLike[str], datastore_name: str | None = None) -> Uploaded:
        """Keep copies of all files of a folder and the folders in it, as ``upload_file`` does of one.

        All names are looked at before the first byte is stored. Empty folders leave nothing; ignore files are not
        asked; links to files are followed, those to folders and the folder of a workspace are left out.

        :param name: what comes before the path in the folder and a ``/``; ``"."`` for nothing.
        :param path: the folder. With a slash at its end it means the same. (Azure ML then drops the separator.)
        :param datastore_name: taken for Azure ML's sake, and without effect.
        :returns: an object of which ``artifacts`` is a dictionary from the names to an ``Artifact`` each.
        :raises UserErrorException: it is not a folder, or as of ``upload_file``.
        :raises StoreError: as of ``upload_file``.
        """
        self._check_store()
        from localexp.execution.sources import files_of_folder

        found = files_of_folder(name, path)
        return Uploaded(self._stored([name for name, _ in found], [file for _, file in found]))

    # Below the surface

    def _stored(self, names: Sequence[str], found: Sequence[Source]) -> dict[str, Artifact]:
        self._check_store()
        from localexp.execution import sources, uploads

        plain = [_plain(name) for name in names]
        for source in found:
            sources.check(source)
        with self._recorder() as record:
            stored = [uploads.store(self._layout, record, *one) for one in zip(plain, found, strict=True)]
        return {name: Artifact._of(self._layout, self.id, name) for name in stored}

    def _check_store(self) -> None:
        """Nothing but what reading the run would complain of; see ``SubmittedRun``."""

    def _recorder(self) -> Recorder:
        from localexp.execution.uploads import Recorder

        return Recorder(self._prepare_folder, self._writer, self._attached_writer)

    def _prepare_folder(self) -> None:
        """Have the folder of the run be there, unless the run has been deleted."""
        from localexp.execution.attaching import announce

        announce(self._workspace._store, self._known(), self._layout)


def _plain(name: object) -> str:
    from localexp.store.artifacts import checked_new_name

    return checked_new_name(name)
