"""Points of several writers, and the summary that is kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localexp import Experiment, Workspace
from localexp.store import points
from localexp.store.values import NAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.points import Point
    from localexp.store.values import Cell

CELLS = st.one_of(st.integers(-5, 5), st.floats(-5, 5), st.just("text"), st.just(NAN), st.none())
STRETCHES = st.lists(
    st.tuples(st.integers(1, 3), st.lists(st.tuples(st.integers(0, 3), CELLS), min_size=1, max_size=12)), max_size=6
)


@given(stretches=STRETCHES)
def test_the_summary_is_that_of_the_points_in_whatever_order_they_come(
    tmp_path_factory: pytest.TempPathFactory, stretches: list[tuple[int, list[tuple[int, Cell]]]]
) -> None:
    experiment = _experiment(tmp_path_factory)
    run = experiment.start_logging(snapshot_directory=None)
    key, position = run._known().key, 0
    with experiment.workspace._store.main.writing() as db:
        for writer, said in stretches:
            times = sorted(time for time, _ in said)
            rows: list[Point] = [(time, position + n, None, said[n][1]) for n, time in enumerate(times)]
            position += len(rows)
            assert points.append(db, key, writer, "loss", "scalar", rows) == "scalar"
        found = points.values(db, key)
        summaries = points.summaries(db, key)

    if not stretches:
        assert (found, summaries) == ([], [])
        return
    ((_, _, cells),), (summary,) = found, summaries
    numbers = [cell for cell in cells if isinstance(cell, (int, float))]
    assert (summary.count, summary.last) == (len(cells), cells[-1])
    assert (summary.min, summary.max) == (min(numbers, default=None), max(numbers, default=None))


_experiments: list[Experiment] = []


def _experiment(factory: pytest.TempPathFactory) -> Experiment:
    if not _experiments:
        folder = factory.mktemp("store")
        _experiments.append(Experiment(Workspace(folder), "digits"))
    return _experiments[0]
