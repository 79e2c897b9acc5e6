"""A process that takes part in a measurement: ``python -m benchmarks.actor TASK CONTESTANT FOLDER RUN COUNT``.

It prepares, answers, waits for a line, does its task and answers with the seconds that it took; after a second line
it checks or tidies up, and ends. The tasks: ``write`` logs ``COUNT`` values, ``read`` reads until it has seen them all,
``time`` logs them and writes the nanoseconds of each call to the file ``RUN.times`` in the folder.
"""

from __future__ import annotations

import os
import sys
from array import array
from time import perf_counter, perf_counter_ns, sleep

from benchmarks.contestants import METRIC, contestant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contestants import Writer

    Task = tuple[Callable[[], None], Callable[[], None]]

_SECONDS_TO_READ = 600


def main(task: str, name: str, folder: str, run: str, count: str) -> None:
    # Peers print: what they say must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work, finish = {"write": writing, "read": reading, "time": timing}[task](name, folder, run, int(count))
    print("ready", file=answers, flush=True)
    sys.stdin.readline()
    started = perf_counter()
    work()
    print(perf_counter() - started, file=answers, flush=True)
    sys.stdin.readline()
    finish()


def value(step: int) -> float:
    """What is logged at a step: a number with all its digits, as losses have them."""
    return 1.0 / (step + 3)


def writing(name: str, folder: str, run: str, count: int) -> Task:
    """Log as fast as it goes, until another process can see all of it."""
    writer = contestant(name).start(folder, run)

    def work() -> None:
        log = writer.log
        for step in range(count):
            log(METRIC, value(step), step=step)
        writer.publish()

    return work, writer.close


def reading(name: str, folder: str, run: str, count: int) -> Task:
    """Read until everything is seen, and check it afterwards."""
    read = contestant(name).read
    seen: list[float] = []

    def work() -> None:
        deadline = perf_counter() + _SECONDS_TO_READ
        while len(found := read(folder, run)) < count:
            if perf_counter() > deadline:
                raise TimeoutError(f"{name}: only {len(found)} of {count} values can be seen")
            sleep(0.001)
        seen.extend(found)

    def check() -> None:
        # Some peers keep 32 bits of a number.
        if not all(abs(got / value(step) - 1) < 1e-6 for step, got in enumerate(seen)) or len(seen) != count:
            raise ValueError(f"{name}: what is read is not what was logged")

    return work, check


def timing(name: str, folder: str, run: str, count: int) -> Task:
    """Log as fast as it goes, and note the nanoseconds of each call."""
    writer = contestant(name).start(folder, run)
    times = array("q", bytes(8 * count))
    return lambda: _time_each(writer, times), lambda: _keep(writer, times, os.path.join(folder, f"{run}.times"))


def _time_each(writer: Writer, times: array[int]) -> None:
    log, clock = writer.log, perf_counter_ns
    for step in range(len(times)):
        number = value(step)
        started = clock()
        log(METRIC, number, step=step)
        times[step] = clock() - started


def _keep(writer: Writer, times: array[int], path: str) -> None:
    writer.close()
    with open(path, "wb") as file:
        times.tofile(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
