"""A session of tests fails if processes of its runs outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

CONFTEST = """
from tests import left_behind
from tests.left_behind import no_process_is_left_behind
left_behind.GRACE_SECONDS = 0.1
"""

# A test that passes and leaves a process; what that is called with, and where, makes it one of a run or not.
TEST = """
import os, subprocess, sys
def test_it(tmp_path):
    store = tmp_path / ".localexp"
    store.mkdir()
    variables = {variables}
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd={folder}, env=variables)
    open({told!r}, "w").write(str(process.pid))
    process.returncode = 0
"""


def session(folder: Path, variables: str, place: str, *options: str) -> tuple[str, int]:
    """What a session of that one test says, and the id of the process that it has left, which is dead by now."""
    (folder / "conftest.py").write_text(CONFTEST)
    told = folder / "told"
    (folder / "test_it.py").write_text(TEST.format(variables=variables, folder=place, told=str(told)))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'base'}", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    pid = int(told.read_text())
    os.kill(pid, signal.SIGKILL)
    assert ("1 passed" in result.stdout) or ("1 failed" in result.stdout), result.stdout + result.stderr
    assert result.returncode == ("1 error" in result.stdout)
    return result.stdout, pid


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not show whose a process is")
@pytest.mark.parametrize("options", [(), ("-n1",)])
def test_a_process_that_carries_a_run_is_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    variables = "dict(os.environ, LOCALEXP_RUN_ID='mine', LOCALEXP_WORKSPACE=str(tmp_path))"

    said, pid = session(tmp_path, variables, "'/'", *options)

    assert f"process {pid} in /, run mine: " in said
    assert "import time; time.sleep(600)" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not show whose a process is")
def test_a_process_that_is_at_work_in_a_store_is_named(tmp_path: Path) -> None:
    said, pid = session(tmp_path, "{}", "store")

    assert f"process {pid} in {tmp_path}" in said


def test_another_process_is_none_of_ours(tmp_path: Path) -> None:
    variables = "dict(os.environ, LOCALEXP_RUN_ID='mine', LOCALEXP_WORKSPACE='/elsewhere')"

    said, _ = session(tmp_path, variables, "tmp_path")

    assert "outlived" not in said
