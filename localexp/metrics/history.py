"""Every value of a metric with its step and time, in columns."""

from __future__ import annotations

from array import array

from localexp.store.artifacts import reference
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from localexp.store.values import Cell

    # (step, time, cell)
    Rows: TypeAlias = Iterable[Sequence[tuple[int, int, Cell]]]

NO_STEP = -(2**63)
# Up to here a double has every integer.
EXACT = 2**53


class MetricHistory:
    """The values of one metric in their order, in columns of one length.

    The columns are numpy arrays where numpy is installed, otherwise of ``array.array``.

    ``steps`` are integers of 64 bits, with ``NO_STEP`` for a value that was logged without one; None if all were.
    ``times`` are integers of 64 bits: microseconds since the epoch, UTC. ``values`` are floats of 64 bits, or integers
    of 64 bits if all are; a metric with anything else among its values has a list of them as they were logged, and
    one of rows or charts a list of dicts, or of texts as ``get_metrics`` gives them.
    """

    NO_STEP = NO_STEP

    def __init__(self, steps: Any, times: Any, values: Any) -> None:
        self.steps = steps
        self.times = times
        self.values = values

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"MetricHistory({len(self)} values)"


class _Mixed(Exception):
    """A value is no number, or there is no type of number that holds all of them exactly."""


def history(run_id: str, read: Callable[[], Rows]) -> MetricHistory:
    """The history in the rows of a run that ``read`` gives, stretch by stretch; it may be called twice.

    The step of a row is ``NO_STEP`` where there is none.
    """
    try:
        return _of_columns(*_columns(read(), _Numbers()))
    except _Mixed:
        return _of_columns(*_columns(read(), _Anything(run_id)))


def _of_columns(
    steps: array[int], has_steps: bool, times: array[int], values: array[Any] | list[object]
) -> MetricHistory:
    try:
        from numpy import asarray
    except ImportError:
        return MetricHistory(steps if has_steps else None, times, values)
    # Not copied: numpy looks at the same bytes, which are 64 bits wide, whatever C calls that.
    numbers = values if isinstance(values, list) else asarray(values).view("f8" if values.typecode == "d" else "i8")
    return MetricHistory(asarray(steps).view("i8") if has_steps else None, asarray(times).view("i8"), numbers)


def _columns(
    rows: Rows, values: _Numbers | _Anything
) -> tuple[array[int], bool, array[int], array[Any] | list[object]]:
    steps, times = array("q"), array("q")
    has_steps = False
    for stretch in rows:
        of_steps, of_times, cells = zip(*stretch, strict=True)
        has_steps = has_steps or of_steps.count(NO_STEP) < len(of_steps)
        # An array from a tuple is made faster than one is made longer by a tuple.
        steps.extend(array("q", of_steps))
        times.extend(array("q", of_times))
        values.extend(cells)
    return steps, has_steps, times, values.found


class _Anything:
    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.found: list[object] = []

    def extend(self, cells: tuple[Cell, ...]) -> None:
        self.found.extend(self._told(from_cell(cell)) for cell in cells)

    def _told(self, value: object) -> object:
        return reference(self._run_id, value.name) if isinstance(value, Reference) else value


class _Numbers:
    """Floats, or integers as long as there are no floats."""

    def __init__(self) -> None:
        self.found: array[Any] = array("q")

    def extend(self, cells: tuple[Cell, ...]) -> None:
        kinds = set(map(type, cells))
        numbers: Sequence[object] = cells
        if bytes in kinds:
            numbers = [from_cell(cell) for cell in cells]
            kinds = set(map(type, numbers))
        if not kinds <= {float, int}:
            raise _Mixed
        if float in kinds and self.found.typecode == "q":
            self.found = _floats(self.found, are_integers=True)
        if self.found.typecode == "q":
            self.found.extend(_integers(numbers))
        else:
            self.found.extend(_floats(numbers, are_integers=int in kinds))


def _integers(numbers: Iterable[Any]) -> array[int]:
    try:
        return array("q", numbers)
    except OverflowError:
        raise _Mixed from None


def _floats(numbers: Iterable[Any], are_integers: bool) -> array[float]:
    if are_integers and any(isinstance(number, int) and abs(number) > EXACT for number in numbers):
        raise _Mixed
    return array("d", numbers)
