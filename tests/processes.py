"""Real source directories and real processes for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from localexp import ScriptRunConfig
from localexp.store.owners import Owner, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 60.0
# Between two looks at what is waited for; the longer a look takes, the more: it is mostly others that need the cores.
GLANCE_SECONDS, LONGEST_GLANCE_SECONDS = 0.002, 0.01
REPOSITORY = Path(__file__).parents[1]
NOBODY = 65534

# Code for a process that is to die at a call inside localexp: its third argument says at which, -1 at none; it sets
# the profile function when the time has come.
KILL_AT_CALL = """
import os, signal, sys
calls = 0
def kill_at_call(frame, event, argument):
    global calls
    if event in ("call", "c_call") and "localexp" in frame.f_code.co_filename:
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
"""


class Project:
    """A source directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)

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


def python_of_nobody(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python code as a user whom permissions bind, which they do not bind root."""
    if os.geteuid() != 0:
        return python(code, *arguments)
    return subprocess.Popen(
        [*_as_nobody(), "-c", dedent(code), *(str(argument) for argument in arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": _SEARCHED, "HOME": "/nonexistent"},
    )


_SEARCHED = os.pathsep.join(place for place in [str(REPOSITORY), *sys.path] if os.path.isdir(place))


@cache
def _as_nobody() -> list[str]:
    """An interpreter with which nobody can run localexp; that of the tests may lie in root's own folder."""
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    check = "import localexp, subprocess, sys, xxhash; sys.exit(subprocess.call([sys.executable, '-c', '']))"
    for interpreter in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}"):
        command, environment = [*user, interpreter], {"PYTHONPATH": _SEARCHED}
        if not shutil.which("setpriv") or not os.path.exists(interpreter):
            continue
        if subprocess.run([*command, "-c", check], env=environment, capture_output=True).returncode == 0:
            return command
    pytest.skip("only root can run Python here")


def output(process: subprocess.Popen[str], patience: float | None = PATIENCE_SECONDS) -> str:
    """What a process prints until it ends, which it must do without an error; None is as long as the test may take."""
    try:
        out, err = process.communicate(timeout=patience)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return out


@contextmanager
def removed_while_empty(folder: Path) -> Iterator[None]:
    """Have another process remove a folder whenever it is empty, as who folds the journals of a run does.

    It does so as often as nobody does who folds, but leaves others a chance to come in between.
    """
    remover = python(
        """
        import contextlib, os, sys, time
        while True:
            with contextlib.suppress(OSError):
                os.rmdir(sys.argv[1])
            time.sleep(0.0002)
        """,
        folder,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wait_until(lambda: not folder.exists(), "the remover to be at work")
        yield
    finally:
        remover.kill()
        remover.communicate()


def of_the_dead() -> Owner:
    """A process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    owner = process(child.pid)
    child.wait()
    return owner


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Wait for another process to do something; fail if it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    begun = time.thread_time()
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(min(max(GLANCE_SECONDS, 5 * (time.thread_time() - begun)), LONGEST_GLANCE_SECONDS))
        begun = time.thread_time()
