"""The command ``localexp`` as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localexp import Experiment, Run, Workspace
from tests.cli import forked
from tests.processes import PATIENCE_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMMAND = [sys.executable, "-m", "localexp"]
_NOT_EVERYBODYS = ("COLUMNS", "LINES", "PYTHONUNBUFFERED", "PYTHONIOENCODING")


def environment() -> dict[str, str]:
    """The environment without what the tests' own may say of terminals and streams."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_EVERYBODYS}


def localexp(
    *arguments: str | bytes, at: Path, through: Sequence[str] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder to its end; ``through`` is a command that starts it."""
    its_environment = {**environment(), **variables}
    if forked.ready() and not through and forked.start_alike(its_environment, environment()):
        return forked.run(arguments, str(at), its_environment, PATIENCE_SECONDS)
    return subprocess.run(
        [*through, *COMMAND, *arguments],
        cwd=at,
        env=its_environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def started(*arguments: str, at: Path) -> subprocess.Popen[bytes]:
    """Start the command with pipes for what it prints."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=at,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def in_terminal(
    *arguments: str,
    at: Path,
    columns: int,
    meanwhile: Callable[[bytes], None] = lambda _: None,
    typed: bytes = b"",
    exit_code: int = 0,
    variables: Mapping[str, str] | None = None,
) -> str:
    """What the command shows in a terminal of this width, without colours unless ``NO_COLOR`` is given as empty.

    ``meanwhile`` is told all that is shown whenever it grows; ``typed`` is what somebody types meanwhile.
    """
    its_environment = {**environment(), "TERM": "xterm-256color", "NO_COLOR": "1", **(variables or {})}
    screen, terminal = forked.opened_terminal(columns)
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=at, env=its_environment, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    os.write(screen, typed)
    shown = b""
    while piece := forked.piece_of(screen):
        shown += piece
        meanwhile(shown)
    os.close(screen)
    assert process.wait(PATIENCE_SECONDS) == exit_code, shown
    return shown.decode().replace("\r\n", "\n")


def shown_at_once(
    *arguments: str, at: Path, columns: int, exit_code: int = 0, variables: Mapping[str, str] | None = None
) -> str:
    """``in_terminal`` of a command that is not to be met with anything: a fork of it."""
    its_environment = {**environment(), "TERM": "xterm-256color", "NO_COLOR": "1", **(variables or {})}
    if not forked.ready():
        return in_terminal(*arguments, at=at, columns=columns, exit_code=exit_code, variables=variables)
    code, shown = forked.run_in_terminal(arguments, str(at), its_environment, columns, PATIENCE_SECONDS)
    assert code == exit_code, shown
    return shown


def printed(result: subprocess.CompletedProcess[str]) -> str:
    """What a command that went well printed."""
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def complaint(result: subprocess.CompletedProcess[str], exit_code: int = 1) -> str:
    """The one line that a command which was refused wrote to standard error, and nothing else anywhere."""
    lines = result.stderr.splitlines()
    assert (result.returncode, result.stdout, len(lines)) == (exit_code, "", 1), result
    assert lines[0].startswith("Error: ")
    return lines[0]


def strict_json(text: str) -> Any:
    """JSON as a reader takes it that knows no NaN."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def logged_run(
    workspace: Workspace,
    run_id: str,
    metrics: dict[str, float] | None = None,
    *,
    params: dict[str, object] | None = None,
    experiment: str = "digits",
) -> Run:
    """A run that has ended, with these metrics and params."""
    run = Experiment(workspace, experiment).start_logging(run_id=run_id, snapshot_directory=None)
    for name, value in (metrics or {}).items():
        run.log(name, value)
    run.log_params(params)
    run.complete()
    return run


def contents(folder: Path) -> dict[str, bytes | None]:
    """The bytes of every file below a folder, and None for each folder."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}


def without_privileges() -> list[str]:
    """A command that starts another for which the permissions of files count, as they do not for root."""
    if os.getuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root writes everywhere, and there is no setpriv to give that up")
    return [setpriv, "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
