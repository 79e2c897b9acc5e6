"""A store that cannot be written for a time holds runs up, and does not change how they end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from inspect import getsource
from pathlib import Path
from textwrap import indent

import pytest

from localexp import Experiment, Workspace
from localexp.cli import attended, full_disk
from localexp.errors import StoreError
from tests.execution.faults.trial import Trial
from tests.left_behind import of_workspaces_below
from tests.processes import Project, output, python, wait_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


def waiting_for(go: Path) -> str:
    """Code of a script that does nothing until a file is there."""
    return f"""
        import time
        while not os.path.exists({str(go)!r}):
            time.sleep(0.01)
        """


@pytest.mark.parametrize("seconds", [2, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_another_program_that_keeps_the_store_locked_while_a_run_ends_and_another_is_submitted(
    trial: Trial, seconds: int
) -> None:
    go = trial.folder / "go"
    trial.submit(waiting_for(go) + "open('outputs/model', 'w').close()")
    wait_until(lambda: trial.run.get_status() == "Running", "the run is Running")
    trial.wait_for_points()
    # Whoever reads what has not been put into the store yet would have to wait until that is possible.
    assert trial.run.get_metrics()
    trial.project.write("other.py", "from localexp import Run; Run.get_context().log('other', 1)")
    locking = python(
        """
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.readline()
        time.sleep(float(sys.argv[2]))
        connection.execute("ROLLBACK")
        """,
        trial.experiment.workspace._store.main.path,
        seconds,
    )
    assert locking.stdin is not None
    assert locking.stdout is not None
    assert locking.stdout.readline() == "locked\n"

    go.touch()
    with ThreadPoolExecutor(1) as thread:
        submitted = thread.submit(trial.experiment.submit, trial.project.config("other.py"))
        wait_until(lambda: not trial.processes_of_script(), "the script has ended")
        assert trial.record().status == "Running"
        assert not submitted.done()
        locking.stdin.write("\n")
        output(locking)
        other = submitted.result()

    assert other.wait_for_completion()["status"] == "Completed"
    assert other.get_metrics() == {"other": 1}
    trial.assert_all_is_well("Completed")
    assert "outputs/model" in trial.run.get_file_names()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M", "none", disk], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_does_not_tell_its_size_is_not_taken_for_full(
    small_disk: Path, project: Project, tmp_path: Path
) -> None:
    if subprocess.run(["mount", "-o", "remount,size=0", small_disk], capture_output=True).returncode:
        pytest.skip("no file system without a size can be mounted here")
    assert os.statvfs(small_disk).f_blocks == 0
    workspace = Workspace(small_disk)
    trial = Trial(Experiment(workspace, "digits"), project, tmp_path)

    assert "warnings" not in trial.submit("").wait_for_completion()

    workspace.close()


def fill(disk: Path) -> None:
    with open(disk / "ballast", "wb", buffering=0) as ballast:
        for size in (2**16, 1):
            with suppress(OSError):
                while ballast.write(bytes(size)):
                    pass


def filling(disk: Path, full: Path) -> str:
    """Code of a script that makes a file, fills a disk, says so elsewhere, and leaves it full."""
    return f"""
        from contextlib import suppress
        from pathlib import Path

