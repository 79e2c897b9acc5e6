"""Errors are made, raised and sent as Azure ML's are (azure-ml-v1.md, section 10)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from localexp import Experiment, Run, errors
from localexp.compat import exceptions
from localexp.errors import LocalexpError, RunNotFound, ServiceException
from tests.surface import azure_surface

MADE_OF_A_TEXT = [
    kind
    for kind in (getattr(exceptions, name) for name in exceptions.__all__)
    if kind is not errors.RunEnvironmentException
]
OWN: list[LocalexpError] = [
    RunNotFound("mine", ["mind"]),
    errors.AmbiguousRun("mi", ["mine", "mind"]),
    errors.MissingExtraError("pandas", "frames"),
    errors.RunEnvironmentException(inner_exception=ValueError("cause")),
    errors.SnapshotException("too large", ("a: 1", "b: 2"), inner_exception=ValueError("cause")),
    errors.ActivityFailedException("failed", {"error": {"code": "UserError"}}, inner_exception=ValueError("cause")),
    errors.OutsideWorkspaceError("outside", "/home/me/project", "test_train.py:4"),
    errors.ScriptNotFound("no train.py"),
    errors.AbsentName("no attribute"),
    errors.AbsentImport("no import"),
]


@pytest.mark.parametrize("kind", MADE_OF_A_TEXT)
def test_an_error_is_made_as_azure_mls(kind: type[Any]) -> None:
    cause = ValueError("cause")

    plain, named = kind("a text"), kind(exception_message="a text", inner_exception=cause, target="a target")

    for error in (plain, named):
        assert error.message == str(error) == "a text"
        assert error.args == ("a text",)
    assert plain.inner_exception is None
    assert named.inner_exception is cause


@pytest.mark.parametrize("sent", [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "error",
    [*OWN, *(kind("a text", inner_exception=ValueError("cause")) for kind in MADE_OF_A_TEXT)],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_was_sent(error: LocalexpError, sent: Callable[[Any], Any]) -> None:
    arrived = sent(error)

    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived).keys() == vars(error).keys()
    assert repr(vars(arrived)) == repr(vars(error))


def test_a_class_of_ones_own_that_takes_other_parameters_may_be_made_of_them() -> None:
    class Mine(errors.UserErrorException):
        def __init__(self, number: int) -> None:
            super().__init__(f"number {number}")

    assert (Mine(3).message, Mine(3).inner_exception) == ("number 3", None)


def test_an_unknown_run_is_what_scripts_catch_as_an_error_of_the_service(experiment: Experiment) -> None:
    with pytest.raises(ServiceException) as caught:
        Run(experiment, "unknown")

    assert exceptions.ServiceException is ServiceException
    assert isinstance(caught.value, RunNotFound)
    assert caught.value.status_code == 404


def test_every_error_of_azure_ml_that_is_there_takes_a_text_or_nothing() -> None:
    shared = set(azure_surface.surface()["exceptions"]) & set(exceptions.__all__)

    assert {kind.__name__ for kind in MADE_OF_A_TEXT} >= shared - {"AzureMLException", "RunEnvironmentException"}
    assert errors.RunEnvironmentException(target="a target").inner_exception is None
