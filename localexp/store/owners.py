"""Which process answers for something, and whether it still lives.

A process id alone says little: ids are reused, start over at a boot, and mean another process in a container. So
an owner is a host, a boot, a namespace of process ids, a process id and the time at which that process started.
"""

from __future__ import annotations

import os

from localexp.observing import NO_BOOT, UNKNOWN, owner_text, start_time


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
        if self.boot == NO_BOOT and self.host != here.host:
            return False
        return self.namespace == here.namespace and not self.is_alive()

    def can_be_judged(self) -> bool:
        """Whether this process can say if that one lives: it is of this machine, and no other container."""
        here = this_process()
        return self.host == here.host and (self.boot != here.boot or self.namespace == here.namespace)

    def is_alive(self) -> bool:
        """Whether the process lives, for an owner of this boot and namespace."""
        start = start_time(self.pid)
        if start is None:
            return False
        return start == self.start or UNKNOWN in (start, self.start)

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


def process(pid: int) -> Owner:
    """The owner that the living process ``pid`` of this host is."""
    return Owner.parse(owner_text(pid))
