"""End what a run has started."""

from __future__ import annotations

import os
import signal
import sys
import time

from localexp.store.owners import Owner, process, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HAS_SESSIONS = os.name != "nt"
# On Windows: no console, and Ctrl-C of the parent's is not the child's.
DETACHED = 0 if HAS_SESSIONS else 0x00000008 | 0x00000200

_PATIENCE_SECONDS = 5.0


def kill_group(leader: Owner) -> None:
    """Kill the group that a process leads, if it still lives; without its leader nobody can tell whose a group is."""
    if leader.is_alive():
        kill_own_group(leader.pid)


def terminate_group(leader: Owner) -> None:
    """Ask the group that a process of this machine leads to end; who does not is for the supervisor to kill."""
    here = this_process()
    if sys.platform == "win32" or (leader.boot, leader.namespace) != (here.boot, here.namespace):
        return
    if leader.is_alive():
        try:
            os.killpg(leader.pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            # Ended since; or what is left of it belongs to another user.
            return


def kill_own_group(pid: int) -> None:
    """Kill every process of the group that a child of ours leads, or led until just now; wait until they are gone."""
    if sys.platform == "win32":
        import subprocess

        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Gone; or what is left of it belongs to another user.
        return
    _wait_until(lambda: not any(_living_members(pid)))


def kill_marked(variable: str, value: str) -> None:
    """Kill the processes that carry an environment variable with this value, where the system shows it."""
    for pid in list(_marked(f"{variable}={value}".encode())):
        marked = process(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
        _wait_until_dead(marked)


def _marked(assignment: bytes) -> Iterator[int]:
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if assignment in file.read().split(b"\0"):
                        yield int(name)
            except OSError:
                # Ended since it was listed, or another user's.
                continue


def any_lives_in(folder: str) -> bool:
    """Whether a process has its working directory in a folder, where the system shows it."""
    if sys.platform != "linux":
        return False
    folder = os.path.realpath(folder)
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                place = os.readlink(f"/proc/{name}/cwd")
            except OSError:
                # Ended since it was listed, or another user's.
                continue
            if place == folder or place.startswith(folder + os.sep):
                return True
    return False


def _living_members(group: int) -> Iterator[int]:
    """Members of a process group that are more than an entry which nobody has collected yet."""
    if sys.platform != "linux":
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        yield group
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] not in (b"Z", b"X"):
                yield int(name)


def _wait_until_dead(owner: Owner) -> None:
    _wait_until(lambda: not owner.is_alive())


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.002)
