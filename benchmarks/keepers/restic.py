"""restic: every state is a snapshot in a repository, encrypted, with restic's own settings."""

from __future__ import annotations

import os
import subprocess

from benchmarks.environment import variables
from benchmarks.keepers import Peer


class Repository:
    """A new repository, and a new cache beside it."""

    def __init__(self, folder: str, tree: str) -> None:
        self._tree = tree
        self._variables = variables(
            RESTIC_REPOSITORY=os.path.join(folder, "repository"),
            RESTIC_CACHE_DIR=os.path.join(folder, "cache"),
            RESTIC_PASSWORD="benchmark",
        )
        self._restic("init")

    def keep(self) -> None:
        self._restic("backup", ".")

    def write(self, target: str) -> None:
        self._restic("restore", "latest", "--target", target)

    def close(self) -> None:
        pass

    def _restic(self, *arguments: str) -> None:
        command = ["restic", "--quiet", *arguments]
        subprocess.run(command, cwd=self._tree, env=self._variables, check=True, stdout=subprocess.DEVNULL)


RESTIC = Peer("restic", "restic", "restic backup", "restic restore", Repository)
