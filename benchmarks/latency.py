"""What one call of ``run.log`` takes, alone and while other processes log into the same store.

Each call is timed by itself with ``perf_counter_ns``, whose own cost of some 0.1 µs is in every figure. The
processes log as fast as they can, each to a run of its own.
"""

from __future__ import annotations

import os
from array import array
from contextlib import ExitStack
from statistics import median

from benchmarks.environment import temporary_folder
from benchmarks.pairs import in_turns
from benchmarks.row import Ratio, Row, compared
from benchmarks.stage import Actor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_CALLS = 100_000
_PROCESSES = 8


class Calls:
    """The times of calls, sorted, in nanoseconds."""

    def __init__(self, nanoseconds: array[int]) -> None:
        self._sorted = sorted(nanoseconds)

    def microseconds(self, share: float) -> float:
        """What this share of the calls did not exceed."""
        return self._sorted[min(int(len(self._sorted) * share), len(self._sorted) - 1)] / 1000


def timed_calls(contestant: str, count: int, processes: int = 1) -> Calls:
    """The calls of that many processes at once, ``count`` of each, taken together."""
    runs = [f"run-{number}" for number in range(processes)]
    with temporary_folder() as folder, ExitStack() as stack:
        actors = [stack.enter_context(Actor("time", contestant, folder, run, count)) for run in runs]
        for actor in actors:
            actor.answer()
        for actor in actors:
            actor.begin()
        for actor in actors:
            actor.answer()
        for actor in actors:
            actor.finish()
        return Calls(_together([os.path.join(folder, f"{run}.times") for run in runs], count))


def _together(paths: list[str], count: int) -> array[int]:
    times = array("q")
    for path in paths:
        with open(path, "rb") as file:
            times.fromfile(file, count)
    return times


def latency(settings: Settings) -> list[Row]:
    """One process: the usual call, and the slowest of a hundred."""
    count = settings.count(_CALLS, 2_000)
    ours, floor = in_turns(
        lambda: timed_calls("ours", count), lambda: timed_calls("json_lines", count), settings.pairs(7)
    )
    return [
        compared(
            f"latency p{share * 100:.0f}",
            f"one call of run.log, of {count:,} in one process",
            "a JSON line, written and flushed",
            "µs",
            [calls.microseconds(share) for calls in ours],
            [calls.microseconds(share) for calls in floor],
        )
        for share in (0.50, 0.99)
    ]


def latency_together(settings: Settings) -> list[Row]:
    """Several processes into one store, against one."""
    count = settings.count(_CALLS, 2_000)
    many, one = in_turns(
        lambda: timed_calls("ours", count, _PROCESSES), lambda: timed_calls("ours", count), settings.pairs(7)
    )
    row = compared(
        f"latency p99, {_PROCESSES} processes",
        f"one call of run.log while {_PROCESSES} processes log {count:,} each into one store",
        "the same, one process",
        "µs",
        [calls.microseconds(0.99) for calls in many],
        [calls.microseconds(0.99) for calls in one],
        goal=2.0,
        note=f"p99.9 {_share(many, one, 0.999)}; "
        f"JSON lines to {_PROCESSES} files against one: {_of_json_lines(count, settings)}",
    )
    return [row]


def _of_json_lines(count: int, settings: Settings) -> str:
    """What the machine alone makes of that many processes at once."""
    many, one = in_turns(
        lambda: timed_calls("json_lines", count, _PROCESSES),
        lambda: timed_calls("json_lines", count),
        settings.pairs(7),
    )
    return f"p99 {_share(many, one, 0.99)}, p99.9 {_share(many, one, 0.999)}"


def _share(many: list[Calls], one: list[Calls], share: float) -> str:
    """The ratio at this share of the calls, and the medians that it is of."""
    of_many = [calls.microseconds(share) for calls in many]
    of_one = [calls.microseconds(share) for calls in one]
    return f"{Ratio.of(of_many, of_one).median:.2f}x ({median(of_many):.1f} / {median(of_one):.1f} µs)"


BENCHMARKS: dict[str, Benchmark] = {"latency": latency, "latency-together": latency_together}
