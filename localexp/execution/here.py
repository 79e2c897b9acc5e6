"""The current directory, which may have been removed."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException


def current() -> str | None:
    """Where this process is; None if that was removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def absolute(path: str) -> str:
    """The whole of a path.

    :raises UserErrorException: it is relative to a directory that was removed.
    """
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        raise UserErrorException(
            f"the path {path!r} refers to the current directory, which has been removed; give a whole path"
        ) from None
