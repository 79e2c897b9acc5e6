"""Many small runs, created through the API: what one costs, and whether it costs more where there are more.

Then how long the first of them takes to be had, all or by a tag, with few runs and with many.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.beside import milliseconds
from benchmarks.by_hand import ByHand
from benchmarks.environment import temporary_folder
from benchmarks.pairs import in_turns
from benchmarks.row import Ratio, Row, compared
from localexp import Experiment, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.settings import Benchmark, Settings

_NAME = "benchmark"
_WANTED: dict[str, dict[str, str] | None] = {
    "the first run": None,
    "the first with a rare tag": {"kind": "rare"},
    "the first with a common tag": {"kind": "common"},
}
# So that both sizes have as many runs with the rare tag.
_RARE = 100


class _Ours:
    def __init__(self, folder: str) -> None:
        self._experiment = Experiment(Workspace(folder), _NAME)
        self._folder = folder

    def run(self, tags: dict[str, str], metrics: dict[str, float]) -> None:
        run = self._experiment.start_logging(snapshot_directory=None)
        for name, value in tags.items():
            run.tag(name, value)
        for name, number in metrics.items():
            run.log(name, number)
        run.complete()

    def first(self, tags: dict[str, str] | None) -> float:
        """The milliseconds until the first run that is wanted is there."""
        return milliseconds(lambda: next(self._experiment.get_runs(tags=tags)))

    def files(self) -> int:
        """How many there are, the databases among them."""
        return sum(len(names) for _, _, names in os.walk(self._folder))


def runs_many(settings: Settings) -> list[Row]:
    """At a thousand runs and at ten thousand."""
    sizes = settings.count(1_000, 40), settings.count(10_000, 120)
    with ExitStack() as stack:
        few, many = (_Stores(stack, size) for size in sizes)
        rows = [_creation(stores, settings) for stores in (few, many)]
        rows.append(_growth("growth", "creating one", few, many, partial(_creating, settings), settings.pairs(15)))
        for what, tags in _WANTED.items():
            first = partial(_first, tags)
            rows.append(_growth(what, f"get_runs(): {what}", few, many, first, settings.pairs(101)))
        return [*rows, _files(many)]


class _Stores:
    """A store of ours and those that were written by hand, with so many runs."""

    def __init__(self, stack: ExitStack, size: int) -> None:
        ours, floor, strict = (stack.enter_context(temporary_folder()) for _ in range(3))
        self.size = size
        self.ours = _Ours(ours)
        self.floor = stack.enter_context(closing(ByHand(floor)))
        self.strict = stack.enter_context(closing(ByHand(strict, commits_each=True)))
        for number in range(size):
            if number % 1000 == 0:
                print(".", end="", file=sys.stderr, flush=True)
            for keeper in (self.ours, self.floor):
                keeper.run(*_said(number))


def _said(number: int) -> tuple[dict[str, str], dict[str, float]]:
    """Five tags and ten metrics; of the first runs some have a rare value."""
    kind = "rare" if number < _RARE and number % 10 == 0 else "common"
    tags = {"kind": kind, **{f"tag {n}": f"value {number % 10}" for n in range(4)}}
    return tags, {f"metric {n}": number / (n + 3) for n in range(10)}


def _creation(stores: _Stores, settings: Settings) -> Row:
    ours, pairs = partial(_creating, settings, stores), settings.pairs(15)
    floor, strict = (partial(_each, keeper.run, settings) for keeper in (stores.floor, stores.strict))
    of_ours, of_floor = in_turns(ours, floor, pairs)
    again, of_strict = in_turns(ours, strict, pairs)
    return compared(
        f"runs-many, {stores.size:,}",
        f"creating a run of 5 tags and 10 scalars through the API, at {stores.size:,} runs",
        "hand-written SQLite, a commit at the start and one on the disk at the end",
        "ms",
        of_ours,
        of_floor,
        goal=3.0,
        note="against a commit for each tag and scalar, which then survive a kill as ours do: "
        f"{Ratio.of(again, of_strict).median:.2f}x ({median(of_strict):.2f} ms)",
    )


def _creating(settings: Settings, stores: _Stores) -> float:
    return _each(stores.ours.run, settings)


def _each(run: Callable[[dict[str, str], dict[str, float]], None], settings: Settings) -> float:
    """The milliseconds of one of some more."""
    count = settings.count(50, 5)
    started = perf_counter()
    for number in range(_RARE, _RARE + count):
        run(*_said(number))
    return (perf_counter() - started) * 1e3 / count


def _first(tags: dict[str, str] | None, stores: _Stores) -> float:
    return stores.ours.first(tags)


def _growth(name: str, what: str, few: _Stores, many: _Stores, measure: Callable[[_Stores], float], pairs: int) -> Row:
    of_many, of_few = in_turns(partial(measure, many), partial(measure, few), pairs)
    measured, floor = f"{what}, at {many.size:,} runs", f"the same at {few.size:,}"
    return compared(f"runs-many, {name}", measured, floor, "ms", of_many, of_few, goal=1.25)


def _files(stores: _Stores) -> Row:
    return Row(
        "runs-many, files",
        f"files in a store of more than {stores.size:,} runs, each",
        "none",
        "a run",
        ours=stores.ours.files() / stores.size,
        goal_of_ours=1.0,
    )


BENCHMARKS: dict[str, Benchmark] = {"runs-many": runs_many}
