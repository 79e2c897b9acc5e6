"""Real source directories and real processes for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

from localexp import ScriptRunConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 60.0


class Project:
    """A source directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def write(self, name: str, text: str) -> Path:
        """Write a file of it, the folders above included; common indentation of the text is dropped."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def config(self, script: str = "train.py", arguments: list[str] | None = None) -> ScriptRunConfig:
        return ScriptRunConfig(self.path, script, arguments)


def python(code: str, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start Python code as a process with pipes for its streams."""
    return subprocess.Popen(
        [sys.executable, "-c", dedent(code), *(str(argument) for argument in arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def output(process: subprocess.Popen[str]) -> str:
    """What a process prints until it ends, which it must do without an error."""
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return out


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait for another process to do something; fail if it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        os.sched_yield() if hasattr(os, "sched_yield") else None
