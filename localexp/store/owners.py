"""Which process answers for something, and whether it still lives.

A process id alone says little: ids are reused, start over at a boot, and mean another process in a container. So
an owner is a host, a boot, a namespace of process ids, a process id and the time at which that process started.
"""

from __future__ import annotations

import os
import sys

_UNKNOWN = 0
_NO_BOOT = "-"


class Owner:
    """One process, told apart from every other that ever had its id."""

    __slots__ = ("boot", "host", "namespace", "pid", "start")

    def __init__(self, host: str, boot: str, namespace: str, pid: int, start: int) -> None:
        self.host = host
        self.boot = boot
        self.namespace = namespace
        self.pid = pid
        self.start = start

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read what ``str(owner)`` wrote."""
        boot, namespace, pid, start, host = text.split(" ", 4)
        return cls(host, boot, namespace, int(pid), int(start))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Owner) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.boot} {self.namespace} {self.pid} {self.start} {self.host}"

    def is_known_dead(self) -> bool:
        """True only if this process can be judged from here, and has ended."""
        here = this_process()
        if self.boot != here.boot:
            return self.host == here.host
        if self.boot == _NO_BOOT and self.host != here.host:
            return False
        return self.namespace == here.namespace and not self.is_alive()

    def can_be_judged(self) -> bool:
        """Whether this process can say if that one lives: it is of this machine, and no other container."""
        here = this_process()
        return self.host == here.host and (self.boot != here.boot or self.namespace == here.namespace)

    def is_alive(self) -> bool:
        """Whether the process lives, for an owner of this boot and namespace."""
        start = _start_time(self.pid)
        if start is None:
            return False
        return start == self.start or _UNKNOWN in (start, self.start)

    def was_rebooted(self) -> bool:
        """Whether the machine has been started again since this owner lived."""
        here = this_process()
        return self.host == here.host and self.boot != here.boot


_this_process: Owner | None = None


def this_process() -> Owner:
    """The owner that this very process is; asked anew after a fork."""
    global _this_process
    if _this_process is None or _this_process.pid != os.getpid():
        _this_process = process(os.getpid())
    return _this_process


def _is_of_another_user(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def process(pid: int) -> Owner:
    """The owner that the living process ``pid`` of this host is."""
    return Owner(_host(), _boot(), _namespace(), pid, _start_time(pid) or _UNKNOWN)


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "windows")
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            return f"{os.uname().nodename}/{file.read(8)}"
    except OSError:
        return os.uname().nodename


if sys.platform == "linux":

    def _boot() -> str:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()

    def _namespace() -> str:
        return os.readlink("/proc/self/ns/pid")

    def _start_time(pid: int) -> int | None:
        """Ticks from the boot to the start of the process; None if it has ended, be it reaped or not."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                # The second field is the command in brackets, and may hold anything, brackets too.
                fields = file.read().rpartition(b")")[2].split()
        except PermissionError:
            return _UNKNOWN
        except (FileNotFoundError, ProcessLookupError):
            # Where /proc hides the processes of others, only asking tells.
            return _UNKNOWN if _is_of_another_user(pid) else None
        return None if fields[0] in (b"Z", b"X", b"x") else int(fields[19])

elif sys.platform == "darwin":
    # Start times are wall-clock microseconds there, so that no boot is needed to tell processes apart.

    def _boot() -> str:
        return _NO_BOOT

    def _namespace() -> str:
        return _NO_BOOT

    def _start_time(pid: int) -> int | None:
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
        return _NO_BOOT

    def _namespace() -> str:
        return _NO_BOOT

    def _start_time(pid: int) -> int | None:
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
        return _NO_BOOT

    def _namespace() -> str:
        return _NO_BOOT

    def _start_time(pid: int) -> int | None:
        """Zero where the system cannot tell start times: then the process id alone decides."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return _UNKNOWN
