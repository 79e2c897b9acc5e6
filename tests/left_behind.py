"""Which processes of runs still live, and the assertion that the tests of a session leave none."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A supervisor ends its run a moment before it ends itself.
GRACE_SECONDS = 10.0
_GLANCE_SECONDS = 0.01


class Process:
    """A living process, as the system shows it."""

    def __init__(self, pid: int, command: list[str], variables: dict[str, str], folder: str) -> None:
        self.pid = pid
        self.command = command
        self.variables = variables
        self.folder = folder

    def __str__(self) -> str:
        run = self.variables.get("LOCALEXP_RUN_ID", "none in its environment")
        return f"process {self.pid} in {self.folder}, run {run}: {' '.join(self.command)}"

    def is_of_workspace_below(self, folder: str) -> bool:
        """Whether it carries a run of such a workspace, or is at work in its store as supervisors and scripts are."""
        workspace = self.variables.get("LOCALEXP_WORKSPACE", "") if "LOCALEXP_RUN_ID" in self.variables else ""
        place = f"{self.folder}/".partition("/.localexp/")
        return _lies_in(workspace, folder) or (bool(place[1]) and _lies_in(place[0], folder))

    def is_of_run(self, run_id: str) -> bool:
        """Whether it carries the run, or supervises it."""
        return self.variables.get("LOCALEXP_RUN_ID") == run_id or run_id in self.command


def processes() -> Iterator[Process]:
    """All but this one, where the system shows them; those that nobody has collected yet are none."""
    for name in os.listdir("/proc") if sys.platform == "linux" else []:
        if name.isdigit() and int(name) != os.getpid():
            place = Path("/proc", name)
            try:
                command = os.fsdecode((place / "cmdline").read_bytes()).split("\0")[:-1]
                variables = os.fsdecode((place / "environ").read_bytes()).split("\0")[:-1]
                folder = os.readlink(place / "cwd")
            except OSError:
                # Ended since it was listed, or another user's.
                continue
            yield Process(
                int(name), command, dict(variable.split("=", 1) for variable in variables if "=" in variable), folder
            )


def of_workspaces_below(folder: str | Path) -> list[Process]:
    """Processes of the runs of all workspaces at or below a folder; those that are ending get some time for it."""
    top = os.path.realpath(folder)
    deadline = time.monotonic() + GRACE_SECONDS
    while (found := [one for one in processes() if one.is_of_workspace_below(top)]) and time.monotonic() < deadline:
        time.sleep(_GLANCE_SECONDS)
    return found


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test of a session, or of one worker of it, no process of any of its runs lives."""
    yield
    left = of_workspaces_below(tmp_path_factory.getbasetemp())
    assert not left, "\n".join(["processes of runs outlived the tests:", *map(str, left)])


def _lies_in(path: str, folder: str) -> bool:
    return f"{os.path.realpath(path)}/".startswith(f"{folder}/") if path else False
