"""The history of a metric: steps, times and values in columns."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise
from time import time_ns

import numpy as np
import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException
from localexp.metrics.history import MetricHistory
from tests.processes import output, python

READ_WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from localexp import Run, Workspace
history = Run.get(Workspace(sys.argv[1]), sys.argv[2]).get_metric_history("loss")
print(history.steps, history.values, history.times.typecode, "pandas" in sys.modules)
"""


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(run_id="first", snapshot_directory=None)


def test_steps_times_and_values_come_back_in_order(run: Run) -> None:
    before = time_ns() // 1000
    for step in range(1000):
        run.log("loss", 1 / (step + 1), step=step * 10)
        run.log("other", 0.0)
    after = time_ns() // 1000

    history = run.get_metric_history("loss")

    assert history.steps.tolist() == [step * 10 for step in range(1000)]
    assert history.values.tolist() == [1 / (step + 1) for step in range(1000)]
    assert all(earlier <= later for earlier, later in pairwise(history.times))
    assert before <= history.times[0] <= history.times[-1] <= after
    assert [column.dtype for column in (history.steps, history.times, history.values)] == [
        np.int64,
        np.int64,
        np.float64,
    ]
    assert len(history) == 1000
    assert repr(history) == "MetricHistory(1000 values)"


def test_without_numpy_the_columns_are_arrays(run: Run) -> None:
    run.log("loss", 0.5, step=3)
    run.log("loss", 0.25, step=4)
    run.complete()

    printed = output(python(READ_WITHOUT_NUMPY, run.experiment.workspace.path, run.id))

    assert printed == f"{array('q', [3, 4])} {array('d', [0.5, 0.25])} q False\n"


def test_values_without_a_step_have_none(run: Run) -> None:
    run.log("loss", 0.5)
    run.log("mixed", 0.5)
    run.log("mixed", 0.25, step=7)

    assert run.get_metric_history("loss").steps is None
    assert run.get_metric_history("mixed").steps.tolist() == [MetricHistory.NO_STEP, 7]


@pytest.mark.parametrize(
    ("logged", "kind"),
    [
        ([1, 2, -(2**63), 2**63 - 1], "int64"),
        ([1, 2.5, 3], "float64"),
        ([0.5, 2**53], "float64"),
        ([math.inf, -math.inf, 0.0], "float64"),
    ],
)
def test_numbers_come_back_as_numbers(run: Run, logged: list[float], kind: str) -> None:
    run.log_list("metric", logged)

    values = run.get_metric_history("metric").values

    assert values.dtype == kind
    assert values.tolist() == logged


def test_nan_is_a_number(run: Run) -> None:
    run.log_list("metric", [0.5, math.nan, 2])

    values = run.get_metric_history("metric").values

    assert values.dtype == "float64"
    assert np.isnan(values).tolist() == [False, True, False]


@pytest.mark.parametrize(
    "logged", [[1, "x"], [True, False], [None, 1.5], [1, 2**63], [0.5, 2**53 + 1], ["a", "b"]], ids=str
)
def test_what_no_type_of_number_holds_exactly_comes_back_as_it_was(run: Run, logged: list[object]) -> None:
    run.log_list("metric", logged)

    values = run.get_metric_history("metric").values

    assert values == logged
    assert list(map(type, values)) == list(map(type, logged))


def test_one_odd_value_among_many_numbers_changes_none_of_them(run: Run) -> None:
    logged: list[object] = [*range(5000), 0.5, *range(5000), "end"]
    run.log_list("metric", logged)

    assert run.get_metric_history("metric").values == logged


def test_rows_are_dicts(run: Run) -> None:
    run.log_row("row", a=1, b="x")
    run.log_row("row", a=2)

    history = run.get_metric_history("row")

    assert history.values == [{"a": 1, "b": "x"}, {"a": 2}]
    assert len(history.times) == 2


def test_charts_are_given_as_get_metrics_gives_them(run: Run) -> None:
    run.log_predictions(
        "chart",
        {
            "schema_type": "predictions",
            "schema_version": "1.0.0",
            "data": {"bin_averages": [0.25], "bin_errors": [0.0], "bin_counts": [1], "bin_edges": [0.0, 1.0]},
        },
    )

    assert run.get_metric_history("chart").values == [run.get_metrics()["chart"]]


def test_a_metric_that_was_never_logged_has_an_empty_history(run: Run) -> None:
    history = run.get_metric_history("none")

    assert len(history) == len(history.values) == 0
    assert history.steps is None


def test_the_name_of_a_metric_is_a_text(run: Run) -> None:
    with pytest.raises(UserErrorException, match="3"):
        run.get_metric_history(3)  # type: ignore[arg-type]


def test_points_of_several_processes_are_in_the_order_of_their_times(run: Run) -> None:
    code = """
        import sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), "first")
        sys.stdin.readline()
        for step in range(500):
            run.log("loss", float(step), step=int(sys.argv[2]))
    """
    others = [python(code, run.experiment.workspace.path, number) for number in range(2)]
    for other in others:
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
    for other in others:
        output(other)

    history = run.get_metric_history("loss")

    assert all(earlier <= later for earlier, later in pairwise(history.times))
    for number in range(2):
        assert history.values[history.steps == number].tolist() == [float(step) for step in range(500)]


def test_the_columns_of_many_points_take_little_more_than_their_bytes(run: Run) -> None:
    code = """
        import sys, tracemalloc
        sys.modules["numpy"] = None
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), "first")
        run.get_metric_history("none")
        tracemalloc.start()
        history = run.get_metric_history("loss")
        print(tracemalloc.get_traced_memory()[1] / len(history))
    """
    for step in range(30_000):
        run.log("loss", 0.5, step=step)
    run.complete()

    # Three columns of eight bytes, and the room that arrays leave to grow into; a list of tuples takes 150.
    assert float(output(python(code, run.experiment.workspace.path))) < 60
