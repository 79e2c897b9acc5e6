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

    from localexp.execution.script import Script

SUPERVISOR = "localexp.execution.supervisor"
HAS_SESSIONS = os.name != "nt"
# On Windows: no console, and Ctrl-C of the parent's is not the child's.
DETACHED = 0 if HAS_SESSIONS else 0x00000008 | 0x00000200

_SET_CHILD_SUBREAPER = 36
_DEAD = (b"Z", b"X", b"x")
_TRACKER, _FORK_SERVER = b"multiprocessing.resource_tracker", b"multiprocessing.forkserver"
_PATIENCE_SECONDS, _SECONDS_TO_END_BY_THEMSELVES = 5.0, 0.5


def adopt_orphans() -> bool:
    """Have processes that lose their parent become children of this one, if they come of it; False where none can.

    So a daemon of a script does not escape.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def wake(supervisor: Owner) -> None:
    """Have a supervisor of this machine look at its run; any other does by itself every few seconds."""
    here = this_process()
    if sys.platform == "win32" or (supervisor.boot, supervisor.namespace) != (here.boot, here.namespace):
        return
    if supervisor.is_alive():
        try:
            os.kill(supervisor.pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            # Ended since, or another user's.
            return


def terminate_tree(script: int, has_adopted: bool) -> None:
    """Ask every process of a script to end; ``has_adopted`` if its orphans are children of this process."""
    if sys.platform == "win32":
        # There is no way to ask: whoever has not ended by itself is killed later.
        return
    if not has_adopted:
        _signal_group(script, signal.SIGTERM)
        return
    for pid in _tree(os.getpid()):
        _signal(pid, signal.SIGTERM)


def kill_tree(script: Script, has_adopted: bool) -> int:
    """Kill every process of a script, which has been started in a group of its own, and wait until they are gone.

    What is returned is how many the script had left running, where the system shows it.
    """
    if not has_adopted:
        kill_own_group(script.pid)
        script.wait()
        return 0
    script.kill()
    script.wait()
    # Some are just about to end, as those with which Python's multiprocessing tidies up after its parent.
    _wait_until(lambda: not has_orphans(), _SECONDS_TO_END_BY_THEMSELVES)
    left = len(_tree(os.getpid()))
    _wait_until(_is_tree_killed)
    return left


def _is_tree_killed() -> bool:
    """Each round finds what came up, or came to this process, in the round before."""
    if not collect_children():
        return True
    living = _tree(os.getpid())
    for pid in living:
        _signal(pid, signal.SIGKILL)
    return not living


def has_orphans() -> bool:
    """Whether processes of a script that has ended still live, of which this one has adopted those without a parent."""
    return collect_children() and bool(_tree(os.getpid()))


def collect_children(but: int | None = None) -> bool:
    """Let the system forget children that have ended, all but one; whether there are any that have not."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        if ended is None or ended.si_pid == but:
            return True
        os.waitpid(ended.si_pid, 0)


def _tree(root: int) -> list[int]:
    """The processes that come of one, but for supervisors, with runs of their own, and what comes of those."""
    children: dict[int, list[int]] = {}
    for pid, fields in statuses():
        if fields[0] not in _DEAD:
            children.setdefault(int(fields[1]), []).append(pid)
    found, to_do = [], [root]
    while to_do:
        own = [pid for pid in children.get(to_do.pop(), ()) if not is_supervisor(pid)]
        found += own
        to_do += own
    return found


def is_supervisor(pid: int) -> bool:
    """Whether a process answers for a run, where the system shows it."""
    return SUPERVISOR.encode() in _command(pid)


def _command(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        # Ended since it was listed.
        return b""


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        # Ended since, or another user's.
        return


def _signal_group(leader: int, number: int) -> bool:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        # Gone; or what is left of it belongs to another user.
        return False
    return True


def kill_all_of(leader: Owner) -> None:
    """Kill a script whose supervisor has died, its group and what comes of it, if it still lives.

    Without its leader nobody can tell whose a group is.
    """
    if not leader.is_alive():
        return
    tree = [process(pid) for pid in _tree(leader.pid)] if sys.platform == "linux" else []
    kill_own_group(leader.pid)
    for owner in tree:
        if owner.is_alive():
            _signal(owner.pid, signal.SIGKILL)
            _wait_until_dead(owner)


def kill_own_group(pid: int) -> None:
    """Kill every process of the group that a child of ours leads, or led until just now; wait until they are gone."""
    if sys.platform == "win32":
        import subprocess

        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        return
    if _signal_group(pid, signal.SIGKILL):
        _wait_until(lambda: not any(_living_members(pid)))


def kill_marked(is_marked: Callable[[dict[str, str]], bool]) -> None:
    """Kill the processes whose environment is one of those meant, where the system shows it."""
    for pid in list(_marked(is_marked)):
        marked = process(pid)
        _signal(pid, signal.SIGKILL)
        _wait_until_dead(marked)


def kill_left_behind(is_marked: Callable[[dict[str, str]], bool]) -> int:
    """Kill what a script has left running that ran in this process, as far as it shows, and wait until it is gone.

    What is returned is how many there were. Those of Python's multiprocessing do not count; the one of them that tidies
    up ends with this process.
    """

    def left() -> list[int]:
        return [pid for pid in _marked(is_marked) if not _is_one_of(pid, _TRACKER, _FORK_SERVER)]

    if left():
        _wait_until(lambda: not left(), _SECONDS_TO_END_BY_THEMSELVES)
    found = left()
    # Processes that the server forks would take themselves for a part of this run, also when they are of the next.
    servers = [pid for pid in _marked(is_marked) if _is_one_of(pid, _FORK_SERVER)]
    for owner in [process(pid) for pid in found + servers]:
        _signal(owner.pid, signal.SIGKILL)
        _wait_until_dead(owner)
    return len(found)


def _is_one_of(pid: int, *names: bytes) -> bool:
    return any(name in _command(pid) for name in names)


def _marked(is_marked: Callable[[dict[str, str]], bool]) -> Iterator[int]:
    if sys.platform != "linux":
        return
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    lines = os.fsdecode(file.read()).split("\0")
            except OSError:
                # Ended since it was listed, or another user's.
                continue
            if is_marked(dict(line.split("=", 1) for line in lines if "=" in line)):
                yield int(name)


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
    for pid, fields in statuses():
        if int(fields[2]) == group and fields[0] not in _DEAD:
            yield pid


def statuses() -> Iterator[tuple[int, list[bytes]]]:
    """Of each process of a Linux system its id, and what follows its name in ``stat``: state, parent, group, …"""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The second field is the command in brackets, and may hold anything, brackets too.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            yield int(name), fields


def _wait_until_dead(owner: Owner) -> None:
    _wait_until(lambda: not owner.is_alive())


def _wait_until(is_so: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.002)
