"""What is observed of a process: which of all that ever had its id it is, and what it opens and starts.

It imports nothing and asks for little: every session of pytest on this machine does so, whatever it tests.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

    class Observer(Protocol):
        """Somebody who is told."""

        def opens(self, root: str) -> None:
            """The store at ``root`` is about to be opened, or made; nothing is done if this raises."""

        def started(self, store: Store, record: RunRecord) -> None:
            """A run was begun, or submitted."""


# Names the owner with whose end the runs are to end that are submitted by processes which have this variable.
LEASH = "LOCALEXP_LEASH"
# Names the folder outside of which processes are to open no workspace that have this variable and no observer: those
# that a test session has started.
FENCE = "LOCALEXP_FENCE"

UNKNOWN = 0
NO_BOOT = "-"
# A test session may go on within a test of another: only the innermost is told.
_observers: list[Observer] = []


def add(observer: Observer) -> None:
    """Have it be told, in the place of others, until it is removed."""
    _observers.append(observer)


def remove(observer: Observer) -> None:
    _observers.remove(observer)


def innermost() -> Observer | None:
    """Who is told, if anybody is."""
    return _observers[-1] if _observers else None


def opens(root: str) -> None:
    __tracebackhide__ = True  # whose test is refused sees where it has asked, and not this
    if _observers:
        _observers[-1].opens(root)


def started(store: Store, record: RunRecord) -> None:
    if _observers:
        _observers[-1].started(store, record)


def owner_text(pid: int) -> str:
    """What ``store.owners`` reads as the owner that the living process ``pid`` of this host is."""
    return f"{_boot()} {_namespace()} {pid} {start_time(pid) or UNKNOWN} {_host()}"


def _is_of_another_user(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "windows")
    try:
        # As bytes, for to open a text imports its codec.
        with open("/etc/machine-id", "rb") as file:
            return f"{os.uname().nodename}/{file.read(8).decode('ascii')}"
    except OSError:
        return os.uname().nodename


if sys.platform == "linux":

    def _boot() -> str:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().strip().decode("ascii")

    def _namespace() -> str:
        return os.readlink("/proc/self/ns/pid")

    def start_time(pid: int) -> int | None:
        """Ticks from the boot to the start of the process; None if it has ended, be it reaped or not."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                # The second field is the command in brackets, and may hold anything, brackets too.
                fields = file.read().rpartition(b")")[2].split()
        except PermissionError:
            return UNKNOWN
        except (FileNotFoundError, ProcessLookupError):
            # Where /proc hides the processes of others, only asking tells.
            return UNKNOWN if _is_of_another_user(pid) else None
        return None if fields[0] in (b"Z", b"X", b"x") else int(fields[19])

elif sys.platform == "darwin":
    # Start times are wall-clock microseconds there, so that no boot is needed to tell processes apart.

    def _boot() -> str:
        return NO_BOOT

    def _namespace() -> str:
        return NO_BOOT

    def start_time(pid: int) -> int | None:
        """Microseconds since the epoch at which the process started; None if it has ended."""
        import ctypes
        import struct

        bsd_info, size = 3, 136
        buffer = ctypes.create_string_buffer(size)
        library = ctypes.CDLL("/usr/lib/libproc.dylib", use_errno=True)
        if library.proc_pidinfo(pid, bsd_info, ctypes.c_uint64(0), buffer, size) != size:
            return None
        seconds, microseconds = struct.unpack_from("<QQ", buffer.raw, 120)
        return int(seconds) * 1_000_000 + int(microseconds)

elif sys.platform == "win32":

    def _boot() -> str:
        return NO_BOOT

    def _namespace() -> str:
        return NO_BOOT

    def start_time(pid: int) -> int | None:
        """The creation time of the process in units of 100 ns; None if it has ended."""
        import ctypes

        query_limited_information, still_active = 0x1000, 259
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(query_limited_information, False, pid))
        if not handle:
            return None
        try:
            code = ctypes.c_ulong()
            times = (ctypes.c_uint64 * 4)()
            at = [ctypes.byref(times, 8 * index) for index in range(4)]
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            if code.value != still_active or not kernel.GetProcessTimes(handle, *at):
                return None
            return int(times[0])
        finally:
            kernel.CloseHandle(handle)

else:

    def _boot() -> str:
        return NO_BOOT

    def _namespace() -> str:
        return NO_BOOT

    def start_time(pid: int) -> int | None:
        """Zero where the system cannot tell start times: then the process id alone decides."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return UNKNOWN
