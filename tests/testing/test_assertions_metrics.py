"""``assert_metrics``: what is compared with what."""

from __future__ import annotations

import io
import math
from decimal import Decimal
from fractions import Fraction
from unittest.mock import ANY

import numpy as np
import pandas as pd
import pytest
from pytest import approx  # noqa: PT013 - as tests of others write it

from localexp import Experiment, Run
from localexp.errors import UserErrorException
from localexp.offline import OfflineRun
from localexp.testing import assert_metrics

MATRIX = {
    "schema_type": "confusion_matrix",
    "schema_version": "1.0.0",
    "data": {"class_labels": ["cat", "dog"], "matrix": [[5, 1], [0, 7]]},
}


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """A run that goes on."""
    return experiment.start_logging(snapshot_directory=None)


def failure(run: Run, **expected: object) -> str:
    """What the test is told of these metrics, without the last lines, which are about the run."""
    with pytest.raises(AssertionError) as caught:
        assert_metrics(run, expected)
    text = str(caught.value)
    return text[: text.index(f"\n  run {run.id} is ")]


@pytest.mark.parametrize(
    "value",
    [0.5, -0.0, 7, 2**80, -(10**400), "text", "", "\x1b[31m\n", True, False, None, math.inf, -math.inf, math.nan],
    ids=repr,
)
def test_what_was_logged_is_as_it_was_logged(run: Run, value: object) -> None:
    run.log("metric", value)

    assert_metrics(run, {"metric": value})
    assert_metrics(run, {"metric": [value]})


@pytest.mark.parametrize(
    ("expected", "logged"),
    [
        (1, True),
        (True, 1),
        (0, False),
        (False, 0.0),
        ("1", 1),
        (1, "1"),
        (None, "None"),
        (None, math.nan),
        (0, None),
        (2**80, 2**80 + 1),
        (2.0**53, 2**53 + 1),
        (math.inf, -math.inf),
        (math.nan, 0.0),
        (approx(0.1), 10**400),
        (approx(0.1), "0.1"),
        (approx(0.1), None),
        (approx(math.nan), math.nan),
        (approx(math.inf), 1e308),
    ],
)
def test_what_was_not_logged_is_told_apart(run: Run, expected: object, logged: object) -> None:
    run.log("metric", logged)

    assert failure(run, metric=expected).startswith(("metric metric: expected ", "metrics not as expected: 'metric'"))


@pytest.mark.parametrize(
    "expected",
    [
        0.5,
        approx(0.4999, abs=1e-3),
        np.float64(0.5),
        np.float32(0.5),
        np.array(0.5),
        Decimal("0.5"),
        Fraction(1, 2),
        approx(Decimal("0.5")),
        approx(np.float64(0.5)),
        ANY,
        [ANY],
        np.array([0.5]),
        (0.5,),
        pd.Series([0.5]),
        approx([0.5]),
        approx(np.array([0.5])),
        [approx(0.5)],
    ],
    ids=repr,
)
def test_numbers_may_be_written_in_many_ways(run: Run, expected: object) -> None:
    run.log("loss", 0.5)

    assert_metrics(run, {"loss": expected})


def test_an_approximation_of_nan_says_that_it_may_be_nan(run: Run) -> None:
    run.log("loss", math.nan)

    assert_metrics(run, {"loss": approx(math.nan, nan_ok=True)})
    assert failure(run, loss=approx(math.nan)).endswith("got nan (approx(..., nan_ok=True) takes NaN for equal)")


def test_one_value_is_compared_with_the_last_and_a_list_with_all(run: Run) -> None:
    run.log_list("loss", [0.5, 0.25])

    assert_metrics(run, {"loss": 0.25})
    assert_metrics(run, {"loss": [0.5, 0.25]})
    assert failure(run, loss=0.5) == "metric loss: expected 0.5, got 0.25 (the last of 2 values)"
    assert failure(run, loss=[]).splitlines()[2:] == ["  len(loss)  0         2", "  loss[0]    nothing   0.5"]


