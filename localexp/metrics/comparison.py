"""Whether what a run logged is what another logged."""

from __future__ import annotations

import math

from localexp.metrics.system import SAMPLED
from localexp.store import artifacts, points
from localexp.store.values import Reference, from_cell, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from localexp.store.points import Summary
    from localexp.store.values import Cell, Value

    # (step, cell)
    Point: TypeAlias = tuple[int | None, Cell]
    Files: TypeAlias = dict[str, tuple[int, str]]

_LONGEST_SHOWN = 100


class Difference:
    """What one of two runs logged, and the other did not.

    ``metric`` is its name, ``child`` the child run that logged it, None for the run itself. ``aspect`` says what
    ``then`` and ``now`` are: a ``"value"``, a ``"step"``, the ``"kind"`` of the metric, or its ``"count"`` of values,
    0 if it was not logged at all. Of values and steps these are the first that differ, at the position ``index``,
    counted from 0, and the step ``step``, None if the value had none; ``differing`` is how many do. An image or chart
    is the name of its file.
    """

    def __init__(
        self,
        metric: str,
        aspect: str,
        then: object,
        now: object,
        index: int | None = None,
        step: int | None = None,
        differing: int = 1,
    ) -> None:
        self.metric = metric
        self.child: str | None = None
        self.aspect = aspect
        self.then = then
        self.now = now
        self.index = index
        self.step = step
        self.differing = differing

    def __str__(self) -> str:
        name = self.metric if self.child is None else f"{self.child} > {self.metric}"
        if self.aspect == "count":
            return f"{name}: {_counted(self.then)} then, {_counted(self.now)} now"
        what = "" if self.aspect == "value" else f"{self.aspect} "
        return f"{name}: {what}{_shown(self.then)} then, {_shown(self.now)} now{self._place()}"

    def __repr__(self) -> str:
        return f"Difference({self})"

    def _place(self) -> str:
        if self.index is None:
            return ""
        at = f"value {self.index + 1}" if self.step is None or self.aspect == "step" else f"step {self.step}"
        more = f", the first of {self.differing:,} that differ" if self.differing > 1 else ""
        return f", at {at}{more}"

    def as_json(self) -> dict[str, object]:
        """It as plain data."""
        return dict(vars(self))


class Sides:
    """A metric of either of two runs that is not the same, ``then`` and ``now`` what is known of it, None where it was
    not logged. Where that has the same number and range of values, ``first`` is the first step or value that differs.
    """

    __slots__ = ("first", "name", "now", "then")

    def __init__(self, name: str, then: Summary | None, now: Summary | None, first: Difference | None = None) -> None:
        self.name = name
        self.then = then
        self.now = now
        self.first = first


def sides(db: sqlite3.Connection, then: int, now: int) -> list[Sides]:
    """The metrics that are not the same in two runs. Their points are read only where summaries do not tell."""
    before, after = _summaries(db, then), _summaries(db, now)
    files = _files(db, then), _files(db, now)
    found = []
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        if one is None or other is None or _extent(one) != _extent(other):
            found.append(Sides(name, one, other))
        elif (first := next(_differences_of(db, one, other, files, 0.0), None)) is not None:
            found.append(Sides(name, one, other, first))
    return found


def _extent(summary: Summary) -> tuple[object, ...]:
    return summary.kind, summary.count, summary.min, summary.max


def differences(
    db: sqlite3.Connection, then: int | None, now: int | None, tolerance: float, child: str | None = None
) -> list[Difference]:
    """What differs between the metrics of two runs, given by their keys, in the order in which they came up.

    One that is None has none. Compared are names, kinds, counts, steps and values, in their order; of a metric to
    which several processes have logged, the order of whose values is up to chance, by step and value. NaN equals NaN,
    and 1 equals 1.0, but not True. Numbers are equal if they differ by no more than ``tolerance`` times the larger of
    the two, or ``tolerance`` itself if one of them is 0. Images and charts are compared as files, byte by byte. What
    localexp samples by itself is left out.
    """
    found = list(_found(db, then, now, tolerance))
    for one in found:
        one.child = child
    return found


