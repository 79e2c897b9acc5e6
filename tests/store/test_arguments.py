"""The named arguments of a script are params, in whatever way they are given."""

from __future__ import annotations

import pytest

from localexp.store.arguments import params_of, params_of_arguments
from localexp.store.params import number_of


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--lr", "0.1"], {"lr": "0.1"}),
        (["--lr=0.1"], {"lr": "0.1"}),
        (["-lr", "0.1"], {"lr": "0.1"}),
        (["lr=0.1", "model.size=3"], {"lr": "0.1", "model.size": "3"}),
        (["--learning-rate", "0.1"], {"learning_rate": "0.1"}),
        (["--amp", "--lr", "1"], {"amp": "True", "lr": "1"}),
        (["--amp"], {"amp": "True"}),
        (["--layers", "64", "32"], {"layers": "64 32"}),
        (["--shift", "-1", "--by", "-2.5e-3"], {"shift": "-1", "by": "-2.5e-3"}),
        (["--lr", "0.1", "--lr", "0.2"], {"lr": "0.2"}),
        (["--flag", "True", "more"], {"flag": "True more"}),
        (["--text", ""], {"text": ""}),
        (["--text="], {"text": ""}),
        (["--query", "a=b"], {"query": "a=b"}),
        (["--layers", "64", "lr=0.1"], {"layers": "64", "lr": "0.1"}),
        (["--name", "a\nb"], {"name": "a\nb"}),
        # As a file name that is no text: SQLite takes no half characters.
        (["--data", "\udce9.csv"], {"data": "\\udce9.csv"}),
        (["data.csv", "--lr", "1", "--", "--no=1", "x=2"], {"lr": "1"}),
        (["data.csv", "-", "--"], {}),
        ([], {}),
    ],
)
def test_arguments_become_params(arguments: list[str], found: dict[str, str]) -> None:
    assert params_of_arguments(arguments) == found


def test_those_of_a_command_for_the_shell_do_too() -> None:
    assert params_of({"command": "bash train.sh --lr '0.1 x' && echo"}) == {"lr": "0.1 x && echo"}
    assert params_of({"command": "echo 'not closed --lr 2"}) == {"lr": "2"}
    assert params_of({"script": "train.py", "arguments": None, "command": None}) == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("9223372036854775808", 2.0**63),
        ("007", 7),
        ("1_000", None),
        (" 1", None),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("9" * 399, None),
        ("9" * 5000, None),
        ("٣", None),
        ("0x10", None),
        ("True", None),
    ],
)
def test_a_text_is_the_number_that_it_reads_as(text: str | None, number: float | None) -> None:
    assert number_of(text) == number
    assert type(number_of(text)) is type(number)
