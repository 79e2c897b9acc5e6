"""A metric as so many columns: the lowest and the highest number of each, whichever way the columns go."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from localexp import Workspace
from localexp.store import curves, experiments, points
from localexp.store.curves import Stretch
from localexp.store.values import to_cell
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_values = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.text(max_size=3), st.none(), st.booleans())
_steps = st.integers(-(2**62), 2**62)
_columns = st.integers(2, 30)


def is_number(value: object) -> bool:
    is_small = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return is_small or (isinstance(value, float) and math.isfinite(value))


def add_metric(db: sqlite3.Connection, logged: list[tuple[int | None, object]]) -> int:
    """A metric of a new run with (step, value), logged a second each after the other; its key."""
    experiment = experiments.get_or_create(db, "digits", 1)
    run = add_run(db, experiment.key, f"run-{db.execute('SELECT count(*) FROM _runs').fetchone()[0]}")
    said = [(place * 1_000_000, place, step, to_cell(value)) for place, (step, value) in enumerate(logged)]  # type: ignore[arg-type]
    points.append(db, run, 1, "loss", "scalar", said)
    return points.summaries(db, run)[0].key


def expected(placed: list[tuple[int, object]]) -> list[tuple[int, float | None, float | None, int]]:
    """What each column that has values is to hold, of (column, value)."""
    found = []
    for column in sorted({column for column, _ in placed}):
        values = [value for place, value in placed if place == column]
        numbers = [value for value in values if is_number(value)]
        lowest, highest = min(numbers, default=None), max(numbers, default=None)  # type: ignore[type-var]
        found.append((column, lowest, highest, len(values) - len(numbers)))
    return found  # type: ignore[return-value]


def told(stretches: list[Stretch]) -> list[tuple[int, float | None, float | None, int]]:
    return [(one.column, one.lowest, one.highest, one.odd) for one in stretches]


def column_of(value: float, low: float, high: float, columns: int) -> int:
    scale = (columns - 1) / (high - low) if high > low else 0.0
    return min(max(int((value - low) * scale + 0.5), 0), columns - 1)


@given(st.lists(st.tuples(st.none() | _steps, _values), min_size=1, max_size=40), _columns)
def test_columns_hold_the_extremes_of_what_lies_in_them(
    workspace: Workspace, logged: list[tuple[int | None, object]], columns: int
) -> None:
    with workspace._store.main.writing() as db:
        metric = add_metric(db, logged)
        known = curves.steps(db, metric)
        low, high = known.lowest or 0, known.highest or 0
        by_step = told(curves.over_steps(db, metric, low, high, columns))
        end = (len(logged) - 1) * 1_000_000
        by_time = told(curves.over_time(db, metric, 0, end, columns))
        last_step = curves.last_step(db, metric)

    steps = [step for step, _ in logged if step is not None]
    assert (known.lowest, known.highest, known.count) == (
        min(steps, default=None),
        max(steps, default=None),
        len(steps),
    )
    assert by_step == expected([(column_of(s, low, high, columns), value) for s, value in logged if s is not None])
    placed = [(column_of(place * 1_000_000, 0, end, columns), value) for place, (_, value) in enumerate(logged)]
    assert by_time == expected(placed)
    assert last_step == logged[-1][0]


@given(st.lists(_values, min_size=1, max_size=100), _columns)
def test_by_their_order_columns_have_as_many_values_as_their_neighbours(
    workspace: Workspace, values: list[object], columns: int
) -> None:
    with workspace._store.main.writing() as db:
        metric = add_metric(db, [(None, value) for value in values])
        found = curves.over_count(db, metric, len(values), columns)

    numbers = [value for value in values if is_number(value)]
    assert min((one.lowest for one in found if one.lowest is not None), default=None) == min(numbers, default=None)  # type: ignore[type-var]
    assert max((one.highest for one in found if one.highest is not None), default=None) == max(numbers, default=None)  # type: ignore[type-var]
    assert sum(one.odd for one in found) == len(values) - len(numbers)
    assert [one.column for one in found] == sorted({one.column for one in found})
    assert len(found) == min(len(values), columns)
    assert (found[0].column, found[-1].column) in ((0, columns - 1), (0, 0))
