"""Finding runs among many: a page, a filter, a sort, and a frame of all, beside SQL that was written by hand.

Then whether they take longer where there are more runs.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from functools import partial

from benchmarks.beside import milliseconds
from benchmarks.environment import temporary_folder
from benchmarks.pairs import in_turns
from benchmarks.query_by_hand import BEST, COMMON, NEWEST, RARE, QueryByHand
from benchmarks.row import Row, compared
from benchmarks.stock import stocked
from localexp.execution.details import summaries
from localexp.execution.searching import search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_FLOOR = "the same rows by hand-written SQL, on a schema that was written for it"
_PAGE = 100


class _Question:
    """A page of runs that is wanted, of localexp and in SQL."""

    def __init__(self, what: str, select: str, filter: str | None = None, order_by: str | None = None) -> None:
        self.what = what
        self.select = select
        self.filter = filter
        self.order_by = order_by


_QUESTIONS = {
    "page": _Question("the newest 100 runs", NEWEST),
    "common filter": _Question(
        "the newest 100 runs of the many that a filter is true of",
        COMMON,
        "status = 'Completed' and tags.model = 'mlp'",
    ),
    "rare filter": _Question(
        "the 100 or so runs that a filter is true of", RARE, "metrics.loss < {most} and params.lr >= 0.01"
    ),
    "sort": _Question("the 100 runs with the least metrics.loss", BEST, order_by="metrics.loss"),
}


class _Stock:
    """A store of ours and one that was written by hand, with the same runs in both."""

    def __init__(self, stack: ExitStack, size: int) -> None:
        print(f"{size:,}", end=" ", file=sys.stderr, flush=True)
        ours, floor = (stack.enter_context(temporary_folder()) for _ in range(2))
        self.size = size
        self._experiment = stocked(ours, size)
        self._floor = stack.enter_context(closing(QueryByHand(floor, size)))
        stack.enter_context(closing(self._experiment.workspace))
        # Of three runs two have a learning rate that is wanted.
        self._most = _PAGE * 1.5 / size

    def check(self, question: _Question) -> None:
        """Have both find the same runs, and the same about them."""
        told = ("id", "number", "status", "tags", "params", "metrics")
        ours = [[run[name] for name in told] for run in self._page(question)]
        floor = [[run[name] for name in told] for run in self._floor.page(question.select, self._most)]
        if ours != floor:
            raise RuntimeError(f"for {question.what} of {self.size:,} localexp and SQL differ")

    def ours(self, question: _Question) -> float:
        return milliseconds(lambda: self._page(question))

    def floor(self, question: _Question) -> float:
        return milliseconds(lambda: self._floor.page(question.select, self._most))

    def frame(self) -> float:
        return milliseconds(self._experiment.to_frame)

    def frame_by_hand(self) -> float:
        return milliseconds(self._floor.frame)

    def _page(self, question: _Question) -> list[dict[str, object]]:
        store = self._experiment.workspace._store
        filter = None if question.filter is None else question.filter.format(most=self._most)
        key = self._experiment._known().key
        found = search(store, experiment=key, filter=filter, order_by=question.order_by, limit=_PAGE)
        return summaries(store, found.records)


def query(settings: Settings) -> list[Row]:
    """At a thousand, ten thousand and a hundred thousand runs."""
    sizes = settings.count(1_000, 200), settings.count(10_000, 400), settings.count(100_000, 800)
    with ExitStack() as stack:
        stocks = [_Stock(stack, size) for size in sizes]
        rows = [_beside(stock, name, question, settings) for name, question in _QUESTIONS.items() for stock in stocks]
        rows += [_frame(stock, settings) for stock in stocks]
        few, *_, many = stocks
        return [*rows, *(_growth(name, question, few, many, settings) for name, question in _QUESTIONS.items())]


def _beside(stock: _Stock, name: str, question: _Question, settings: Settings) -> Row:
    stock.check(question)
    times = in_turns(partial(stock.ours, question), partial(stock.floor, question), settings.pairs(31))
    measured = f"{question.what}, each with its tags, params and metrics, of {stock.size:,}"
    return compared(f"query, {name} of {stock.size:,}", measured, _FLOOR, "ms", *times, goal=2.0)


def _frame(stock: _Stock, settings: Settings) -> Row:
    times = in_turns(stock.frame, stock.frame_by_hand, settings.pairs(3 if stock.size > 50_000 else 11))
    measured = f"experiment.to_frame() of {stock.size:,} runs with 3 tags, 3 params and 10 metrics"
    return compared(f"query, to_frame of {stock.size:,}", measured, _FLOOR, "ms", *times, goal=2.0)


def _growth(name: str, question: _Question, few: _Stock, many: _Stock, settings: Settings) -> Row:
    times = in_turns(partial(many.ours, question), partial(few.ours, question), settings.pairs(51))
    measured, floor = f"{question.what}, of {many.size:,}", f"the same of {few.size:,}"
    return compared(f"query, growth of {name}", measured, floor, "ms", *times, goal=1.25)


BENCHMARKS: dict[str, Benchmark] = {"query": query}
