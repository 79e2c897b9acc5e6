"""A session of tests fails if processes of its runs outlive it."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests import left_behind
from tests.processes import REPOSITORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Session = Callable[..., tuple[str, int]]

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
    with open({told!r}, "w") as file:
        file.write(str(process.pid))
    process.returncode = 0
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    """What a session of that one test says, and the id of the process that it has left, which is dead by now."""
    # Of sessions in this process, whose module is the same.
    monkeypatch.setattr(left_behind, "GRACE_SECONDS", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    pytester.makeconftest(CONFTEST)

    def run(variables: str, place: str, *options: str) -> tuple[str, int]:
        told = pytester.path / "told"
        pytester.makepyfile(TEST.format(variables=variables, folder=place, told=str(told)))
        plugins = [
            "-p",
            "no:cacheprovider",
            *(() if options else ("-p", "no:randomly", "-p", "no:xdist", "-p", "no:asyncio")),
        ]
        how = pytester.runpytest_subprocess if options else pytester.runpytest_inprocess
        result = how("-q", *plugins, *options)
        pid = int(told.read_text())
        os.kill(pid, signal.SIGKILL)
        if not options:
            os.waitpid(pid, 0)
        said = result.stdout.str()
        assert ("1 passed" in said) or ("1 failed" in said), said + result.stderr.str()
        assert result.ret == ("1 error" in said)
        return said, pid

    return run


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not show whose a process is")
@pytest.mark.parametrize("options", [(), ("-n1",)])
def test_a_process_that_carries_a_run_is_named(session: Session, options: tuple[str, ...]) -> None:
    variables = "dict(os.environ, LOCALEXP_RUN_ID='mine', LOCALEXP_WORKSPACE=str(tmp_path))"

    said, pid = session(variables, "'/'", *options)

    assert f"process {pid} in /, run mine: " in said
    assert "import time; time.sleep(600)" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not show whose a process is")
def test_a_process_that_is_at_work_in_a_store_is_named(session: Session, pytester: pytest.Pytester) -> None:
    said, pid = session("{}", "store")

    assert f"process {pid} in {pytester.path.parent}" in said


def test_another_process_is_none_of_ours(session: Session) -> None:
    variables = "dict(os.environ, LOCALEXP_RUN_ID='mine', LOCALEXP_WORKSPACE='/elsewhere')"

    said, _ = session(variables, "tmp_path")

    assert "outlived" not in said
