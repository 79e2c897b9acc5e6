"""Those who keep the states of a tree of files: localexp and peers, each with the same few functions."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Keeper(Protocol):
    """Keeps states of one tree."""

    def keep(self) -> None:
        """Keep the tree as it is now."""

    def write(self, target: str) -> None:
        """Write what was kept last into the folder ``target``, which is not there yet."""

    def close(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True)
class Peer:
    """A program to compare with: ``start(folder, tree)`` makes it ready to keep ``tree`` in the new ``folder``.

    ``keeps`` and ``writes`` say what it does for that.
    """

    name: str
    program: str
    keeps: str
    writes: str
    start: Callable[[str, str], Keeper]

    @property
    def is_installed(self) -> bool:
        return shutil.which(self.program) is not None

    def version(self) -> str:
        """Its version as it words it; empty where a program has none to speak of."""
        done = subprocess.run([self.program, "version"], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""
