"""``cp -r``: every state is a copy of the whole tree."""

from __future__ import annotations

import os
import subprocess

from benchmarks.keepers import Peer


class Copies:
    """A folder of copies. What they write is the tree as it is now, as nothing but a copy of a copy would differ."""

    def __init__(self, folder: str, tree: str) -> None:
        os.makedirs(folder)
        self._folder = folder
        self._tree = tree
        self._count = 0

    def keep(self) -> None:
        self._count += 1
        self.write(os.path.join(self._folder, str(self._count)))

    def write(self, target: str) -> None:
        subprocess.run(["cp", "-r", self._tree, target], check=True)

    def close(self) -> None:
        pass


COPIES = Peer("cp -r", "cp", "cp -r of the tree", "cp -r of the tree", Copies)
