"""What may be logged as a value, and as what it comes back."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from localexp import Experiment, Run
from localexp.errors import UserErrorException


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return experiment.start_logging(snapshot_directory=None)


class Tensor:
    """As torch's: no number itself, but it holds one."""

    def __init__(self, held: object) -> None:
        self.held = held

    def item(self) -> object:
        return self.held


class Phase(str, Enum):
    TRAINING = "training"


def described(value: object) -> str:
    return (
        f"{type(value).__name__}-{value}"[:24] if isinstance(value, (int, float, np.generic)) else type(value).__name__
    )


def same(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(
    ("logged", "kept"),
    [
        (np.bool_(True), True),
        (np.int8(-3), -3),
        (np.int16(-3), -3),
        (np.int32(-3), -3),
        (np.int64(-(2**63)), -(2**63)),
        (np.uint8(3), 3),
        (np.uint16(3), 3),
        (np.uint32(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float16(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1),
        (np.longdouble(0.5), 0.5),
        (np.float32("nan"), math.nan),
        (np.float64("-inf"), -math.inf),
        (np.str_("text"), "text"),
        (np.array(7), 7),
        (np.array([0.25]), 0.25),
        (Tensor(1.5), 1.5),
        (Tensor(True), True),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (10**4299, 10**4299),
        (-(2**64), -(2**64)),
        (math.inf, math.inf),
        (True, True),
        (None, None),
        (pd.NA, None),
        (Phase.TRAINING, "training"),
        ("", ""),
    ],
    ids=described,
)
def test_a_scalar_comes_back_as_the_nearest_python_value(run: Run, logged: object, kept: object) -> None:
    run.log("alone", logged)
    run.log_list("listed", [logged, logged])
    run.log_row("row", cell=logged)

    metrics = run.get_metrics()

    assert same(metrics["alone"], kept)
    assert [same(value, kept) for value in metrics["listed"]] == [True, True]
    assert same(metrics["row"]["cell"], kept)


@pytest.mark.parametrize(
    "value",
    [
        1j,
        np.complex64(1j),
        np.clongdouble(1j),
        np.datetime64("2026-01-01", "ns"),
        np.timedelta64(3, "ns"),
        np.array([1, 2]),
        np.array([]),
        b"bytes",
        (1, 2),
        {"a": 1},
        {1},
        object(),
        int,
        range(3),
        Tensor(object()),
    ],
    ids=described,
)
def test_what_is_no_scalar_is_refused_by_name(run: Run, value: object) -> None:
    with pytest.raises(
        UserErrorException, match=r"^metric 'm': (a (?!nd)[^aeio]|an (nd|[aeio]))\w+ is not a number, text, bool"
    ):
        run.log("m", value)

    assert run.get_metrics() == {}


@pytest.mark.parametrize("value", [Fraction(10**400), Decimal("sNaN")], ids=described)
def test_a_number_that_no_float_stands_for_is_refused(run: Run, value: object) -> None:
    refused = r"metric 'm': this \w+ is no float: .*; log it as a text"
    with pytest.raises(UserErrorException, match=refused):
        run.log("m", value)
    with pytest.raises(UserErrorException, match=refused):
        run.log("m", 1, step=value)  # type: ignore[arg-type]

    assert run.get_metrics() == {}


@pytest.mark.parametrize("value", ["x" * 10_000_000, 10**4300, -(10**4300)], ids=["text", "integer", "negative"])
def test_a_value_beyond_any_use_is_refused_with_what_to_do(run: Run, value: object) -> None:
    for log in (run.log, run.log_list):
        with pytest.raises(UserErrorException, match=r"metric 'm': .* is more than a value may have.*; "):
            log("m", value if log == run.log else [value])

    assert run.get_metrics() == {}


def test_the_longest_text_comes_back(run: Run) -> None:
    run.log("m", "é" * 2**20)

    assert run.get_metrics("m") == {"m": "é" * 2**20}


def test_a_metric_may_have_any_name(run: Run) -> None:
    names = ["train/loss", "", " ", "a\nb", "ünï", "%s", "x" * 10_000, "'; DROP TABLE runs; --"]
    for name in names:
        run.log(name, 1)

    assert list(run.get_metrics()) == names


def test_a_member_of_an_enumeration_of_texts_names_a_metric_by_its_text(run: Run) -> None:
    run.log(Phase.TRAINING, 1)

    assert run.get_metrics() == {"training": 1}


def test_a_name_that_is_no_text_is_refused(run: Run) -> None:
    for log in (run.log, run.log_list, run.log_table, run.log_confusion_matrix):
        with pytest.raises(UserErrorException, match="the metric name 5 is of type int"):
            log(5, {})  # type: ignore[arg-type]


def test_log_metric_is_log(run: Run) -> None:
    run.log_metric("m", 1, "what it is", 3)

    assert run.get_metrics() == {"m": 1}
