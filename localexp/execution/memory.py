"""Whether a script that was killed had used up the memory."""

from __future__ import annotations

import os
import sys

from localexp.store import determinism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LITTLE_IS_LEFT = 0.75
_KIB, _GIB = 1024, 1024**3
# Where control groups are, of version 2 and of version 1, with the file of their limit and that of their kills.
_GROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.events"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"),
)


class Memory:
    """What the system says of memory while a script runs: made when it starts, asked when it was killed."""

    def __init__(self) -> None:
        self._kills_before = _kills()

    def why_killed(self) -> str:
        """What there is to add to the word that SIGKILL has ended the script."""
        peak, total = _peak(), _total()
        if _kills() != self._kills_before or peak >= _LITTLE_IS_LEFT * total:
            return f", probably out of memory: peak {_share(peak, total)}"
        # It is never twice the same.
        return f"; its peak memory was {_size(peak)}" if determinism.current is None else ""


def _share(peak: int, total: int) -> str:
    if total < _GIB:
        return f"{_size(peak)} of {_size(total)}"
    return f"{_rounded(peak / _GIB)} of {_rounded(total / _GIB)} GiB"


def _rounded(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _size(size: int) -> str:
    from localexp.snapshot.sizes import human

    return human(size)


def _peak() -> int:
    """The most that any one process of the script had at once."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB


def _total() -> int:
    """The memory that processes of this control group can have."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_limits()])


def _limits() -> Iterator[int]:
    for group in _groups():
        for mount, name, _ in _GROUPS:
            limit = _text(os.path.join(mount, group, name)).strip()
            if limit.isdigit():
                yield int(limit)


def _kills() -> str:
    """How many processes of this control group the kernel has killed for want of memory, otherwise how many of all."""
    of_groups = (os.path.join(mount, group, name) for group in _groups() for mount, _, name in _GROUPS)
    for path in (*of_groups, "/proc/vmstat"):
        for line in _text(path).splitlines():
            if line.startswith("oom_kill "):
                return line
    return ""


def _groups() -> Iterator[str]:
    """The control group of this process and those around it; some containers see the outermost alone, as theirs."""
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            while path.strip("/"):
                yield path.strip("/")
                path = os.path.dirname(path)
    yield ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        # Not this system, or not this version of it.
        return ""
