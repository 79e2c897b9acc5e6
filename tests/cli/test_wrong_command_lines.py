"""A command line that means nothing is refused in one line that says where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import __version__
from tests.cli.command import complaint, contents, localexp, printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "'run'. See 'localexp --help'."),
        (["--bogus"], "See 'localexp --help'."),
        (["submit"], "Missing argument 'SCRIPT' or option '--command'. See 'localexp submit --help'."),
        (["submit", "--command", "true", "train.py"], "arguments within the command. See 'localexp submit --help'."),
        (["submit", "--max-duration", "0", "train.py"], "See 'localexp submit --help'."),
        (["submit", "--max-duration", "1h", "train.py"], "See 'localexp submit --help'."),
        (["wait"], "Missing argument 'RUN...'. See 'localexp wait --help'."),
        (["cancel", "--wait"], "Missing argument 'RUN...'. See 'localexp cancel --help'."),
        (["show"], "Missing argument 'RUN'. See 'localexp show --help'."),
        (["logs", "--bogus", "latest"], "See 'localexp logs --help'."),
        (["runs", "latest"], "(latest). See 'localexp runs --help'."),
        (["runs", "--limit", "many"], "'many' is not a valid integer range. See 'localexp runs --help'."),
        (["init", "a", "b\n\x1b[31m"], "See 'localexp init --help'."),
        (["demo", "--bogus"], "See 'localexp demo --help'."),
    ],
)
def test_the_fault_and_the_help_are_named(folder: Path, arguments: list[str], said: str) -> None:
    line = complaint(localexp(*arguments, at=folder), exit_code=2)

    assert line.endswith(said)
    assert line.isprintable()
    assert contents(folder) == {}


def test_help_is_printed_without_a_command_and_for_each(folder: Path) -> None:
    overview = printed(localexp(at=folder))

    assert overview == printed(localexp("--help", at=folder))
    for command in ("init", "submit", "runs", "show", "logs", "wait", "cancel", "snapshot", "fsck", "demo"):
        assert f"\n  {command} " in overview
        assert printed(localexp(command, "--help", at=folder)).startswith(f"Usage: localexp {command} ")
    assert "..." not in overview.partition("Commands:")[2]


def test_the_version_is_printed(folder: Path) -> None:
    assert __version__ in printed(localexp("--version", at=folder))
