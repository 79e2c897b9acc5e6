"""The process that a supervisor starts in place of a distributed script: it starts the ranks, and waits for all.

The first that fails has it end the others. What it prints is the log of the run, beside those of the ranks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from localexp.execution.bell import Bell
from localexp.execution.distributed import ends, mpi, rank
from localexp.execution.distributed.ends import End
from localexp.execution.distributed.rank import Job
from localexp.execution.last_words import lines_at_end
from localexp.execution.reasons import how_it_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.ranks import Ranks
    from localexp.store.layout import RunLayout

_START = (
    "import os, sys; sys.path += sys.argv[1].split(os.pathsep); "
    "from localexp.execution.distributed.starter import main; main(*sys.argv[1:])"
)
_LINES_SHOWN = 20


def command(ranks: Ranks, script: str | list[str], layout: RunLayout, grace: float) -> list[str]:
    """What starts a script, or a command line of the shell, as ``ranks``; ``grace`` is how many seconds they get to
    end when one of them has failed.
    """
    import localexp

    import_path = os.path.dirname(os.path.dirname(os.path.abspath(localexp.__file__)))
    form, words = (rank.SHELL, [script]) if isinstance(script, str) else (rank.PROGRAM, script)
    job = Job(layout, ranks.count, grace, form, words)
    return [sys.executable, "-I", "-S", "-c", _START, import_path, ranks.kind, *job.texts()]


def variables(ranks: Ranks) -> dict[str, str]:
    """What every rank is told, besides which it is."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "AZUREML_FRAMEWORK": "PyTorch" if ranks.kind == "pytorch" else "Python",
        "AZUREML_COMMUNICATOR": ranks.backend,
    }


def main(import_path: str, kind: str, *job_texts: str) -> None:
    """Start the ranks, wait for them, and end as the first that has failed."""
    bell, job = Bell(), Job.of_texts(list(job_texts))
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    mpirun = mpi.mpirun() if kind == "mpi" else None
    if kind == "mpi" and mpirun is None:
        _say("there is no mpirun on PATH: the processes are started without it")
    try:
        if mpirun is None:
            ended, code = _run(job, bell), 0
        else:
            ended, code = mpi.run(mpirun, job, import_path, bell)
    except OSError as error:
        _say(f"the processes of the script could not be started: {error}")
        rank.end_as(1)
    _show(job, ended)
    first = ends.first_failure(ended) or next((end for end in ended if end.code), None)
    rank.end_as(code if first is None else first.code)


def _run(job: Job, bell: Bell) -> list[End]:
    group = _Group(job, bell)
    try:
        group.start()
        if group.has_failed():
            group.end()
    finally:
        group.kill()
    return group.ended


class _Group:
    """Ranks that this process starts itself; ``ended`` is how, in the order in which they did."""

    def __init__(self, job: Job, bell: Bell) -> None:
        self.ended: list[End] = []
        self._job = job
        self._bell = bell
        self._is_ending = False
        self._living: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for number in range(self._job.count):
            self._living[number] = rank.started(self._job, number)

    def has_failed(self) -> bool:
        """Wait until all have ended, or one has failed."""
        while self._living:
            self._look()
            if ends.first_failure(self.ended) is not None:
                return True
            self._wait(rank.LOOK_EVERY_SECONDS)
        return False

    def end(self) -> None:
        """Ask those that are left to end, and give them time for it."""
        self._is_ending = True
        rank.tell_to_end(list(self._living.values()))
        deadline = time.monotonic() + self._job.grace
        while self._living and time.monotonic() < deadline:
            self._wait(min(rank.LOOK_EVERY_SECONDS, deadline - time.monotonic()))
            self._look()

    def kill(self) -> None:
        """Have nothing left of them; what they have started besides is the supervisor's to kill."""
        self._is_ending = True
        for process in self._living.values():
            process.kill()
        while self._living:
            self._look()
            self._wait(rank.LOOK_EVERY_SECONDS)

    def _wait(self, seconds: float) -> None:
        if self._living:
            self._bell.wait(next(iter(self._living.values())), seconds)

    def _look(self) -> None:
        """Note which have ended since the last look."""
        codes = {number: process.poll() for number, process in self._living.items()}
        was_told = self._is_ending or self._bell.was_told_to_end
        found = [End(number, code, was_told) for number, code in codes.items() if code is not None]
        # Of several at once that first which was killed: others fail for not hearing from it any more.
        for end in sorted(found, key=lambda end: end.code >= 0):
            del self._living[end.rank]
            self.ended.append(end)
            ends.is_kept(self._job.layout, end)


def _show(job: Job, ended: list[End]) -> None:
    """Say in the log of the run how the ranks have ended, unless all is well."""
    failure = ends.first_failure(ended)
    for end in ended:
        if end.code:
            more = "; the others, if any were left, were told to end" if end is failure else ""
            _say(f"{how_it_ended(end.code, f'rank {end.rank}')}{more}")
    if failure is not None:
        lines = [line for line in lines_at_end(job.layout.rank_log(failure.rank), "surrogateescape") if line]
        _say(f"the last that rank {failure.rank} printed:", *lines[-_LINES_SHOWN:])


def _say(*lines: str) -> None:
    try:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    except OSError:
        # Of a full disk. What becomes of the ranks does not depend on it.
        return
