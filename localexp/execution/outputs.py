"""The output folder of an interactive run: known from its beginning, copied to its artifacts at its end."""

from __future__ import annotations

import os
from warnings import warn

from localexp.errors import UserErrorException
from localexp.execution.here import absolute, current
from localexp.store.artifacts import from_here
from localexp.store.layout import STORE_FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import RunLayout

_DEFAULT = "outputs"
_NAMED = 3


class OutputFolder:
    """``path`` is absolute, ``name`` what stands before the names of its files; ``was_asked_for`` by the user."""

    def __init__(self, path: str, name: str, was_asked_for: bool) -> None:
        self.path = path
        self.name = name
        self.was_asked_for = was_asked_for

    def exists(self) -> bool:
        return os.path.isdir(self.path)

    def make(self) -> None:
        """Make the folder if the user has asked for it.

        :raises UserErrorException: it cannot be made.
        """
        if not self.was_asked_for:
            return
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise UserErrorException(
                f"cannot make the output folder {self.path}: {error.strerror}; name another, or outputs=False for none"
            ) from error


def chosen(outputs: object) -> OutputFolder | None:
    """What the parameter ``outputs`` of ``start_logging`` means here and now.

    :raises UserErrorException: it means nothing, or refers to a current directory that was removed.
    """
    if outputs is False:
        return None
    if outputs is None or outputs == "":
        return _default()
    if outputs is True:
        return OutputFolder(absolute(_DEFAULT), _DEFAULT, was_asked_for=True)
    if not isinstance(outputs, str | os.PathLike):
        raise UserErrorException(f"outputs is the path of a folder, True, False or None, not {outputs!r}")
    path = absolute(os.fsdecode(os.path.expanduser(outputs)))
    return OutputFolder(path, from_here(path, current()), was_asked_for=True)


def _default() -> OutputFolder | None:
    if current() is None:
        # Of who has called what has called this.
        warn("no outputs are kept with the run: the current directory has been removed", UserWarning, stacklevel=4)
        return None
    return OutputFolder(absolute(_DEFAULT), _DEFAULT, was_asked_for=False)


def keep_copies(layout: RunLayout, folder: OutputFolder, writer: JournalWriter) -> None:
    """Copy what is in the folder by now to the run's artifacts, and record it; what cannot be kept is warned of."""
    from localexp.execution.capture import capture_copy

    if os.path.islink(folder.path) and not folder.was_asked_for:
        message = f"{folder.name} is a link, to {os.readlink(folder.path)}: what is there is not kept with the run"
        writer.say(warning=message, source="capture")
        return
    root, problems = os.fsencode(folder.path), []
    for path in _paths(root):
        name = os.path.normpath(os.path.join(os.fsencode(folder.name), path))
        try:
            capture_copy(layout, root, path, name, writer)
        except OSError as error:
            problems.append(f"{os.fsdecode(path)}: {error.strerror or error}")
    if problems:
        more = f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        message = f"files of {folder.path} could not be kept with the run: {'; '.join(problems[:_NAMED])}{more}"
        writer.say(warning=message, source="capture")


def _paths(root: bytes) -> Iterator[bytes]:
    """What is in a folder and is no folder itself, as paths from there, in order. A store in it is none of it."""
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = sorted(name for name in folders if name not in links and name != STORE_FOLDER.encode())
        for name in sorted([*names, *links]):
            yield os.path.relpath(os.path.join(folder, name), root)
