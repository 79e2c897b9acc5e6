"""A command line to try next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys


def suggested_command(argv: list[str], path: str) -> str:
    """The command line of this ``localexp submit`` for a shell, with an input more.

    :param argv: the arguments of this process, with what was started in front.
    """
    at = argv.index("submit") + 1
    return shlex.join([*_program(argv[0]), *argv[1:at], "--input", path, *argv[at:]])


def _program(started: str) -> list[str]:
    if os.path.basename(started) == "__main__.py":
        return [sys.executable, "-m", "localexp"]
    name = os.path.basename(started)
    on_path = shutil.which(name)
    return [name if on_path is not None and os.path.realpath(on_path) == os.path.realpath(started) else started]
