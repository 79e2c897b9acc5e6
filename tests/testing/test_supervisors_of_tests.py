"""No supervisor of a run survives the test session in which the run was submitted, however that ends."""

from __future__ import annotations

import os
import re
import signal

import pytest

from localexp import Workspace
from localexp.observing import LEASH
from localexp.testing.guards import supervisors
from tests.left_behind import of_workspaces_below
from tests.processes import wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.testing.conftest import Suite

CONFTEST = """
import os, signal, subprocess, sys, time
import pytest
from pathlib import Path
from localexp import Experiment, ScriptRunConfig, Workspace

def tell(path):
    Path("told").write_text(path)

def submit(workspace, folder, code="import time; time.sleep(600)"):
    (folder / "project").mkdir(exist_ok=True)
    (folder / "project" / "train.py").write_text(code)
    return Experiment(workspace, "digits").submit(ScriptRunConfig(folder / "project", "train.py"))
"""


@pytest.fixture(autouse=True)
def submitting(pytester: pytest.Pytester) -> None:
    """Tests of the session within the test have a way to submit runs, and do not switch off what is tested here."""
    pytester.makepyfile(submitting=CONFTEST)
    pytester.makeini("[pytest]\nlocalexp_guard_runs = false")


def workspaces(pytester: pytest.Pytester) -> list[Workspace]:
    """Those that tests have written down."""
    return [Workspace(path) for path in (pytester.path / "told").read_text().splitlines()]


def ended(workspace: Workspace) -> set[tuple[str, str | None]]:
    """How the runs of a workspace have ended, for which there is a wait."""
    found = [run.wait_for_completion(raise_on_error=False) for run in workspace.experiments["digits"].get_runs()]
    return {(one["status"], one["error"]["error"]["message"] if "error" in one else None) for one in found}


def test_a_run_that_goes_on_at_the_end_is_canceled_and_named(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from submitting import *

        def test_waits(localexp_workspace, tmp_path):
            submit(localexp_workspace, tmp_path, "").wait_for_completion()

        def test_leaks(localexp_workspace, tmp_path, monkeypatch):
            for name in list(os.environ):
                monkeypatch.delenv(name)
            localexp_workspace.set_setting("max_concurrent_runs", 1)
            submit(localexp_workspace, tmp_path)
            submit(localexp_workspace, tmp_path)
            tell(localexp_workspace.path)
        """
    )

    result = suite()

    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == 1
    [workspace] = workspaces(pytester)
    assert ended(workspace) == {("Canceled", None)}
    said = result.stdout.str()
    run = "  run digits_\\w+ of experiment digits, submitted at submitting.py:12, called at .*"
    assert re.search(
        "localexp: 2 runs left open by test_\\w+.py::test_leaks\n"
        f"{run}, (Preparing|Running) until it was canceled now\n{run}, Queued until it was canceled now\n"
        f"  its workspace: {workspace.path}\n"
        "  instead: write run.wait_for_completion.*\n.*localexp_guard_supervisors = false",
        said,
    )
    assert "test_waits" not in said
    assert not of_workspaces_below(workspace.path)


def test_a_run_of_a_fixture_is_canceled_only_at_the_end(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from submitting import *

        @pytest.fixture(scope="session")
        def run(tmp_path_factory):
            folder = tmp_path_factory.mktemp("shared")
            return submit(Workspace(folder), folder)

        def test_one(run):
            assert run.get_status() != "Canceled"

        def test_two(run):
            assert run.get_status() != "Canceled"
            assert False
        """
    )

    result = suite()

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "localexp: run left open by fixture run (*.py:3)",
            "  run digits_*, submitted at submitting.py:12, called at *",
        ]
    )


