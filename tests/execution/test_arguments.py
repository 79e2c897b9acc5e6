"""Arguments of a script are changed by name, in whichever form they were given; what is not clear is refused."""

from __future__ import annotations

import pytest

from localexp.errors import UserErrorException
from localexp.execution.arguments import changed


@pytest.mark.parametrize(
    ("arguments", "changes", "expected"),
    [
        (["--lr", "0.1", "--n", "3"], {"lr": "0.2"}, ["--lr", "0.2", "--n", "3"]),
        (["-lr", "0.1"], {"lr": "0.2"}, ["-lr", "0.2"]),
        (["--lr=0.1", "data.csv"], {"lr": "0.2"}, ["--lr=0.2", "data.csv"]),
        (["-lr=0.1"], {"lr": "0.2"}, ["-lr=0.2"]),
        (["lr=0.1", "n=3"], {"lr": "0.2"}, ["lr=0.2", "n=3"]),
        (["--a", "1", "model.lr=0.1"], {"model.lr": "0.2"}, ["--a", "1", "model.lr=0.2"]),
        (["--learning-rate", "0.1"], {"learning_rate": "0.2"}, ["--learning-rate", "0.2"]),
        (["--learning_rate", "0.1"], {"learning-rate": "0.2"}, ["--learning_rate", "0.2"]),
        (["--lr", "0.1"], {"--lr": "0.2"}, ["--lr", "0.2"]),
        (["--bias", "-0.5", "--n", "1"], {"bias": "-1e-3"}, ["--bias", "-1e-3", "--n", "1"]),
        (["--name", "plain"], {"name": "-odd"}, ["--name=-odd"]),
        (["data.csv", "--lr", "0.1"], {"lr": "0.2"}, ["data.csv", "--lr", "0.2"]),
        (["--lr", "", "--n", "1"], {"lr": "0.2", "n": "2"}, ["--lr", "0.2", "--n", "2"]),
        (["--verbose", "--n", "1"], {"verbose": True}, ["--verbose", "--n", "1"]),
        (["--verbose", "--n", "1"], {"verbose": False}, ["--n", "1"]),
        (["--n", "1", "-v"], {"v": "false", "n": "2"}, ["--n", "2"]),
        (["--shuffle", "True"], {"shuffle": False}, ["--shuffle", "False"]),
        (["--shuffle=1"], {"shuffle": False}, ["--shuffle=False"]),
        (["--lr", "0.1", "--", "--lr", "x"], {"lr": "0.2"}, ["--lr", "0.2", "--", "--lr", "x"]),
    ],
)
def test_the_value_of_a_named_argument_is_replaced(
    arguments: list[str], changes: dict[str, str | bool], expected: list[str]
) -> None:
    before = list(arguments)

    assert changed(arguments, changes) == expected
    assert arguments == before


def test_an_unknown_argument_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UserErrorException, match=r"no argument 'momentum': there are lr, batch_size, n; .*arguments="):
        changed(["data.csv", "--lr", "0.1", "--batch-size=3", "n=1"], {"momentum": "0.9"})
    with pytest.raises(UserErrorException, match="none has a name"):
        changed(["data.csv", "-3"], {"lr": "0.1"})


@pytest.mark.parametrize(
    ("arguments", "changes", "why"),
    [
        (["--lr", "0.1", "--lr", "0.2"], {"lr": "0.3"}, "'lr' 2 times"),
        (["--lr", "0.1", "lr=0.2"], {"lr": "0.3"}, "'lr' 2 times"),
        (["--layers", "64", "32"], {"layers": "16"}, "which of '64 32' is the value of --layers"),
        (["--verbose", "data.csv"], {"verbose": False}, "whether 'data.csv' is the value of --verbose"),
        (["--where", "lr=0.1"], {"lr": "0.2"}, "whether 'lr=0.1' is the value of --where"),
        (["--verbose"], {"verbose": "3"}, "--verbose was given without a value"),
    ],
)
def test_where_the_value_is_cannot_be_told_all_arguments_are_asked_for(
    arguments: list[str], changes: dict[str, str | bool], why: str
) -> None:
    with pytest.raises(UserErrorException, match=why) as raised:
        changed(arguments, changes)

    assert "arguments=" in raised.value.message
