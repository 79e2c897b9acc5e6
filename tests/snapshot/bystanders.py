"""Processes that take snapshots and lease trees beside others that do."""

from __future__ import annotations

from tests.processes import REPOSITORY, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from localexp import Workspace

# Takes snapshots and leases trees as it is told to, line by line, and says what came of it.
BYSTANDER = """
import sys
from localexp import Workspace
from tests.snapshot import leases, trees
workspace = Workspace(sys.argv[1])
for line in sys.stdin:
    folder, *wanted = line.split()
    if wanted:
        lease = leases.leased(workspace, wanted[0], folder)
        found = leases.without_bytecode(trees.read(lease.root))
        leases.give_back(workspace, lease)
        print(leases.fingerprint(found), flush=True)
    else:
        print(trees.taken(workspace, folder).id, flush=True)
"""


class Bystander:
    """A process that works beside those that are killed."""

    def __init__(self, workspace: Workspace) -> None:
        self._process = python(BYSTANDER, workspace.path, PYTHONPATH=str(REPOSITORY))

    def ask(self, folder: Path, *wanted: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(" ".join([str(folder), *wanted]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self._process.communicate()[1]
        return line.strip()

    def leave(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0
