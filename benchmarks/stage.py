"""Start actors, tell them when to begin, and see to it that none is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Timer

from benchmarks.environment import REPOSITORY, variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_SECONDS_AT_MOST = 900


class Actor:
    """A process of ``benchmarks.actor``, killed if it outlives the block or takes longer than anything should."""

    def __init__(
        self, task: str, contestant: str, folder: str, run: str, count: int, python: str = sys.executable
    ) -> None:
        self._complaints = os.path.join(folder, f"{task}-{run}.stderr")
        with open(self._complaints, "wb") as complaints:
            self._process = subprocess.Popen(
                [python, "-m", "benchmarks.actor", task, contestant, folder, run, str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                cwd=folder,
                env=variables(PYTHONPATH=REPOSITORY),
                text=True,
                bufsize=1,
            )
        self._limit = Timer(_SECONDS_AT_MOST, self._process.kill)
        self._limit.start()

    def __enter__(self) -> Actor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limit.cancel()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def answer(self) -> str:
        """Wait for its next answer."""
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(self._failure())
        return answer.strip()

    def begin(self) -> None:
        """Have it do what it waits to do."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("\n")
        except BrokenPipeError:
            raise RuntimeError(self._failure()) from None

    def finish(self) -> None:
        """Have it tidy up and end; all must have been right."""
        self.begin()
        if self._process.wait() != 0:
            raise RuntimeError(self._failure())

    def _failure(self) -> str:
        code = self._process.wait()
        with open(self._complaints, encoding="utf-8", errors="replace") as complaints:
            return f"{self._process.args!r} ended with {code}:\n{complaints.read()[-4000:]}"
