"""Databases that may only be read: what says so, when one has changed, and copies of those that cannot be read so."""

from __future__ import annotations

import os
import sqlite3
import weakref

Stamp = tuple[int, int, int, int]


class TemporaryCopy:
    """A private copy of a database, removed with the object or the process that made it."""

    def __init__(self) -> None:
        import tempfile

        folder = tempfile.mkdtemp(prefix="localexp-")
        self.path = os.path.join(folder, "copy.db")
        self._remove = weakref.finalize(self, _remove_folder, folder, os.getpid())

    def fill_from(self, connection: sqlite3.Connection) -> None:
        target = sqlite3.connect(self.path)
        connection.backup(target)
        target.close()

    def fill_from_files(self, path: str) -> None:
        import shutil

        shutil.copyfile(path, self.path)
        if os.path.exists(path + "-wal"):
            shutil.copyfile(path + "-wal", self.path + "-wal")


def _remove_folder(folder: str, pid: int) -> None:
    import shutil

    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def may_write(path: str) -> bool:
    # In this order: another process may make it between the two.
    return not os.path.lexists(path) or os.access(path, os.W_OK)


def is_on_read_only_media(path: str) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def stamp_of(path: str) -> Stamp:
    """What changes when somebody writes to a database."""
    return (*_size_and_time(path), *_size_and_time(path + "-wal"))


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def has_bytes(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def address(path: str) -> str:
    from urllib.parse import quote

    return "file:" + quote(path.replace(os.sep, "/"))
