"""``localexp submit --input`` brings in what the snapshot lacks, and the command line says when that would help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localexp import Workspace
from localexp.cli.suggestion import suggested_command
from tests.cli.command import complaint, environment, localexp, printed, strict_json
from tests.processes import PATIENCE_SECONDS, Project


@pytest.fixture
def ignoring(workspace: Workspace, project: Project) -> Project:
    """A project of which git ignores the data."""
    project.write(".gitignore", "data/\nmy data.csv\n")
    project.write("train.py", "import sys; print([open(path).read() for path in sys.argv[1:]])")
    project.write("data/train.csv", "1,2")
    project.write("my data.csv", "3,4")
    return project


def suggested(stderr: str) -> str:
    [line] = [line for line in stderr.splitlines() if line.startswith("Try: ")]
    return line.removeprefix("Try: ")


def in_shell(command: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, shell=True, cwd=at, env=environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )


def test_the_commands_that_are_suggested_lead_to_success(ignoring: Project) -> None:
    first = localexp("submit", "--tag", "a=b c", "train.py", "data/train.csv", "my data.csv", at=ignoring.path)
    assert (first.returncode, "--input data" in first.stderr) == (1, True)

    second = in_shell(suggested(first.stderr), ignoring.path)
    assert (second.returncode, "--input 'my data.csv'" in second.stderr) == (1, True)

    third = in_shell(suggested(second.stderr), ignoring.path)
    assert (third.returncode, third.stderr) == (0, "")
    assert "['1,2', '3,4']" in third.stdout.splitlines()


def test_inputs_may_be_named_from_here(ignoring: Project) -> None:
    arguments = ["--source", "..", "--input", "train.csv", "--input", "my data.csv", "--json", "train.py"]

    printed(localexp("submit", *arguments, at=ignoring.path / "data"))

    shown = strict_json(printed(localexp("show", "--json", "latest", at=ignoring.path)))
    assert [(one["path"], one["files"], one["bytes"]) for one in shown["inputs"]] == [
        ("data/train.csv", 1, 3),
        ("my data.csv", 1, 3),
    ]
    assert len(shown["identity"]) == 32
    assert "\n  data/train.csv: 1 file, 3 B, changed 2" in printed(localexp("show", "latest", at=ignoring.path))


def test_an_input_that_is_not_there_is_one_line(ignoring: Project) -> None:
    said = complaint(localexp("submit", "--input", "none", "train.py", at=ignoring.path))

    assert "there is no input 'none'" in said


def test_the_suggestion_calls_the_program_as_the_user_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "localexp"
    program.write_text("")
    program.chmod(0o755)

    assert suggested_command([str(program), "submit", "a b.py"], "data") == f"{program} submit --input data 'a b.py'"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert suggested_command([str(program), "submit", "--tag", "x", "a.py", "submit"], "my data") == (
        "localexp submit --input 'my data' --tag x a.py submit"
    )
    assert suggested_command(["/any/localexp/__main__.py", "submit", "a.py"], "data") == (
        f"{sys.executable} -m localexp submit --input data a.py"
    )
