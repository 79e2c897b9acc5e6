"""What the processes of a script take: time of the processors and memory, sampled while they run."""

from __future__ import annotations

import math
import os
import sys
import time

from localexp.execution import processes
from localexp.metrics import system
from localexp.store import determinism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.gpus import Gpus
    from localexp.journal.writer import JournalWriter

    Sample = list[tuple[str, float]]

_IS_LINUX = sys.platform == "linux"
_KIB = 1024
# A sample waits until what the one before took of a processor is less than this part of the time.
_MOST_OF_A_CORE = 0.005


class Sampling:
    """Writes samples of a script into its run, the first after one period, so that a short run has none.

    With ``seconds`` at 0, on Windows, and where all is to be the same each time, there are none at all. ``due`` is when
    the next one is, as ``time.monotonic`` counts.
    """

    def __init__(self, sampler: Sampler, seconds: float, writer: JournalWriter) -> None:
        self._sampler = sampler
        self._seconds = seconds
        self._writer = writer
        is_on = seconds > 0 and os.name != "nt" and determinism.current is None
        self.due = time.monotonic() + seconds if is_on else math.inf

    def sample_if_due(self) -> None:
        if time.monotonic() < self.due:
            return
        before = time.process_time()
        try:
            for name, value in self._sampler.sample():
                self._writer.point(name, value)
        except Exception as error:
            # As of a driver's library that is broken. The script is not to end for it.
            self.due = math.inf
            message = f"what its processes take is not sampled any more: {type(error).__name__}: {error}"
            self._writer.say(warning=message, source="supervisor")
            return
        taken = time.process_time() - before
        self.due = time.monotonic() + max(self._seconds, taken / _MOST_OF_A_CORE)


class Sampler:
    """A script and what comes of it; of ``adopter``, if given, all that comes of that process, as orphans do.

    Supervisors, with runs of their own, and what comes of those do not count.
    """

    def __init__(self, script: int, adopter: int | None = None) -> None:
        self._script = script
        self._adopter = adopter
        self._gpus: Gpus | None = None
        self._at, self._seconds_before = time.monotonic(), 0.0

    def sample(self) -> Sample:
        """Names of metrics with their values; none if there is nothing any more, or the system does not show it.

        ``system/cpu_percent`` is that of one core, since the sample before: 400 for four cores at work.
        ``system/memory_rss_bytes`` counts what processes share once for each. Those of GPUs are there if a GPU is in
        use, and the extra ``gpu`` is installed.
        """
        try:
            table = _table()
        except OSError:
            # As where too many files are open. There will be another sample.
            return []
        own = self._processes(table)
        if not own:
            return []
        found: Sample = [
            (system.CPU_PERCENT, self._cpu_percent(table, own)),
            (system.MEMORY_BYTES, sum(table[pid].memory for pid in own)),
        ]
        return found + self._of_gpus(own)

    def _cpu_percent(self, table: dict[int, _Process], own: list[int]) -> float:
        seconds = sum(table[pid].seconds + table[pid].seconds_of_ended for pid in own)
        if self._adopter in table:
            seconds += table[self._adopter].seconds_of_ended
        now = time.monotonic()
        share = (seconds - self._seconds_before) / max(now - self._at, 1e-9)
        self._at, self._seconds_before = now, seconds
        # What ends without anybody having waited for it takes its time along.
        return 100.0 * min(max(share, 0.0), float(os.cpu_count() or 1))

    def _processes(self, table: dict[int, _Process]) -> list[int]:
        children: dict[int, list[int]] = {}
        for pid, process in table.items():
            children.setdefault(process.parent, []).append(pid)
        found = [self._script] if self._adopter is None and self._script in table else []
        to_do = [self._script if self._adopter is None else self._adopter]
        while to_do:
            own = [pid for pid in children.get(to_do.pop(), ()) if not processes.is_supervisor(pid)]
            found += own
            to_do += own
        return found

    def _of_gpus(self, own: list[int]) -> Sample:
        if self._gpus is None:
            # Not for a run that is too short for a sample.
            from localexp.execution.gpus import Gpus

            self._gpus = Gpus()
        return self._gpus.sample(set(own))


class _Process:
    """A row of the system's table of processes; ``seconds`` and ``memory`` (bytes) are those of the process itself,
    ``seconds_of_ended`` those of children that it has waited for.
    """

    __slots__ = ("memory", "parent", "seconds", "seconds_of_ended")

    def __init__(self, parent: int, seconds: float, seconds_of_ended: float, memory: int) -> None:
        self.parent = parent
        self.seconds = seconds
        self.seconds_of_ended = seconds_of_ended
        self.memory = memory


def _table() -> dict[int, _Process]:
    if _IS_LINUX:
        return dict(_of_proc())
    import subprocess

    command = ["ps", "-A", "-o", "pid=,ppid=,time=,rss="]
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return of_ps(answer.stdout)


def _of_proc() -> Iterator[tuple[int, _Process]]:
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for pid, fields in processes.statuses():
        own, of_ended = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        yield pid, _Process(int(fields[1]), own / ticks, of_ended / ticks, int(fields[21]) * page)


def of_ps(text: str) -> dict[int, _Process]:
    """The table in what ``ps`` says of id, parent, time as ``[[days-]hours:]minutes:seconds``, and memory in KiB."""
    found = {}
    for line in text.splitlines():
        pid, parent, spent, memory = line.split()
        days, _, clock = spent.rpartition("-")
        seconds = 86400.0 * int(days or 0)
        for power, part in enumerate(reversed(clock.split(":"))):
            seconds += 60**power * float(part)
        found[int(pid)] = _Process(int(parent), seconds, 0.0, int(memory) * _KIB)
    return found
