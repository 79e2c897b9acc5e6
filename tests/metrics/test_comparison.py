"""What two runs logged is compared by name, kind, count, step and value, numbers within a tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import Experiment, Run
from localexp.metrics.comparison import Difference, differences
from tests.processes import output, python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")


def logged(experiment: Experiment, *values: object, name: str = "m") -> Run:
    run = experiment.start_logging(snapshot_directory=None)
    for value in values:
        run.log(name, value)
    run.complete()
    return run


def logged_by(experiment: Experiment, log: Callable[[Run], object]) -> Run:
    with experiment.start_logging(snapshot_directory=None) as run:
        log(run)
    return run


def compared(one: Run, other: Run, tolerance: float = 0.0) -> list[Difference]:
    with one.experiment.workspace._store.main.reading() as db:
        return differences(db, one._current().key, other._current().key, tolerance)


def texts(one: Run, other: Run, tolerance: float = 0.0) -> list[str]:
    return [str(found) for found in compared(one, other, tolerance)]


@pytest.mark.parametrize(
    ("then", "now", "tolerance"),
    [
        (0.5, 0.5, 0.0),
        (1, 1.0, 0.0),
        (NAN, NAN, 0.0),
        (float("inf"), float("inf"), 0.1),
        (1.0, 1.0009, 1e-3),
        (0, 1e-4, 1e-3),
        (-1e-4, 0.0, 1e-3),
        (2**70, 2**70, 0.0),
        pytest.param(10**400, 10**400, 0.1, id="huge"),
        ("text", "text", 0.0),
        (True, True, 0.0),
        (None, None, 0.0),
    ],
)
def test_what_is_the_same(experiment: Experiment, then: object, now: object, tolerance: float) -> None:
    assert texts(logged(experiment, then), logged(experiment, now), tolerance) == []


@pytest.mark.parametrize(
    ("then", "now", "tolerance"),
    [
        (0.5, 0.5000000001, 0.0),
        (1, True, 0.1),
        (1, "1", 0.1),
        (NAN, 1.0, 0.1),
        (float("inf"), 1e300, 0.1),
        (1.0, 1.002, 1e-3),
        (1e-9, 2e-9, 1e-3),
        (0, 1e-2, 1e-3),
        (2**53, 2**53 + 1, 0.0),
        (2**70, 2**70 + 1, 0.0),
        pytest.param(10**400, 2 * 10**400, 0.1, id="huge"),
        ("text", "Text", 0.1),
        (None, 0, 0.1),
    ],
)
def test_what_is_not_the_same(experiment: Experiment, then: object, now: object, tolerance: float) -> None:
    [found] = compared(logged(experiment, 5, then), logged(experiment, 5, now), tolerance)

    assert (found.metric, found.aspect, found.index, found.step, found.differing) == ("m", "value", 1, None, 1)
    assert (repr(found.then), repr(found.now)) == (repr(then), repr(now))


def test_the_first_of_many_values_is_told_with_its_step(experiment: Experiment) -> None:
    def falling(*values: float) -> Run:
        with experiment.start_logging(snapshot_directory=None) as run:
            for number, value in enumerate(values):
                run.log("m", value, step=10 * number)
        return run

    assert texts(falling(0.0, 0.1, 0.2, 0.3, 0.4), falling(0.0, 0.1, 0.2, 0.2, 0.2)) == [
        "m: 0.3 then, 0.2 now, at step 30, the first of 2 that differ"
    ]


def test_names_kinds_counts_and_steps_are_compared(experiment: Experiment) -> None:
    def log_one(run: Run) -> None:
        run.log("gone", 1)
        run.log("kind", 1)
        run.log_list("longer", [1, 2])
        run.log("step", 1, step=1)
        run.log("step", 2, step=2)

    def log_other(run: Run) -> None:
        run.log_row("kind", value=1)
        run.log_list("longer", [1, 2, 3])
        run.log("step", 1, step=1)
        run.log("step", 2)
        run.log("new", 1)
        run.log("new", 2)

    assert texts(logged_by(experiment, log_one), logged_by(experiment, log_other)) == [
        "gone: 1 value then, no values now",
        "kind: kind 'scalar' then, 'row' now",
        "longer: 2 values then, 3 values now",
        "step: step 2 then, None now, at value 2",
        "new: no values then, 2 values now",
    ]


def test_rows_are_compared_cell_by_cell(experiment: Experiment) -> None:
    one = logged_by(experiment, lambda run: run.log_table("t", {"a": [1, 2], "b": [0.5, NAN]}))
    close = logged_by(experiment, lambda run: run.log_table("t", {"b": [0.5001, NAN], "a": [1, 2]}))
    other = logged_by(experiment, lambda run: run.log_table("t", {"a": [1, 2], "c": [0.5, NAN]}))

    assert texts(one, close, 1e-2) == []
    assert len(texts(one, close)) == 1
    assert [found.differing for found in compared(one, other)] == [2]


def test_long_texts_are_shown_by_their_beginning(experiment: Experiment) -> None:
    assert texts(logged(experiment, "a"), logged(experiment, 1)) == ["m: 'a' then, 1 now, at value 1"]

    [found] = compared(logged(experiment, "a" * 5000), logged(experiment, "a" * 5000 + "b"))

    assert len(str(found)) < 300
    assert found.now == "a" * 5000 + "b"


def test_charts_are_compared_as_files(experiment: Experiment) -> None:
    def chart(value: float) -> Run:
        data = {"bin_averages": [value], "bin_errors": [0.1], "bin_counts": [1], "bin_edges": [0.0, 1.0]}
        chart = {"schema_type": "predictions", "schema_version": "1.0.0", "data": data}
        return logged_by(experiment, lambda run: run.log_predictions("p", chart))

    assert texts(chart(0.5), chart(0.5)) == []
    assert texts(chart(0.5), chart(0.6)) == ["p: 'p' then, 'p' now, at value 1"]


@pytest.mark.filterwarnings("ignore:the metric 'system/cpu_percent'")
def test_what_localexp_samples_is_left_out(experiment: Experiment) -> None:
    one, other = (logged(experiment, value, name="system/cpu_percent") for value in (1.0, 2.0))

    assert texts(one, other) == []
    one, other = (logged(experiment, value, name="system/other") for value in (1.0, 2.0))
    assert texts(one, other) != []


def test_the_order_in_which_processes_came_to_log_does_not_count(experiment: Experiment, tmp_path: Path) -> None:
    code = """
        import sys
        from localexp import Run, Workspace
        run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
        for text in sys.argv[3:]:
            run.log("m", float(text), step=1)
    """

    def logged_by_two(*ranks: list[float]) -> Run:
        with experiment.start_logging(snapshot_directory=None) as run:
            for values in ranks:
                output(python(code, experiment.workspace.path, run.id, *values))
        return run

    one, other = logged_by_two([1.0, 3.0], [2.0]), logged_by_two([2.0], [1.0, 3.0])
    assert texts(one, other) == []
    assert texts(one, logged_by_two([2.0], [1.0, 4.0])) == ["m: 3.0 then, 4.0 now, at step 1"]
