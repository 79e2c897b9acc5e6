"""Start pytest sessions from a process that has imported pytest and nothing else, and print what each has taken.

What two sessions differ by is lost in the noise of two processes that import all of pytest first: so that is done once.
Lines are the milliseconds of a core, and of the clock, with the arguments that are given, and without the plugin.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from time import perf_counter

import pytest

from benchmarks.pairs import in_turns

WITHOUT_PLUGIN = ["-p", "no:localexp"]


def main(pairs: int, arguments: list[str]) -> None:
    ours, floor = in_turns(partial(_session, arguments), partial(_session, [*arguments, *WITHOUT_PLUGIN]), pairs)
    for one, other in zip(ours, floor, strict=True):
        print(*one, *other)


def _session(arguments: list[str]) -> tuple[float, float]:
    started = perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(pytest.main(arguments))
    _, status, usage = os.wait4(child, 0)
    seconds = perf_counter() - started
    assert status == 0, f"a session ended with status {status}"
    return (usage.ru_utime + usage.ru_stime) * 1e3, seconds * 1e3


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
