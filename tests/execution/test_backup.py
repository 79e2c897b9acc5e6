"""A backup is a workspace once it is unpacked, with all that was accepted before, whoever is at work meanwhile."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import StoreError, UserErrorException
from localexp.execution.doctor import examination
from localexp.snapshot import verify
from localexp.store import checkouts, holds, runs
from tests.cli.command import localexp, printed, without_privileges
from tests.cli.conftest import Gate
from tests.processes import KILL_AT_CALL, Project, output, python, wait_until

KINDS = ("copy.tar", "copy.tar.gz", "copy.tgz")


def unpacked(path: Path, folder: Path) -> Workspace:
    """The workspace in an archive."""
    folder.mkdir()
    subprocess.run(["tar", "-xf", path, "-C", folder], check=True)
    assert [one.name for one in folder.iterdir()] == [".localexp"]
    return Workspace(folder)


def everything(workspace: Workspace) -> dict[str, object]:
    """What is known of each run, by its id, with the bytes of its files."""
    return {
        run.id: (
            run.experiment.name,
            run.get_status(),
            run.get_metrics(),
            run.get_tags(),
            run.get_properties(),
            run.get_details().get("error"),
            None if run.parent is None else run.parent.id,
            {name: Path(run._layout.artifact(name)).read_bytes() for name in run.get_file_names()},
            run._known().snapshot,
        )
        for experiment in workspace.experiments.values()
        for run in experiment.get_runs(include_children=True)
    }


@pytest.fixture
def filled(workspace: Workspace, experiment: Experiment, project: Project, tmp_path: Path) -> Workspace:
    """A workspace with runs of all kinds that have ended."""
    project.write("sub/train.py", "print('ran')")
    (project.path / "large").write_bytes(os.urandom(100_000))
    with experiment.start_logging(snapshot_directory=str(project.path), tags={"model": "mlp"}) as run:
        made = tmp_path / "made"
        made.write_text("made")
        run.upload_file("outputs/x y", made)
    with Experiment(workspace, "Letters").start_logging(run_id="By-Hand", snapshot_directory=None) as run:
        run.log_list("loss", [0.5, float("nan"), 0.25])
        run.upload_file("outputs/ünïcode/" + "n" * 200, __file__)
        with run.child_run("fold", run_id="child") as child:
            child.log("loss", 1)
    run.tag("late", "yes")
    return workspace


@pytest.mark.parametrize("name", KINDS)
def test_the_copy_has_the_same_runs_files_and_snapshots(filled: Workspace, tmp_path: Path, name: str) -> None:
    made = filled.backup(tmp_path / name)
    copy = unpacked(tmp_path / name, tmp_path / "elsewhere")

    assert repr(everything(copy)) == repr(everything(filled))
    assert verify.checked(copy._store).problems == []
    assert copy.name == filled.name
    assert (made.runs, made.missing, made.interrupted) == (3, [], [])
    assert made.size == os.stat(made.path).st_size
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == [name]
    with copy._store.main.reading() as db:
        assert runs.unfolded(db, None) == []
        assert checkouts.idle(db) == []
        assert holds.holder(db) is None


def test_snapshots_are_restored_from_it_byte_for_byte(filled: Workspace, tmp_path: Path, project: Project) -> None:
    filled.backup(tmp_path / "copy.tar")
    copy = unpacked(tmp_path / "copy.tar", tmp_path / "elsewhere")
    (run,) = Experiment(copy, "digits").get_runs()

    run.restore_snapshot(path=tmp_path / "restored", unpack=True)

    files = {path.relative_to(project.path): path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    assert len(files) == 2
    for name, data in files.items():
        assert (tmp_path / "restored" / name).read_bytes() == data


def test_the_archive_has_only_what_the_record_knows(filled: Workspace, tmp_path: Path) -> None:
    (submitted,) = Experiment(filled, "digits").get_runs()
    submitted.get_portal_url()
    submitted.experiment.get_portal_url()
    Path(submitted._layout.folder, "handover").write_text("SECRET=1")
    assert Path(filled._store.layout.cache_database).exists()

    filled.backup(tmp_path / "copy.tar")

    with tarfile.open(tmp_path / "copy.tar") as tar:
        members = tar.getmembers()
    assert all(member.isfile() for member in members)
    names = {member.name.removeprefix(".localexp/") for member in members}
    assert {name.partition("/")[0] for name in names} == {".gitignore", "localexp.db", "blobs.db", "objects", "runs"}
    assert {name.split("/")[3] for name in names if name.startswith("runs/")} == {"artifacts"}


def test_a_run_that_goes_on_is_ended_in_the_copy_and_goes_on(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    run = experiment.start_logging(snapshot_directory=None, run_id="active")
    run.log("loss", 1)
    run.tag("a", "b")

    made = workspace.backup(tmp_path / "copy.tar")
    run.log("loss", 2)
    run.complete()

    copied = Run.get(unpacked(tmp_path / "copy.tar", tmp_path / "elsewhere"), "active")
    assert made.interrupted == ["active"]
    assert copied.get_status() == "Failed"
    assert "was Running when a backup was made at 20" in str(copied.get_details()["error"])
    assert (copied.get_metrics(), copied.get_tags()) == ({"loss": 1}, {"a": "b"})
    assert run.get_metrics() == {"loss": [1, 2]}
    copied.tag("later")
    assert copied.get_tags() == {"a": "b", "later": None}


def test_a_script_that_runs_has_its_log_there_and_nothing_that_it_was_started_with(
    workspace: Workspace, experiment: Experiment, project: Project, tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate")
    project.write("train.py", f"print('so far', flush=True)\n{gate.code}")
    workspace.set_setting("max_concurrent_runs", 1)
    config = project.config()
    config.run_config.environment_variables = {"TOKEN": "a-secret-of-mine"}
    running, queued = experiment.submit(config), experiment.submit(config)
    log = Path(running._layout.log)
    wait_until(lambda: log.exists() and "so far" in log.read_text(), "the script has printed")
    assert os.path.exists(queued._layout.handover)

    made = workspace.backup(tmp_path / "copy.tar")
    gate.open(2)
    assert running.wait_for_completion()["status"] == queued.wait_for_completion()["status"] == "Completed"

    assert b"a-secret-of-mine" not in (tmp_path / "copy.tar").read_bytes()
    copy = unpacked(tmp_path / "copy.tar", tmp_path / "elsewhere")
    assert {*made.interrupted} == {running.id, queued.id}
    there = Run.get(copy, running.id)
    assert (there.get_status(), Run.get(copy, queued.id).get_status()) == ("Failed", "Failed")
    gate.close()
    there.download_file("user_logs/std_log.txt", tmp_path / "log", _validate_checksum=True)
    assert (tmp_path / "log").read_text() == "so far\n"
    assert verify.checked(copy._store).problems == []


LOGGING = """
import sys
from localexp import Experiment, Workspace
run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="writer")
number = 0
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        run.log("number", number)
        number += 1
        if number % 997 == 0:
            run.flush()
    print(number, flush=True)
