"""Metrics are logged and read as in Azure ML (azure-ml-v1.md, sections 2.2 and 2.3), or differ from it on purpose."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None) as run:
        yield run


def test_logging_returns_nothing(run: Run) -> None:
    calls = [
        run.log("a", 1),  # type: ignore[func-returns-value]
        run.log_list("b", [1]),  # type: ignore[func-returns-value]
        run.log_row("c", x=1),  # type: ignore[func-returns-value]
        run.log_table("d", {"x": [1]}),  # type: ignore[func-returns-value]
    ]

    assert calls == [None] * 4


@pytest.mark.parametrize("value", [1.5, 3, "text", True, None, 2**70, math.inf, -math.inf])
def test_native_scalars_come_back_unchanged(run: Run, value: object) -> None:
    run.log("value", value)

    found = run.get_metrics()["value"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", [[1, 2], range(3), (n for n in [1])])
def test_a_list_is_no_scalar_and_log_list_is_named(run: Run, value: object) -> None:
    with pytest.raises(UserErrorException, match="log_list"):
        run.log("value", value)


@pytest.mark.parametrize("value", [(1, 2), {"a": 1}, {1}, b"bytes", object()])
def test_other_objects_differ_and_are_refused(run: Run, value: object) -> None:
    with pytest.raises(UserErrorException, match="value"):
        run.log("value", value)

    assert run.get_metrics() == {}


def test_a_value_logged_once_is_bare_and_then_a_list_in_order(run: Run) -> None:
    run.log("loss", 2)
    assert run.get_metrics() == {"loss": 2}

    run.log("loss", 1)
    assert run.get_metrics() == {"loss": [2, 1]}


def test_a_name_gives_a_dict_of_that_metric_or_an_empty_one(run: Run) -> None:
    run.log("a", 1)
    run.log("b", 2)

    assert run.get_metrics(name="a") == {"a": 1}
    assert run.get_metrics(name="c") == {}


def test_a_step_is_not_returned_with_the_values(run: Run) -> None:
    run.log("loss", 2.0, step=10)
    run.log("loss", 1.0, step=10)

    assert run.get_metrics() == {"loss": [2.0, 1.0]}


def test_steps_differ_and_are_had_back_from_the_history(run: Run) -> None:
    run.log("loss", 2.0, step=10)

    assert list(run.get_metric_history("loss").steps) == [10]


def test_log_metric_differs_and_is_there(run: Run) -> None:
    run.log_metric("loss", 1)

    assert run.get_metrics() == {"loss": 1}


def test_a_list_of_one_is_bare_and_lists_are_joined(run: Run) -> None:
    run.log_list("values", [1])
    assert run.get_metrics() == {"values": 1}

    run.log_list("values", [2, 3])
    assert run.get_metrics() == {"values": [1, 2, 3]}


@pytest.mark.parametrize("value", [[[1], [2]], [{"a": 1}], [object()]])
def test_elements_of_a_list_are_scalars(run: Run, value: object) -> None:
    with pytest.raises(UserErrorException):
        run.log_list("values", value)

    assert run.get_metrics() == {}


def test_integers_among_floats_differ_and_stay_integers(run: Run) -> None:
    run.log("value", 1.5)
    run.log("value", 2)
    run.log_list("values", [1, 2.5])

    assert [type(value) for value in run.get_metrics()["value"]] == [float, int]
    assert [type(value) for value in run.get_metrics()["values"]] == [int, float]


def test_an_empty_list_differs_and_is_a_no_op_with_a_warning(run: Run) -> None:
    with pytest.warns(UserWarning, match="values"):
        run.log_list("values", [])
    with pytest.warns(UserWarning, match="rows"):
        run.log_table("rows", {})

    assert run.get_metrics() == {}


def test_a_row_is_a_dict_of_bare_values_and_rows_one_of_lists(run: Run) -> None:
    run.log_row("rows", x=1, y=2.0)
    assert run.get_metrics() == {"rows": {"x": 1, "y": 2.0}}

    run.log_row("rows", x=3, y=4.0)
    assert run.get_metrics() == {"rows": {"x": [1, 3], "y": [2.0, 4.0]}}


def test_a_list_in_a_row_is_refused(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.log_row("rows", x=[1, 2])


def test_rows_of_different_columns_differ_and_are_filled_with_none(run: Run) -> None:
    run.log_row("rows", x=1)
    run.log_row("rows", x=2, y=3)

    assert run.get_metrics() == {"rows": {"x": [1, 2], "y": [None, 3]}}


def test_a_table_is_a_dict_of_columns_and_tables_follow_each_other(run: Run) -> None:
    run.log_table("rows", {"x": [1, 2], "y": [3, 4]})
    run.log_table("rows", {"x": [5], "y": [6]})

    assert run.get_metrics() == {"rows": {"x": [1, 2, 5], "y": [3, 4, 6]}}


def test_a_table_of_scalars_is_one_row(run: Run) -> None:
    run.log_table("rows", {"x": 1, "y": "a"})

    assert run.get_metrics() == {"rows": {"x": 1, "y": "a"}}


def test_columns_of_different_length_are_refused(run: Run) -> None:
    with pytest.raises(UserErrorException):
        run.log_table("rows", {"x": [1, 2], "y": [3]})

    assert run.get_metrics() == {}


def test_metrics_of_descendants_are_by_run_and_without_those_that_have_none(run: Run) -> None:
    run.log("loss", 1)
    with run.child_run(run_id="child") as child, child.child_run(run_id="grandchild") as grandchild:
        grandchild.log("loss", 2)

    assert run.get_metrics(recursive=True) == {run.id: {"loss": 1}, "grandchild": {"loss": 2}}
    assert run.get_metrics(recursive=True, run_type="other") == {run.id: {"loss": 1}}


def test_a_name_used_for_two_kinds_of_metric_differs_and_is_refused(run: Run) -> None:
    run.log("loss", 1)

    with pytest.raises(UserErrorException, match="loss"):
        run.log_row("loss", x=1)

    assert run.get_metrics() == {"loss": 1}


def test_metrics_of_a_run_that_has_ended_differ_and_are_refused(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()

    with pytest.raises(UserErrorException, match="Completed"):
        run.log("loss", 1)
