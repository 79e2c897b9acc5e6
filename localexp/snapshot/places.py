"""Places of which no snapshot is taken unless that is really meant."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store


def check(store: Store, source: str, force: bool) -> None:
    """Refuse what cannot be meant as a source directory; a script in its checkout may well capture that.

    :raises SnapshotException: it is not there, in the store, or a home directory or the top of a file system.
    """
    if not os.path.lexists(source):
        raise SnapshotException(f"{source} does not exist; give the folder that holds the source")
    real = os.path.realpath(source)
    root = os.path.realpath(store.layout.root)
    if _is_in(real, root) and not _is_in_a_checkout(store, real):
        raise SnapshotException(
            f"{source} lies in the store of localexp; capture the folder in which you work, and copy what you need "
            "from the store to there"
        )
    if not force and (real == os.path.dirname(real) or real == os.path.realpath(os.path.expanduser("~"))):
        what = "the top of the file system" if real == os.path.dirname(real) else "the home directory"
        raise SnapshotException(
            f"{source} is {what}, and not captured as a source directory by mistake; name the folder of the project, "
            "or pass force=True (--force) if you mean it"
        )


def check_target(store: Store, target: str) -> None:
    """Refuse to write a snapshot where none can be meant to go.

    :raises SnapshotException: the place has no name, or is in the store.
    """
    if not target:
        raise SnapshotException("the directory to write into has no name; give one")
    real = os.path.realpath(target)
    if _is_in(real, os.path.realpath(store.layout.root)) and not _is_in_a_checkout(store, real):
        raise SnapshotException(f"{target} lies in the store of localexp; restore into a directory outside of it")


def _is_in_a_checkout(store: Store, path: str) -> bool:
    return path.startswith(os.path.realpath(store.layout.checkouts) + os.sep)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
