"""Commands exit as the reference promises."""

from __future__ import annotations

import pytest

from localexp import Experiment, Workspace
from localexp.cli import exits
from tests.cli.command import localexp, logged_run
from tests.processes import Project


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["runs"], 0),
        (["--help"], 0),
        ([], 0),
        (["env"], 0),
        (["snapshot"], 0),
        (["show", "nothing-like-it"], 1),
        (["show"], 2),
        (["no-such-command"], 2),
        (["wait", "good"], 0),
        (["wait", "good", "bad"], 1),
        (["cancel", "good"], 1),
        (["submit", "three.py"], 3),
        (["submit", "--command", "kill -9 $$"], 137),
        (["submit", "missing.py"], 1),
        (["fsck"], 0),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_the_exit_code_says_how_it_went(
    workspace: Workspace, project: Project, arguments: list[str], code: int
) -> None:
    logged_run(workspace, "good")
    Experiment(workspace, "digits").start_logging(run_id="bad", snapshot_directory=None).fail("no luck")
    project.write("three.py", "raise SystemExit(3)")

    result = localexp(*arguments, at=project.path)

    assert result.returncode == code
    assert bool(result.stdout) or code != 0


def test_the_codes_of_all_commands_are_written_down_once() -> None:
    assert list(exits.EVERY) == [0, 1, 2, 130]
    assert all(f"{code} " in exits.text() for code in exits.EVERY)
    assert all(repr(name) in exits.text() for name in exits.OF_COMMANDS)
