"""Where a workspace is: in a folder that is named, or around one."""

from __future__ import annotations

import os

from localexp import observing
from localexp.errors import UserErrorException
from localexp.store.layout import STORE_FOLDER
from localexp.store.store import Store

WORKSPACE_VARIABLE = "LOCALEXP_WORKSPACE"


def root_in(path: str | os.PathLike[str]) -> str:
    """The store that is, or would be, in a folder; that of a store itself is accepted too."""
    folder = os.path.abspath(path)
    return folder if os.path.basename(folder) == STORE_FOLDER else os.path.join(folder, STORE_FOLDER)


def named_or_around(path: str | os.PathLike[str] | None) -> str:
    """The folder of the workspace around a path; without one that which the environment names, else around here.

    :raises UserErrorException: there is none.
    """
    named = os.environ.get(WORKSPACE_VARIABLE) if path is None else None
    return _named_folder(named) if named else _folder_around(os.path.abspath(path or "."))


def found_root(path: str | None) -> str:
    """The ``.localexp`` folder of the workspace in a folder, by default of the one that ``from_config`` would open.

    It is not opened: it may be damaged.

    :raises UserErrorException: there is none.
    """
    if path is None:
        return root_in(named_or_around(None))
    if not Store(root_in(path)).exists():
        raise UserErrorException(f"there is no workspace in {path!r}; run 'localexp init {path}', or name another")
    return root_in(path)


def _named_folder(named: str) -> str:
    if not Store(root_in(named)).exists():
        raise UserErrorException(
            f"{WORKSPACE_VARIABLE} is {named!r}, where there is no workspace; "
            f"run 'localexp init {named}', or unset the variable"
        )
    return named


def _folder_around(start: str) -> str:
    folder = start
    while not Store(root_in(folder)).exists():
        parent = os.path.dirname(folder)
        if parent == folder:
            raise UserErrorException(f"there is no workspace in {start} or any folder above it; {_way_to_one()}")
        folder = parent
    return folder


def _way_to_one() -> str:
    if observing.innermost() is not None or observing.FENCE in os.environ:
        # A test session would refuse the one that is made here.
        return "use the fixture localexp_workspace, which has the test and what it starts find one"
    return "run 'localexp init' to create one"