def test_of_lists_the_first_value_that_differs_is_told(run: Run) -> None:
    run.log_list("loss", [float(number) for number in range(100_000)])

    expected = [float(number) for number in range(100_000)]
    expected[70_000] = expected[90_000] = -1.0

    told = "metric loss[70000]: expected -1.0, got 70000.0 (the first of 2 that differ)"
    assert failure(run, loss=expected) == told
    assert failure(run, loss=np.array(expected)) == told


def test_of_lists_of_other_lengths_both_are_told_and_where_they_differ(run: Run) -> None:
    run.log_list("loss", [1, 2, 3])

    assert failure(run, loss=[1, 5]).splitlines()[2:] == ["  len(loss)  2         3", "  loss[1]    5         2"]
    assert failure(run, loss=[1, 2, 3, 4]).splitlines()[2:] == [
        "  len(loss)  4         3",
        "  loss[3]    4         nothing",
    ]


def test_an_element_that_is_not_near_enough_is_told_with_its_tolerance(run: Run) -> None:
    run.log_list("loss", [0.5, 0.3])

    assert_metrics(run, {"loss": approx([0.5, 0.29], abs=0.02)})
    told = f"metric loss[1]: expected {approx(0.25, abs=0.02)}, got 0.3"
    assert failure(run, loss=approx([0.5, 0.25], abs=0.02)) == told
    assert failure(run, loss=approx(np.array([0.5, 0.25]), abs=0.02)) == told


def test_a_difference_that_is_due_to_rounding_is_told_as_one(run: Run) -> None:
    run.log("loss", 0.1 + 0.2)

    assert failure(run, loss=0.3).endswith("got 0.30000000000000004 (approx(0.3) allows for rounding)")


def test_rows_and_tables_are_compared_by_column(run: Run) -> None:
    run.log_row("epoch", number=1, loss=0.5)
    run.log_row("epoch", number=2, loss=0.25, note="last")
    run.log_table("roc", {"fpr": [0.0, 1.0], "tpr": [0.5, 1.0]})
    run.log_row("once", number=1)

    assert_metrics(
        run,
        {
            "epoch": {"number": [1, 2], "loss": approx(0.25), "note": [None, "last"]},
            "roc": approx({"fpr": 1.0, "tpr": 1.0}),
            "once": {"number": [1]},
        },
    )
    assert_metrics(run, {"once": {"number": 1}})


def test_of_a_table_every_column_is_told_that_is_wrong_or_was_not_named(run: Run) -> None:
    run.log_row("epoch", number=1, loss=0.5, note="n")

    assert failure(run, epoch={"number": 2, "los": 0.5, "note": "n"}).splitlines()[1:] == [
        "  metric           expected  got",
        "  epoch['number']  2         1",
        "  epoch['los']     0.5       no such column  (did you mean 'loss'?)",
        "  epoch['loss']    nothing   0.5             (every column is to be named)",
    ]


def test_a_table_and_single_values_are_told_apart(run: Run) -> None:
    run.log_row("epoch", number=1)
    run.log("loss", 0.5)

    assert failure(run, epoch=1).endswith("got columns 'number' (of rows or a table: write a dict by column)")
    assert failure(run, loss={"number": 1}) == "metric loss: expected columns 'number', got 0.5 (no rows and no table)"


def test_a_chart_is_what_was_logged_or_its_file(run: Run) -> None:
    run.log_confusion_matrix("confusion", MATRIX)

    assert_metrics(run, {"confusion": MATRIX})
    assert_metrics(run, {"confusion": "confusion"})
    assert_metrics(run, {"confusion": run.get_metrics()["confusion"]})
    assert_metrics(run, {"confusion": {**MATRIX, "data": {"class_labels": ["cat", "dog"], "matrix": [[5, 1], ANY]}}})
    data = {"class_labels": ["cat", "dog"], "matrix": [[5, 1], [approx(2), 7]]}
    told = failure(run, confusion={**MATRIX, "data": data})
    assert told.splitlines()[1:] == [
        "  confusion['data']['matrix'][1][0]",
        "    expected: 2 ± 2.0e-06",
        "    got:      0",
    ]