{indent(getsource(fill), " " * 8)}
        open("outputs/model", "w").write("weights")
        fill(Path({str(disk)!r}))
        open({str(full)!r}, "w").close()
        """


@pytest.mark.parametrize(
    ("then", "status", "reason"),
    [("", "Completed", ""), ("raise ValueError('a')", "Failed", "the script exited with code 1")],
)
def test_a_run_whose_disk_is_full_ends_when_there_is_room_as_its_script_did_and_who_waits_is_told(
    small_disk: Path,
    project: Project,
    tmp_path: Path,
    then: str,
    status: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(full_disk, "_SECONDS_FULL", 0.5)
    full = tmp_path / "full"
    workspace = Workspace(small_disk)
    trial = Trial(Experiment(workspace, "digits"), project, tmp_path)
    trial.submit(f"{filling(small_disk, full)}{then}")
    wait_until(full.exists, "the disk is full")
    wait_until(lambda: not trial.processes_of_script(), "the script has ended")
    later = time.monotonic() + 1.5

    def make_room() -> bool:
        wait_until(lambda: time.monotonic() > later, "the supervisor has tried to end the run, and to do so again")
        is_patient = trial.owner().is_alive()
        (small_disk / "ballast").unlink()
        return is_patient

    with ThreadPoolExecutor(1) as thread:
        was_patient = thread.submit(make_room)
        attended.wait_for(trial.run, show_output=False, show_error=False, workspace=None)

    assert was_patient.result()
    [told, _] = capsys.readouterr().err.splitlines()
    assert told.startswith(f"The disk of {workspace._store.layout.root} is full: the run cannot end before")
    trial.assert_all_is_well(status, reason)
    assert trial.run.get_file_names() == ["outputs/model", "user_logs/std_log.txt"]
    [said] = [one["message"] for one in trial.run.get_details()["warnings"]]
    assert said.startswith("the disk was full when the script ended")
    workspace.close()


@pytest.mark.parametrize("stopped", ["replaced", "told to end"])
def test_a_supervisor_that_waits_for_room_does_not_wait_for_ever(
    small_disk: Path, project: Project, tmp_path: Path, stopped: str
) -> None:
    full = tmp_path / "full"
    workspace = Workspace(small_disk)
    trial = Trial(Experiment(workspace, "digits"), project, tmp_path)
    trial.submit(filling(small_disk, full))
    wait_until(full.exists, "the disk is full")
    wait_until(lambda: not trial.processes_of_script(), "the script has ended")
    supervisor, later = trial.owner(), time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > later, "the supervisor has tried to end the run, and to do so again")
    assert supervisor.is_alive()

    if stopped == "replaced":
        workspace.close()
        shutil.rmtree(small_disk / ".localexp")
        (small_disk / "ballast").unlink()
        workspace = Workspace(small_disk)
        assert list(Experiment(workspace, "digits").get_runs()) == []
    else:
        os.kill(supervisor.pid, signal.SIGTERM)

    wait_until(lambda: not supervisor.is_alive(), "the supervisor has ended")
    workspace.close()


def test_a_run_that_could_not_be_started_for_a_full_disk_is_when_there_is_room(
    small_disk: Path, project: Project, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The process that could not start it goes on, so that nobody takes it for dead."""
    workspace = Workspace(small_disk)
    trial = Trial(Experiment(workspace, "digits"), project, tmp_path)
    request.addfinalizer(lambda: sys.setprofile(None))

    def fill_in_time(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "_start_supervisor":
            sys.setprofile(None)
            fill(small_disk)

    sys.setprofile(fill_in_time)
    with pytest.raises(StoreError, match="full"):
        trial.submit("")
    wait_until(lambda: not of_workspaces_below(workspace.path), "no supervisor is left to start it")
    (small_disk / "ballast").unlink()

    [trial.run] = trial.experiment.get_runs()
    trial.assert_all_is_well("Completed")
    workspace.close()


def test_a_script_that_reaches_its_time_limit_while_the_disk_is_full_is_canceled_with_the_reason(
    small_disk: Path, project: Project, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    workspace = Workspace(small_disk)
    trial = Trial(Experiment(workspace, "digits"), project, tmp_path)
    config = trial.config(f"{filling(small_disk, full)}import time; time.sleep(600)")
    config.run_config.max_run_duration_seconds = 2
    trial.run = trial.experiment.submit(config)
    wait_until(full.exists, "the disk is full")

    wait_until(lambda: not trial.processes_of_script(), "the script has ended")
    (small_disk / "ballast").unlink()

    trial.assert_all_is_well("Canceled", "max_run_duration_seconds")
    workspace.close()


def test_a_disk_that_is_full_where_what_a_script_made_is_to_be_kept(small_disk: Path, trial: Trial) -> None:
    full = trial.folder / "full"
    (Path(trial.experiment.workspace._store.layout.root) / "runs").symlink_to(small_disk)

    trial.submit(filling(small_disk, full))

    wait_until(full.exists, "the disk is full")
    [said] = [one["message"] for one in trial.run.wait_for_completion()["warnings"] if one["source"] == "capture"]
    (small_disk / "ballast").unlink()
    place = said.partition("; ")[2].removesuffix(" has them")
    assert Path(place, "outputs/model").read_text() == "weights"
    trial.assert_all_is_well("Completed", kept_trees=1)
