"""Where measured processes live: their environment variables, their working folder, and the machine itself."""

from __future__ import annotations

import atexit
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# With the first every import would compile anew; the others would make the processes part of some run.
_UNWANTED = ("PYTHONDONTWRITEBYTECODE", "LOCALEXP_")


def variables(**more: str) -> dict[str, str]:
    """The environment variables of a measured process."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(_UNWANTED)}, **more}


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A folder that is removed when the block is left."""
    with tempfile.TemporaryDirectory(prefix="localexp-benchmark-", ignore_cleanup_errors=True) as folder:
        yield folder


def lasting_folder() -> str:
    """A folder that is removed when this process ends: for minutes after thousands of files have been removed, ext4
    makes new ones many times more slowly, which what is measured next would pay for.
    """
    folder = tempfile.mkdtemp(prefix="localexp-benchmark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def commit() -> str | None:
    """The commit of what is measured, with ``-dirty`` where files differ; None outside a repository."""
    command = ["git", "--no-optional-locks", "-C", REPOSITORY, "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def machine() -> dict[str, object]:
    """What figures depend on, the load of the last minute among it."""
    return {
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "executable": sys.executable,
    }