def test_what_ends_by_itself_is_waited_for_and_not_named(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from submitting import *

        @pytest.fixture(scope="session")
        def folder(tmp_path_factory):
            yield tmp_path_factory.mktemp("shared")

        def test_cancels(folder):
            run = submit(Workspace(folder), folder)
            while run.get_status() != "Running":
                time.sleep(0.002)
            run.cancel()
            tell(str(folder))

        def test_has_ended(localexp_workspace, tmp_path):
            submit(localexp_workspace, tmp_path, "").wait_for_completion()
        """
    )

    result = suite()

    assert result.ret == 0
    result.stdout.no_fnmatch_line("*localexp: *")
    [workspace] = workspaces(pytester)
    assert not of_workspaces_below(workspace.path)


def test_a_session_may_let_them_go_on(pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makeini("[pytest]\nlocalexp_guard_runs = false\nlocalexp_guard_supervisors = false")
    monkeypatch.setenv(LEASH, "")
    pytester.makepyfile(
        f"""
        from submitting import *

        def test_it(localexp_workspace, tmp_path):
            assert os.environ[{LEASH!r}] == ""
            submit(localexp_workspace, tmp_path)
            tell(localexp_workspace.path)
        """
    )

    result = suite()

    assert result.ret == 0
    [workspace] = workspaces(pytester)
    [run] = workspace.experiments["digits"].get_runs()
    assert run.get_status() in ("Preparing", "Running")
    run.cancel()
    run.wait_for_completion()


def test_a_conftest_may_name_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("pytest_plugins = ['localexp.testing']")
    pytester.makepyfile(
        """
        from submitting import *

        def test_it(localexp_workspace, tmp_path):
            submit(localexp_workspace, tmp_path)
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["localexp: run left open by *::test_it"])


@pytest.mark.parametrize("outer", [None, "that of another"])
def test_the_leash_is_that_of_the_session_while_it_lasts(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch, outer: str | None
) -> None:
    if outer is not None:
        monkeypatch.setenv(LEASH, outer)
    pytester.makepyfile(
        f"""
        import os
        from localexp.store.owners import this_process

        AT_IMPORT = os.environ[{LEASH!r}]

        def test_it():
            assert os.environ.pop({LEASH!r}) == AT_IMPORT == str(this_process())
        """
    )

    suite().assert_outcomes(passed=1)

    assert os.environ.get(LEASH) == outer


def test_a_store_that_is_gone_or_damaged_keeps_no_session_from_its_end(pytester: pytest.Pytester, suite: Suite) -> None:
    pytester.makepyfile(
        """
        from submitting import *
        import shutil

        @pytest.fixture
        def store(localexp_workspace, tmp_path):
            submit(localexp_workspace, tmp_path, "").wait_for_completion()
            localexp_workspace.close()
            return tmp_path / "workspace" / ".localexp" if (tmp_path / "workspace").exists() else tmp_path / ".localexp"

        def test_removes(store):
            shutil.rmtree(store)

        def test_damages(store):
            (store / "localexp.db").write_bytes(b"no database" * 1000)
            for name in ("-wal", "-shm"):
                (store / f"localexp.db{name}").unlink(missing_ok=True)
        """
    )

    result = suite()

    assert result.ret == 0
    result.assert_outcomes(passed=2)


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("guards_runs", ["true", "false"])
def test_a_supervisor_that_does_not_hear_is_killed(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch, guards_runs: str
) -> None:
    pytester.makeini(f"[pytest]\nlocalexp_guard_runs = {guards_runs}")
    monkeypatch.setattr(supervisors, "_SECONDS_TO_END", 1.0)
    pytester.makepyfile(
        """
        from submitting import *
        from localexp.store.owners import Owner

        def test_it(localexp_workspace, tmp_path):
            localexp_workspace.set_setting("cancel.grace_seconds", 0)
            run = submit(localexp_workspace, tmp_path)
            while run.get_status() != "Running":
                time.sleep(0.002)
            os.kill(Owner.parse(run._known().owner).pid, signal.SIGSTOP)
            tell(localexp_workspace.path)
        """
    )

    assert suite().ret == 1

    [workspace] = workspaces(pytester)
    assert not of_workspaces_below(workspace.path)
    assert ended(workspace) == {("Canceled", None)}