def test_what_a_chart_lacks_or_has_besides_is_told(run: Run) -> None:
    run.log_residuals("residuals", {"schema_type": "residuals", "data": {"bin_edges": [0], "bin_counts": []}})

    told = failure(run, residuals={"data": {"bin_edges": [0], "bin_counts": [1]}, "schema_version": "1"})

    assert told.splitlines()[2:] == [
        "  len(residuals['data']['bin_counts'])",
        "    expected: 1",
        "    got:      0",
        "  residuals['data']['bin_counts'][0]",
        "    expected: 1",
        "    got:      nothing",
        "  residuals['schema_version']  '1'       nothing",
        "  residuals['schema_type']     nothing   'residuals'",
    ]


def test_images_are_known_by_their_files(run: Run) -> None:
    class Plot:
        def savefig(self, stream: io.BytesIO, **options: object) -> None:
            stream.write(b"\x89PNG\r\n\x1a\n")

    run.log_image("plot", plot=Plot())
    [name] = run.get_file_names()

    assert_metrics(run, {"plot": name})
    assert_metrics(run, {"plot": [name]})
    assert failure(run, plot="other.png").startswith(f"metric plot: expected 'other.png', got {name!r}")
    assert "a file that is no JSON: write its name" in failure(run, plot=MATRIX)


def test_a_metric_that_is_missing_is_told_with_names_that_are_alike(run: Run) -> None:
    for number in range(300):
        run.log(f"layer {number}/norm", 1.0)
    run.log("val/loss", 1.0)

    assert failure(run, loss=1.0) == "metric loss: expected 1.0, got not logged (did you mean 'val/loss'?)"
    told = failure(run, **{"layer 1/nrom": 1.0})
    assert told.count(" or ") == 4
    with pytest.raises(AssertionError, match=r"it has logged ('layer \d/norm', ){9}'layer 9/norm' and 291 more$"):
        assert_metrics(run, {"zzz": 1})


def test_a_run_that_has_logged_nothing_says_so(run: Run) -> None:
    with pytest.raises(AssertionError, match=r"it has logged no metrics$"):
        assert_metrics(run, {"loss": 1.0})


def test_every_problem_is_told_at_once_but_no_more_than_can_be_read(run: Run) -> None:
    for number in range(200):
        run.log(f"m{number}", number)

    told = failure(run, **{f"m{number}": -1 for number in range(200)}).splitlines()

    assert told[0] == "metrics not as expected: 'm0', 'm1', 'm2', 'm3', 'm4' and 195 more"
    assert len(told) == 53
    assert told[-1] == "  and 150 more"


def test_the_message_is_of_lines_without_control_characters(run: Run) -> None:
    run.log("a\x1b[31m\nb", "c\x07\x85")

    with pytest.raises(AssertionError) as caught:
        assert_metrics(run, {"a\x1b[31m\nb": "d\r", "missing\0": 1})

    assert [line for line in str(caught.value).splitlines() if not line.isprintable()] == []


def test_long_names_and_values_are_cut(run: Run) -> None:
    run.log("n" * 10_000, "x" * 500_000 + "a")

    told = failure(run, **{"n" * 10_000: "x" * 500_000 + "b" + "z" * 100})

    assert max(map(len, told.splitlines())) < 200
    assert "expected: …'xxxxxxxxxxxxxxxxxxxxbzzzzzzz" in told
    assert "got:      …'xxxxxxxxxxxxxxxxxxxxa'" in told


