"""Values of numpy are logged as in Azure ML (azure-ml-v1.md, section 2.2), or differ from it on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localexp import Experiment, Run

numpy = pytest.importorskip("numpy")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(snapshot_directory=None) as run:
        yield run


@pytest.mark.parametrize("kind", ["bool_", "str_", "int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_small_scalars_of_numpy_become_pythons(run: Run, kind: str) -> None:
    value = getattr(numpy, kind)(1)
    run.log("value", value)

    assert run.get_metrics()["value"] == value.item()
    assert type(run.get_metrics()["value"]) is type(value.item())


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floats_of_numpy_become_pythons(run: Run, kind: str) -> None:
    run.log("value", getattr(numpy, kind)(0.5))

    assert run.get_metrics() == {"value": 0.5}


@pytest.mark.parametrize("value", [3, 2**63])
def test_wide_integers_of_numpy_differ_and_are_numbers(run: Run, value: int) -> None:
    run.log("value", numpy.uint64(value))
    run.log("small", numpy.int64(3))

    assert run.get_metrics() == {"value": value, "small": 3}


@pytest.mark.parametrize("value", [[1, 2], (1, 2), numpy.array([1, 2]), range(1, 3)])
def test_a_list_is_anything_with_elements(run: Run, value: object) -> None:
    run.log_list("values", value)

    assert run.get_metrics() == {"values": [1, 2]}


def test_wide_integers_in_a_list_differ_and_are_numbers(run: Run) -> None:
    run.log_list("values", [numpy.int64(1), 2])

    assert run.get_metrics() == {"values": [1, 2]}


def test_wide_integers_in_a_row_differ_and_are_numbers(run: Run) -> None:
    run.log_row("rows", x=numpy.int64(3))

    assert run.get_metrics() == {"rows": {"x": 3}}


def test_columns_that_are_arrays_or_tuples_differ_and_are_columns(run: Run) -> None:
    run.log_table("rows", {"x": numpy.array([1, 2]), "y": (3, 4)})

    assert run.get_metrics() == {"rows": {"x": [1, 2], "y": [3, 4]}}


@pytest.mark.parametrize("value", [numpy.array(3), numpy.array([3]), numpy.array([[3]])])
def test_an_array_of_one_element_differs_and_is_its_number(run: Run, value: object) -> None:
    run.log("value", value)

    assert run.get_metrics() == {"value": 3}