DYING = """
from submitting import *

def test_dies(localexp_workspace, tmp_path):
    localexp_workspace.set_setting("max_concurrent_runs", 2)
    runs = [submit(localexp_workspace, tmp_path) for _ in range(4)]
    # What a test starts is on the leash as well.
    command = [sys.executable, "-m", "localexp", "submit", "--detach", "--experiment", "digits", "train.py"]
    place = {"LOCALEXP_WORKSPACE": localexp_workspace.path}
    subprocess.run(command, cwd=tmp_path / "project", check=True, env={**os.environ, **place})
    while runs[1].get_status() != "Running":
        time.sleep(0.002)
    tell(localexp_workspace.path)
    %s
"""


def subprocess_of(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "localexp", "-p", "no:cacheprovider", *options)


def assert_all_have_ended_with_the_session(workspace: Workspace) -> None:
    runs = list(workspace.experiments["digits"].get_runs())
    # It is for their supervisors to end them, and nobody else is to start what waits.
    wait_until(lambda: not of_workspaces_below(workspace.path), "the supervisors are gone")
    assert len(runs) == 5
    [(status, message)] = ended(workspace)
    assert status == "Canceled"
    assert re.fullmatch(r"the test session that it was submitted in \(process \d+\) has ended; unset .*", str(message))
    assert sum(os.path.exists(run._layout.log) for run in runs) == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_runs_end_with_a_session_that_is_killed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(DYING % "os.kill(os.getpid(), signal.SIGKILL)")

    result = subprocess_of(pytester)

    assert result.ret == -signal.SIGKILL
    assert_all_have_ended_with_the_session(*workspaces(pytester))


def test_runs_end_with_the_worker_that_has_submitted_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        DYING % "os._exit(3)"
        + """
def test_leaks(localexp_workspace, tmp_path):
    submit(localexp_workspace, tmp_path)
"""
    )

    result = subprocess_of(pytester, "-p", "xdist", "-n1")

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines_random(["worker 'gw0' crashed*", "localexp: run left open by *::test_leaks"])
    assert_all_have_ended_with_the_session(*workspaces(pytester))


def test_a_worker_that_leaves_runs_makes_the_session_fail(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from submitting import *

        def test_leaks(localexp_workspace, tmp_path):
            submit(localexp_workspace, tmp_path)
        """
    )

    result = subprocess_of(pytester, "-p", "xdist", "-n1")

    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["localexp: run left open by *::test_leaks"])


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_who_interrupts_a_session_twice_waits_for_nothing_and_leaves_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        stubborn="""
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: os.kill(int(os.environ["SESSION"]), signal.SIGINT))
        print("ready", flush=True)
        while True:
            time.sleep(600)
        """,
        test_it="""
        from submitting import *

        def test_it(localexp_workspace, tmp_path):
            os.environ["SESSION"] = str(os.getpid())
            localexp_workspace.set_setting("cancel.grace_seconds", 1)
            run = submit(localexp_workspace, tmp_path, Path("stubborn.py").read_text())
            tell(localexp_workspace.path)
            while not os.path.exists(run._layout.log) or not Path(run._layout.log).read_text():
                time.sleep(0.002)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(600)
        """,
    )

    result = subprocess_of(pytester, "test_it.py")

    assert result.ret == 2
    assert "Traceback" not in result.stderr.str()
    [workspace] = workspaces(pytester)
    assert ended(workspace) == {("Canceled", None)}
    assert not of_workspaces_below(workspace.path)


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_an_interrupted_session_cancels_its_runs_and_blames_nobody(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from submitting import *

        def test_it(localexp_workspace, tmp_path):
            run = submit(localexp_workspace, tmp_path)
            tell(localexp_workspace.path)
            os.kill(os.getpid(), signal.SIGINT)
            run.wait_for_completion()
        """
    )

    result = subprocess_of(pytester)

    assert result.ret == 2
    result.stdout.no_fnmatch_line("*localexp: *")
    [workspace] = workspaces(pytester)
    assert not of_workspaces_below(workspace.path)
