"""git: every state is a commit, in a repository that lies outside of the tree."""

from __future__ import annotations

import os
import subprocess
from functools import partial

from benchmarks.environment import variables
from benchmarks.keepers import Peer

_OPTIONS = ("-c", "gc.auto=0", "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
# By default git does not sync loose objects, which is what files become here; a snapshot of localexp is on the disk.
_SYNCED = ("-c", "core.fsync=committed")


class Repository:
    """A new repository, with the settings that git has by itself and not those of whoever measures."""

    def __init__(self, folder: str, tree: str, options: tuple[str, ...] = ()) -> None:
        self._command = ["git", *_OPTIONS, *options, f"--git-dir={folder}", f"--work-tree={tree}"]
        self._tree = tree
        self._variables = variables(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
        self._git("init", "--quiet")

    def keep(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=state")

    def write(self, target: str) -> None:
        self._git("checkout-index", "--all", f"--prefix={target}/")

    def close(self) -> None:
        pass

    def _git(self, *arguments: str) -> None:
        subprocess.run([*self._command, *arguments], cwd=self._tree, env=self._variables, check=True)


GIT = Peer("git", "git", "git add -A && git commit", "git checkout-index --all", Repository)
SYNCED_GIT = Peer(
    "git, synced",
    "git",
    "git add -A && git commit with core.fsync=committed, which has all of it on the disk",
    "git checkout-index --all",
    partial(Repository, options=_SYNCED),
)