def _found(db: sqlite3.Connection, then: int | None, now: int | None, tolerance: float) -> Iterator[Difference]:
    before, after = _summaries(db, then), _summaries(db, now)
    files = _files(db, then), _files(db, now)
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            counts = (0 if one is None else one.count), (0 if other is None else other.count)
            yield Difference(name, "count", *counts)
        elif one.kind != other.kind:
            yield Difference(name, "kind", one.kind, other.kind)
        else:
            yield from _differences_of(db, one, other, files, tolerance)


def count(db: sqlite3.Connection, run: int) -> int:
    """How many metrics of a run are compared."""
    return len(_summaries(db, run))


def _files(db: sqlite3.Connection, run: int | None) -> Files:
    return {} if run is None else artifacts.of_run(db, run)


def _summaries(db: sqlite3.Connection, run: int | None) -> dict[str, Summary]:
    if run is None:
        return {}
    return {one.name: one for one in points.summaries(db, run) if one.name not in SAMPLED}


def _differences_of(
    db: sqlite3.Connection, then: Summary, now: Summary, files: tuple[Files, Files], tolerance: float
) -> Iterator[Difference]:
    if then.count != now.count:
        yield Difference(then.name, "count", then.count, now.count)
    step: Difference | None = None
    value: Difference | None = None
    for index, (one, other) in enumerate(_pairs(db, then, now)):
        if one[0] != other[0]:
            step = _also(step, Difference(then.name, "step", one[0], other[0], index, one[0]))
        elif not _is_same(one[1], other[1], files, tolerance):
            values = _plain(one[1]), _plain(other[1])
            value = _also(value, Difference(then.name, "value", *values, index, one[0]))
    yield from filter(None, (step, value))


def _also(first: Difference | None, found: Difference) -> Difference:
    if first is None:
        return found
    first.differing += 1
    return first


def _pairs(db: sqlite3.Connection, then: Summary, now: Summary) -> Iterable[tuple[Point, Point]]:
    """The points of both as far as both have some."""
    is_by_chance = points.has_several_writers(db, then.key) or points.has_several_writers(db, now.key)
    one, other = points.steps_and_values(db, then.key), points.steps_and_values(db, now.key)
    if is_by_chance:
        return zip(sorted(one, key=_order), sorted(other, key=_order), strict=False)
    return zip(one, other, strict=False)


def _order(point: Point) -> tuple[bool, int, str, Cell]:
    step, cell = point
    kind = "number" if isinstance(cell, (int, float)) else type(cell).__name__
    return step is None, step or 0, kind, "" if cell is None else cell


def _is_same(then: Cell, now: Cell, files: tuple[Files, Files], tolerance: float) -> bool:
    if type(then) is type(now) and then == now and not _is_file(then):
        return True
    one, other = from_cell(then), from_cell(now)
    if isinstance(one, Reference) and isinstance(other, Reference):
        return _have_same_bytes(one, other, files)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_close(one[key], other[key], tolerance) for key in one)
    return _is_close(one, other, tolerance)


def _is_file(cell: Cell) -> bool:
    return isinstance(cell, bytes) and cell[:1] == b"r"


def _have_same_bytes(then: Reference, now: Reference, files: tuple[Files, Files]) -> bool:
    one, other = files[0].get(then.name), files[1].get(now.name)
    return one is not None and one == other


def _is_close(one: object, other: object, tolerance: float) -> bool:
    if not is_number(one) or not is_number(other):
        return type(one) is type(other) and one == other
    if one == other or (one != one and other != other):
        return True
    if tolerance == 0:
        # As floats, two large integers might be the same.
        return False
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance if 0 in (one, other) else 0.0)
    except OverflowError:
        return False


def _plain(cell: Cell) -> object:
    value: Value = from_cell(cell)
    return value.name if isinstance(value, Reference) else value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _counted(count: object) -> str:
    return "no values" if count == 0 else "1 value" if count == 1 else f"{count:,} values"