run.complete()
"""


def test_what_was_accepted_before_is_there_while_another_process_logs_on(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    writer = python(LOGGING, workspace.path)
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdout.readline()
    for number in range(2):
        writer.stdin.write("3000\n")
        writer.stdin.flush()
        accepted = int(writer.stdout.readline())
        # It goes on with these meanwhile.
        writer.stdin.write("8000\n")
        writer.stdin.flush()
        workspace.backup(tmp_path / f"{number}.tar")
        copy = unpacked(tmp_path / f"{number}.tar", tmp_path / f"elsewhere-{number}")
        found = Run.get(copy, "writer").get_metrics()["number"]
        assert len(found) >= accepted
        assert found == list(range(len(found)))
        assert Run.get(copy, "writer").get_details().get("warnings") is None
        writer.stdout.readline()
    output(writer)


def test_a_damaged_journal_is_in_the_copy_as_what_it_is(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    code = """
        import os, sys
        from localexp import Experiment, Workspace
        run = Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="dead")
        run.log("loss", 1)
        os._exit(1)
        """
    python(code, workspace.path).communicate()
    folder = Path(workspace._store.layout.run("digits", "dead").journals)
    (journal,) = folder.iterdir()
    with journal.open("ab") as file:
        file.write(b"no frame at all" * 10)

    workspace.backup(tmp_path / "copy.tar")
    copied = Run.get(unpacked(tmp_path / "copy.tar", tmp_path / "elsewhere"), "dead")

    assert copied.get_metrics() == {"loss": 1}
    assert copied.get_status() == "Failed"
    assert "cannot be read" in str(copied.get_details()["warnings"])


def test_a_store_that_may_only_be_read_is_backed_up(filled: Workspace, tmp_path: Path) -> None:
    expected = repr(everything(filled))
    filled.close()
    folder = tmp_path / "read-only"
    shutil.copytree(Path(filled.path, ".localexp"), folder / ".localexp")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        printed(localexp("backup", str(tmp_path / "copy.tar"), at=folder, through=without_privileges()))
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    assert repr(everything(unpacked(tmp_path / "copy.tar", tmp_path / "elsewhere"))) == expected


def test_what_is_recorded_and_not_there_is_said(filled: Workspace, tmp_path: Path) -> None:
    run = Run.get(filled, "By-Hand")
    (name,) = run.get_file_names()
    os.unlink(run._layout.artifact(name))

    assert filled.backup(tmp_path / "copy.tar").missing == [f"By-Hand: {name}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("there.tar", "is there already, and a backup never replaces anything"),
        ("copy.zip", r"ends in \.tar, \.tar\.gz or \.tgz, not"),
        ("no-folder/copy.tar", "there is no folder .*no-folder"),
        (".localexp/copy.tar", "in the very workspace"),
        (".localexp/runs/copy.tar", "in the very workspace"),
    ],
)
def test_a_place_that_cannot_be_is_refused(workspace: Workspace, name: str, message: str) -> None:
    folder = Path(workspace.path)
    (folder / ".localexp" / "runs").mkdir()
    (folder / "there.tar").write_text("mine")
    before = sorted(folder.iterdir())

    with pytest.raises(UserErrorException, match=message):
        workspace.backup(folder / name)

    assert (folder / "there.tar").read_text() == "mine"
    assert sorted(folder.iterdir()) == before


def test_a_full_disk_leaves_nothing(filled: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "backups"
    place.mkdir()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A file that may not grow fails as one on a full disk does, but for the number of the error.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for most in (30_000, 250_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, limit[1]))
        try:
            with pytest.raises((StoreError, OSError)) as caught:
                filled.backup(place / "copy.tar")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert isinstance(caught.value, StoreError), caught.value
        assert list(place.iterdir()) == []
    with filled._store.main.writing() as db:
        assert holds.holder(db) is None
    filled.backup(place / "copy.tar")


# While others are at work


TAKING = """
import os, sys
from pathlib import Path
from localexp import Experiment, Workspace
workspace, folder = Workspace(sys.argv[1]), Path(sys.argv[2])
experiment = Experiment(workspace, "taken")
number = 0
for _ in sys.stdin:
    for _ in range(5):
        (folder / f"{number}.txt").write_text(str(number))
        (folder / "large").write_bytes(os.urandom(70_000))
        run_id = f"{folder.name}-{number}"
        with experiment.start_logging(snapshot_directory=str(folder), run_id=run_id) as run:
            run.log("number", number)
            run.upload_file("outputs/large", folder / "large")
        number += 1
        print(run_id, flush=True)