def test_wide_characters_stand_in_columns(run: Run) -> None:
    run.log("損失", 1)
    run.log("loss", 1)

    assert failure(run, 損失="二", loss=0).splitlines()[1:] == [
        "  metric  expected  got",
        "  損失    '二'      1",
        "  loss    0         1",
    ]


def test_of_a_run_that_goes_on_what_it_has_logged_by_now_counts(run: Run) -> None:
    run.log("loss", 0.5)

    assert_metrics(run, {"loss": 0.5})
    with pytest.raises(AssertionError) as caught:
        assert_metrics(run, {"loss": 0.25})
    run.log("loss", 0.25)
    assert_metrics(run, {"loss": 0.25})

    assert str(caught.value).splitlines()[1:] == [
        f"  run {run.id} is Running",
        "  it goes on: only what it has logged by now was compared",
    ]


def test_of_a_run_that_failed_the_reason_is_told(run: Run) -> None:
    run.fail("no data\nat all")

    with pytest.raises(AssertionError, match=rf"run {run.id} is Failed: no data\\nat all\n"):
        assert_metrics(run, {"loss": 0.25})


def test_children_and_runs_that_were_read_anew_are_runs_too(run: Run, experiment: Experiment) -> None:
    with run.child_run() as child:
        child.log("loss", 0.5)

    assert_metrics(child, {"loss": 0.5})
    assert_metrics(Run.get(experiment.workspace, child.id), {"loss": 0.5})


@pytest.mark.filterwarnings("ignore:the metric 'system/cpu_percent'")
def test_what_is_sampled_can_be_asked_for_by_its_name(run: Run) -> None:
    run.log("system/cpu_percent", 50.0)

    assert_metrics(run, {"system/cpu_percent": 50.0})
    assert failure(run, **{"system/cpu_percent": 60.0}).endswith("got 50.0")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("digits_1", "takes a Run first, not the text 'digits_1'; Run.get(workspace, 'digits_1') gives the run"),
        ({"loss": 0.5}, "takes a Run first, not a dict; "),
        (OfflineRun(), "not an OfflineRun, which keeps nothing; "),
        (None, "not a NoneType; "),
        (7, "not an int; "),
    ],
)
def test_what_is_no_run_is_refused_with_what_to_write(given: Run, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        assert_metrics(given, {"loss": 0.5})

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (["loss"], "takes a dict of metrics by name second, not a list"),
        (lambda value: value < 1, "takes a dict of metrics by name second, not a function"),
        ({"loss": {0.5}}, "metric 'loss': nothing that is logged equals a set; write a number, "),
        ({"loss": lambda value: value < 1}, "equals a function; write a value"),
        ({"loss": object()}, "equals an object; write a number"),
        ({"loss": iter([0.5])}, "equals a list_iterator; "),
        ({"loss": [[0.5]]}, "a metric has no lists or dicts in a list"),
        ({"loss": np.zeros((2, 2))}, "a metric has no lists or dicts in a list"),
        ({"loss": [{"epoch": 1}]}, "write rows and tables by column, as in "),
        ({"loss": pd.DataFrame({"epoch": [1]})}, "a DataFrame; write its columns, as DataFrame.to_dict('list') "),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_nothing_can_equal_is_refused_with_what_to_write(run: Run, expected: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        assert_metrics(run, expected)

    assert said in str(caught.value)


@pytest.mark.parametrize("expected", [{}, {1: 0.5}, {"loss": 10**4301}, {"loss": "x" * (2**20 + 1)}], ids=lambda _: "")
def test_what_no_run_can_log_is_refused(run: Run, expected: dict[str, object]) -> None:
    with pytest.raises(UserErrorException):
        assert_metrics(run, expected)


def test_a_tolerance_that_cannot_be_is_refused_by_pytest(run: Run) -> None:
    run.log("loss", 0.5)

    with pytest.raises(ValueError, match="negative"):
        assert_metrics(run, {"loss": approx(0.4, abs=-1.0)})
