"""Output that cannot be written ends the command without a traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from tests.cli.command import COMMAND, environment, localexp, logged_run, printed
from tests.processes import PATIENCE_SECONDS, Project

_READERS = [["runs"], ["runs", "--json"], ["runs", "--csv"], ["show", "latest"], ["logs", "latest"], ["--help"]]


@pytest.fixture
def place(workspace: Workspace, project: Project) -> Path:
    """A folder in which every command that reads has something to print."""
    project.write("train.py", "print('learnt')")
    Experiment(workspace, "digits").submit(project.config()).wait_for_completion()
    return project.path


def test_a_reader_that_has_had_enough_is_no_error(place: Path) -> None:
    for arguments in _READERS:
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run(
            [*COMMAND, *arguments],
            cwd=place,
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        os.close(writing)

        assert result.stderr == b""
        assert result.returncode == 1


def test_the_first_line_of_a_long_list_can_be_had(workspace: Workspace, project: Project) -> None:
    for number in range(9):
        logged_run(workspace, f"run-{number}").tag("long", "x" * 9999)

    result = localexp("runs", at=project.path, through=["sh", "-c", '"$@" | head -1', "sh"])

    assert printed(result).split()[:2] == ["RUN", "EXPERIMENT"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_is_one_line(place: Path) -> None:
    for arguments in (["runs", "--csv"], ["logs", "latest"], ["--help"]):
        result = localexp(*arguments, at=place, through=["sh", "-c", 'exec "$@" > /dev/full', "sh"])

        assert result.stderr == "Error: No space left on device\n"
        assert result.returncode == 1


def test_without_standard_output_commands_do_their_work_in_silence(place: Path) -> None:
    through = ["sh", "-c", 'exec "$@" >&-', "sh"]

    for arguments in [*_READERS, ["submit", "train.py"]]:
        assert printed(localexp(*arguments, at=place, through=through)) == ""

    assert printed(localexp("runs", at=place)).count("Completed") == 2
