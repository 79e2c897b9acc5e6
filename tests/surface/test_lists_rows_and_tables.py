"""Lists, rows and tables: what may be logged, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Experiment, Run, Workspace
from localexp.errors import UserErrorException

CELLS = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.text(max_size=5))
COLUMNS = st.text(alphabet="abcé/ ", min_size=1, max_size=3)


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


@pytest.mark.parametrize(
    "logged",
    [
        [1, 2.5, "x", None, True],
        (1, 2),
        range(3),
        (n for n in [4, 5]),
        np.arange(3),
        np.array([0.5, math.inf]),
        np.array([1, 2], dtype=np.uint64),
        np.array([1, 2], dtype=np.longdouble),
        pd.Series([1.5, 2.5]),
        [np.int64(3), np.float32(0.5)],
        {"a": 1, "b": 2}.values(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_list_comes_back_in_order(run: Run, logged: object) -> None:
    run.log_list("m", logged)

    values = run.get_metrics()["m"]

    expected = [4, 5] if hasattr(logged, "send") else list(logged)  # type: ignore[call-overload]
    assert values == expected
    assert {type(value) for value in values} <= {int, float, str, bool, type(None)}


def test_a_list_of_one_is_a_bare_value_and_lists_of_one_name_follow_each_other(run: Run) -> None:
    run.log_list("one", [7])
    run.log_list("more", [1, 2])
    run.log("more", 3)
    run.log_list("more", [4])

    assert run.get_metrics() == {"one": 7, "more": [1, 2, 3, 4]}


def test_a_long_list_is_read_whole(run: Run) -> None:
    run.log_list("m", range(25_001))

    assert run.get_metrics()["m"] == list(range(25_001))


@pytest.mark.parametrize(
    "value",
    [5, None, "text", b"bytes", [[1]], [1, object()], np.array(3), np.ones((2, 2)), {"a": 1}, pd.DataFrame({"a": [1]})],
    ids=[
        "number",
        "none",
        "text",
        "bytes",
        "nested",
        "object within",
        "array without dimension",
        "matrix",
        "dict",
        "frame",
    ],
)
def test_what_is_no_list_of_scalars_is_refused_and_nothing_of_it_logged(run: Run, value: object) -> None:
    with pytest.raises(UserErrorException, match=r"^metric 'm': "):
        run.log_list("m", value)

    assert run.get_metrics() == {}


@pytest.mark.parametrize(
    "log",
    [
        lambda run: run.log_list("m", []),
        lambda run: run.log_table("m", {}),
        lambda run: run.log_table("m", {"a": []}),
        lambda run: run.log_row("m"),
    ],
)
def test_what_is_empty_is_a_no_op_with_a_warning(run: Run, log: Callable[[Run], None]) -> None:
    with pytest.warns(UserWarning, match="metric 'm': an empty (list|table|row) logs nothing"):
        log(run)

    assert run.get_metrics() == {}


def test_one_row_is_a_dict_of_bare_values_and_several_are_lists_by_column(run: Run) -> None:
    run.log_row("m", x=1, y=2.5)
    assert run.get_metrics() == {"m": {"x": 1, "y": 2.5}}

    run.log_row("m", description="kept with the metric", x=3, y=None)
    assert run.get_metrics() == {"m": {"x": [1, 3], "y": [2.5, None]}}


def test_what_a_row_lacks_is_none(run: Run) -> None:
    run.log_row("m", x=1)
    run.log_row("m", y=2)
    run.log_table("m", {"x": [3], "z": [4]})

    assert run.get_metrics() == {"m": {"x": [1, None, 3], "y": [None, 2, None], "z": [None, None, 4]}}


@pytest.mark.parametrize(
    "table",
    [
        {"x": [1, 2], "y": ["a", "b"]},
        {"x": np.array([1, 2]), "y": ("a", "b")},
        {"x": range(1, 3), "y": pd.Series(["a", "b"])},
        pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}),
    ],
    ids=["lists", "array and tuple", "range and series", "data frame"],
)
def test_a_table_may_be_of_any_kind_of_columns(run: Run, table: object) -> None:
    run.log_table("m", table)

    assert run.get_metrics() == {"m": {"x": [1, 2], "y": ["a", "b"]}}


def test_a_cell_that_is_missing_in_a_frame_is_none(run: Run) -> None:
    run.log_table("m", pd.DataFrame({"x": pd.array([1, None], dtype="Int64")}))

    assert run.get_metrics() == {"m": {"x": [1, None]}}


def test_a_table_of_scalars_is_a_row(run: Run) -> None:
    run.log_table("m", {"x": 1, "y": np.float64(0.5), "z": np.array(2)})

    assert run.get_metrics() == {"m": {"x": 1, "y": 0.5, "z": 2}}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ([1, 2], "a list is no table"),
        ("x", "a str is no table"),
        ({"x": [1, 2], "y": [1]}, "the columns of a table are of one length; x has 2, y has 1"),
        ({"x": [1, 2], "y": 1}, "x has 2, y has 1"),
        ({"x": [object()]}, "metric 'm: x': an object is not a number"),
        ({5: [1]}, "the column 5 is of type int"),
        (pd.DataFrame({"x": [1, 2]}).to_dict(), r"'m: x': a dict is no column; .* as DataFrame.to_dict\('list'\)"),
        ({"x": {"a": 1}}, "metric 'm: x': a dict is no column"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "the table has several columns 'x'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_is_refused(run: Run, table: object, problem: str) -> None:
    with pytest.raises(UserErrorException, match=problem):
        run.log_table("m", table)

    assert run.get_metrics() == {}


def test_a_cell_of_a_row_is_a_scalar(run: Run) -> None:
    with pytest.raises(UserErrorException, match="metric 'm: x': a list is not a number"):
        run.log_row("m", x=[1])


@given(rows=st.lists(st.dictionaries(COLUMNS, CELLS, min_size=1, max_size=3), min_size=1, max_size=8))
@settings(max_examples=40)
def test_rows_come_back_aligned_as_from_plain_dicts(experiment: Experiment, rows: list[dict[str, object]]) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    for row in rows:
        run.log_table("m", row)

    columns = list(dict.fromkeys(column for row in rows for column in row))
    lists = {column: [row.get(column) for row in rows] for column in columns}
    expected = {column: cells[0] if len(rows) == 1 else cells for column, cells in lists.items()}
    found = run.get_metrics()["m"]
    assert found == expected
    assert repr(found) == repr(expected)
    run.complete()


def test_kinds_that_do_not_go_together_are_refused_under_one_name(run: Run) -> None:
    run.log("m", 1)
    with pytest.raises(UserErrorException, match="the metric 'm' was logged as a scalar before"):
        run.log_row("m", x=1)
    run.log_row("n", x=1)
    with pytest.raises(UserErrorException, match="the metric 'n' was logged as a row before"):
        run.log("n", 1)

    assert run.get_metrics() == {"m": 1, "n": {"x": 1}}


def test_where_two_processes_mix_kinds_the_first_is_read_and_the_run_says_so(workspace: Workspace, run: Run) -> None:
    run.log("m", 1)
    run.flush()
    other = Run.get(workspace, run.id)
    other._writer = other._attached_writer()
    other.log_row("m", x=1)
    other.log_row("m", x=2)
    run.log("m", 2)

    assert run.get_metrics() == {"m": [1, 2]}
    warnings = [warning["message"] for warning in run.get_details()["warnings"]]
    assert warnings == [
        "the metric 'm' was logged as a scalar and as a row; get_metrics gives what was logged as scalar"
    ]