"""


COLLECTING = """
import os, sys
from pathlib import Path
from localexp import Experiment, Workspace
from localexp.errors import LocalexpError
workspace, folder = Workspace(sys.argv[1]), Path(sys.argv[2])
(folder / "large").write_bytes(os.urandom(70_000))
experiment = Experiment(workspace, "garbage")
collected = refused = 0
while not (folder / "stop").exists():
    try:
        (folder / "small").write_bytes(os.urandom(100))
        with experiment.start_logging(snapshot_directory=str(folder)) as run:
            pass
        run.delete()
        workspace.gc()
        collected += 1
    except LocalexpError as error:
        if not any(text in str(error) for text in ("while a backup is made", "makes a backup, for which all")):
            raise
        refused += 1
print(collected, refused)
"""


def check_copies_beside(workspace: Workspace, tmp_path: Path, takers: int, rounds: int) -> None:
    """Back a workspace up while processes take snapshots, upload files, delete and collect, and look at each copy."""
    processes = []
    garbage = tmp_path / "garbage"
    garbage.mkdir()
    collector = python(COLLECTING, workspace.path, garbage)
    for number in range(takers):
        folder = tmp_path / f"taker{number}"
        folder.mkdir()
        processes.append(python(TAKING, workspace.path, folder))
    accepted = set[str]()
    for number in range(rounds):
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        # One run of this round each, and the others come meanwhile, or have come.
        accepted |= {line(process) for process in processes}
        made = workspace.backup(tmp_path / f"{number}.tar")
        copy = unpacked(tmp_path / f"{number}.tar", tmp_path / f"elsewhere-{number}")
        found = {run.id: run for run in Experiment(copy, "taken").get_runs()}
        assert accepted <= found.keys()
        assert made.missing == []
        assert verify.checked(copy._store).problems == []
        for run in found.values():
            assert run.snapshot is not None
            run.snapshot.restore(tmp_path / "restored")
            assert (tmp_path / "restored" / f"{run.id.rpartition('-')[2]}.txt").exists()
            shutil.rmtree(tmp_path / "restored")
            if run.get_status() == "Completed":
                assert run.get_metrics() == {"number": int(run.id.rpartition("-")[2])}
                run.download_file("outputs/large", tmp_path / "large", _validate_checksum=True)
        assert [one for one in examination.examined(copy._store) if one.kind != "unknown-folder"] == []
        accepted |= {line(process) for process in processes for _ in range(4)}
    (garbage / "stop").touch()
    for process in processes:
        output(process)
    collected, refused = map(int, output(collector).split())
    assert collected > 0
    print(f"{collected} collections, {refused} refused")


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_snapshots_and_files_that_come_meanwhile_are_whole_in_the_copy(workspace: Workspace, tmp_path: Path) -> None:
    check_copies_beside(workspace, tmp_path, takers=1, rounds=2)


@pytest.mark.exhaustive
@pytest.mark.timeout(600)
def test_so_they_are_with_four_processes_at_it(workspace: Workspace, tmp_path: Path) -> None:
    check_copies_beside(workspace, tmp_path, takers=4, rounds=15)


BACKING_UP = f"""{KILL_AT_CALL}
from localexp import Workspace
import localexp.execution.backup.making
workspace = Workspace(sys.argv[1])
sys.setprofile(kill_at_call)
workspace.backup(sys.argv[2])
sys.setprofile(None)
print(calls)
"""


def check_killed_backup(workspace: Workspace, tmp_path: Path, at: int) -> None:
    """A backup that was killed has left no archive or a whole one, and is in nobody's way."""
    place = tmp_path / f"killed-{at}"
    place.mkdir()
    killed = python(BACKING_UP, workspace.path, place / "copy.tar", at)
    _, err = killed.communicate()
    assert killed.returncode in (-signal.SIGKILL, 0), err

    if (place / "copy.tar").exists():
        assert len(everything(unpacked(place / "copy.tar", place / "elsewhere"))) == 3
    with workspace._store.main.writing() as db:
        assert {str(path) for path in place.glob("*.part")} <= {hold.path for hold in holds.of_the_dead(db)}
        assert holds.holder(db) is None


def test_a_backup_that_is_killed_leaves_nothing_half_written(filled: Workspace, tmp_path: Path) -> None:
    calls = int(output(python(BACKING_UP, filled.path, tmp_path / "whole.tar", -1)))

    for at in range(1, calls, max(1, calls // 4)):
        check_killed_backup(filled, tmp_path, at)

    assert examination.examined(filled._store) == []


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_a_backup_killed_at_every_single_step_leaves_nothing_half_written(filled: Workspace, tmp_path: Path) -> None:
    calls = int(output(python(BACKING_UP, filled.path, tmp_path / "whole.tar", -1)))

    for at in range(1, calls + 1):
        check_killed_backup(filled, tmp_path, at)
