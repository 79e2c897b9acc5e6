"""One process of a distributed script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from localexp.execution import processes
from localexp.store import determinism

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from localexp.store.layout import RunLayout

# Signals come at once; on Windows there are none.
LOOK_EVERY_SECONDS = 0.1 if sys.platform == "win32" else 60.0
SHELL, PROGRAM = "shell", "program"


class Job:
    """What every rank runs: the words of a program, or one text for the shell.

    ``count`` is how many ranks there are, ``grace`` how many seconds they get to end when one of them has failed.
    """

    def __init__(self, layout: RunLayout, count: int, grace: float, form: str, words: list[str]) -> None:
        self.layout = layout
        self.count = count
        self.grace = grace
        self.form = form
        self.words = words

    def texts(self) -> list[str]:
        """It as texts, for ``of_texts``."""
        return [self.layout.folder, str(self.count), str(self.grace), self.form, *self.words]

    @classmethod
    def of_texts(cls, texts: list[str]) -> Job:
        from localexp.store.layout import RunLayout

        folder, count, grace, form, *words = texts
        return cls(RunLayout(folder), int(count), float(grace), form, words)


def started(job: Job, rank: int) -> subprocess.Popen[bytes]:
    """Start a rank, with a log of its own.

    :raises OSError: it cannot be started.
    """
    variables = {
        "RANK": rank,
        "WORLD_SIZE": job.count,
        "LOCAL_RANK": rank,
        "LOCAL_WORLD_SIZE": job.count,
        "NODE_RANK": 0,
    }
    with open(job.layout.rank_log(rank), "ab") as log:
        return subprocess.Popen(
            job.words[0] if job.form == SHELL else job.words,
            shell=job.form == SHELL,
            env={**os.environ, **{name: str(value) for name, value in variables.items()}, **_clock(rank)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _clock(rank: int) -> dict[str, str]:
    """Where all ranks would say the same time, they are a microsecond apart, so that what they say has an order."""
    clock = determinism.current
    return {} if clock is None else determinism.inherited(clock.time + rank)


def tell_to_end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask children of this process, and where the system shows them what comes of them, to end."""
    if sys.platform == "linux":
        processes.terminate_tree(os.getpid(), has_adopted=True)
    else:
        for child in children:
            # On Windows that is not to ask.
            child.terminate()


def end_as(code: int) -> NoReturn:
    """End this process with the exit code of another, or by the signal that has ended that."""
    if code < 0 and sys.platform != "win32":
        import resource

        # That of the other tells more.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)
