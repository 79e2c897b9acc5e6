"""Whatever is wrong with a workspace is found, said with a next step, and mended if that is safe."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from localexp import Experiment, Run, Workspace
from localexp.errors import StoreError
from localexp.execution import handover
from localexp.execution.doctor import databases, examination, overview, place
from localexp.snapshot import take
from localexp.store import builds, checkouts, clock, deletions, holds, runs, snapshots, states
from localexp.store.owners import Owner, this_process
from tests.processes import Project, of_the_dead, python
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.doctor.finding import Finding

ELSEWHERE = Owner("another-host", "another-boot", "another-namespace", 7, 1)
AN_HOUR_AGO = clock.now() / 1e6 - 3700


@pytest.fixture(autouse=True)
def _nobody_else_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "MOMENT_SECONDS", 0.0)


def kinds(workspace: Workspace) -> list[str]:
    return [finding.kind for finding in examination.examined(workspace._store)]


def only(workspace: Workspace) -> Finding:
    """What is found, which is one thing."""
    [finding] = examination.examined(workspace._store)
    return finding


def check_mended(workspace: Workspace) -> None:
    """What is found is mended by --repair, and what is left is nothing."""
    found = examination.examined(workspace._store)
    assert found
    assert all(finding.mend is not None for finding in found)
    mended, rest = examination.repaired(workspace._store, found)
    assert mended == found
    assert rest == examination.examined(workspace._store) == []


def check_only_told(workspace: Workspace) -> None:
    found = examination.examined(workspace._store)
    mended, rest = examination.repaired(workspace._store, found)
    assert (mended, len(rest)) == ([], len(found))


def owned_by(workspace: Workspace, run: Run, owner: Owner) -> None:
    with workspace._store.main.writing() as db:
        assert states.hand_over(db, run._known().key, str(this_process()), str(owner))


@pytest.fixture
def whole(workspace: Workspace, experiment: Experiment, project: Project) -> Run:
    """A run with a snapshot, a large file in it, and an artifact, in a workspace with which nothing is wrong."""
    project.write("train.py", "print('ran')")
    (project.path / "large").write_bytes(b"x" * 100_000)
    with experiment.start_logging(snapshot_directory=str(project.path), run_id="whole") as run:
        run.log("loss", 1)
        run.upload_file("outputs/model", __file__)
    assert examination.examined(workspace._store) == []
    return run


# Runs


def test_a_run_that_goes_on_is_nothing_wrong(workspace: Workspace, experiment: Experiment) -> None:
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1)
        assert examination.examined(workspace._store) == []


def test_a_run_whose_process_has_died_is_ended_by_repair_alone(workspace: Workspace, experiment: Experiment) -> None:
    code = """
        import os, sys
        from localexp import Experiment, Workspace
        Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="dead").log("a", 1)
        os._exit(1)
        """
    python(code, workspace.path).communicate()

    found = only(workspace)
    assert (found.kind, found.subject) == ("dead-owner", "dead")
    with workspace._store.main.reading() as db:
        assert [record.status for record in runs.active(db)] == ["Running"]
    check_mended(workspace)
    with workspace._store.main.reading() as db:
        assert runs.active(db) == []


def test_a_run_that_a_machine_has_owned_for_days_is_told(workspace: Workspace, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None, run_id="elsewhere")
    owned_by(workspace, run, ELSEWHERE)
    assert examination.examined(workspace._store) == []

    with workspace._store.main.writing() as db:
        db.execute("UPDATE _runs SET started_at = started_at - 3 * 86400000000")

    found = only(workspace)
    assert found.kind == "unknown-owner"
    assert "is Running for 3 days, owned by process 7 of another-host" in found.message
    check_only_told(workspace)
    with workspace._store.main.writing() as db:
        states.hand_over(db, run._known().key, str(ELSEWHERE), str(this_process()))
    run.complete()


def test_what_was_said_of_an_ended_run_and_is_not_in_the_record_is_brought_there(
    workspace: Workspace, whole: Run
) -> None:
    code = """
        import os, sys
        from localexp import Run, Workspace
        Run.get(Workspace(sys.argv[1]), "whole").tag("late", "yes")
        """
    python(code, workspace.path).communicate()

    assert only(workspace).kind == "unfolded"
    check_mended(workspace)
    with workspace._store.main.reading() as db:
        assert db.execute("SELECT value FROM _tags").fetchall() == [("yes",)]


def test_what_could_not_be_read_of_a_journal_is_told(workspace: Workspace, whole: Run) -> None:
    path = Path(whole._layout.folder, "damaged-journal-0")
    path.write_bytes(b"?")

    found = only(workspace)
    assert (found.kind, found.subject) == ("damaged-journal", str(path))
    check_only_told(workspace)


def queued(workspace: Workspace, run_id: str) -> Run:
    experiment = Experiment(workspace, "digits")
    with workspace._store.main.writing() as db:
        key = add_run(db, experiment._known().key, run_id, type="azureml.scriptrun", status="Queued")
        db.execute("UPDATE _runs SET ended_at = NULL WHERE key = ?", (key,))
    return Run(experiment, run_id)


def test_a_queued_run_of_another_machine_is_told(workspace: Workspace) -> None:
    run = queued(workspace, "theirs")
    start = handover.Start({"A": "1"}, "/src", sys.executable, [sys.executable, "train.py"], [], [])
    handover.keep(run._layout, start)
    path = Path(run._layout.handover)
    path.write_bytes(path.read_bytes().replace(this_process().host.encode(), b"another-host"))

    found = only(workspace)
    assert found.kind == "not-startable"
    assert "localexp cancel theirs" in found.advice
    check_only_told(workspace)
    run.cancel()


def test_a_queued_run_for_which_there_is_room_is_started(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "print('ran')")
    workspace.set_setting("max_concurrent_runs", 1)
    with experiment.start_logging(snapshot_directory=None):
        pass
    with workspace._store.main.writing() as db:
        # As while another is at work.
        blocking = add_run(db, experiment._known().key, "blocking", type="azureml.scriptrun", status="Running")
        db.execute("UPDATE _runs SET ended_at = NULL, owner = ? WHERE key = ?", (str(this_process()), blocking))
    run = experiment.submit(project.config())
    assert examination.examined(workspace._store) == []
    with workspace._store.main.writing() as db:
        deletions.delete(db, [blocking])

    assert only(workspace).kind == "not-started"
    check_mended(workspace)
    assert run.wait_for_completion()["status"] == "Completed"


def test_a_clock_that_was_set_back_is_told(workspace: Workspace, whole: Run) -> None:
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _runs SET created_at = created_at + 86400000000")

    found = only(workspace)
    assert found.kind == "clock"
    assert "run whole was made at 20" in found.message
    check_only_told(workspace)


def test_a_backup_that_was_killed_is_forgotten(workspace: Workspace) -> None:
    with workspace._store.main.writing() as db:
        holds.begin(db, str(of_the_dead()), "/elsewhere/copy.tar.1234.part")
        mine = holds.begin(db, str(this_process()))

    found = only(workspace)
    assert found.kind == "dead-backup"
    assert "remove /elsewhere/copy.tar.1234.part, if it is there" in found.advice
    check_mended(workspace)
    with workspace._store.main.writing() as db:
        assert holds.holder(db) == this_process()
        holds.end(db, mine)


# Files


def test_a_handover_that_nobody_will_take_is_removed(workspace: Workspace, whole: Run) -> None:
    path = Path(whole._layout.handover)
    path.write_text("SECRET=1")

    assert only(workspace).kind == "handover"
    check_mended(workspace)
    assert not path.exists()


def test_a_folder_of_no_run_is_told_once_it_is_old(workspace: Workspace, whole: Run) -> None:
    folder = Path(workspace._store.layout.run("digits", "gone").folder)
    folder.mkdir()
    assert examination.examined(workspace._store) == []

    os.utime(folder, (AN_HOUR_AGO, AN_HOUR_AGO))

    assert (only(workspace).kind, only(workspace).subject) == ("unknown-folder", str(folder))
    check_only_told(workspace)


def test_artifacts_that_are_missing_or_of_another_size_are_told(workspace: Workspace, whole: Run) -> None:
    path = Path(whole._layout.artifact("outputs/model"))
    path.write_bytes(b"short")
    assert "outputs/model (has 5 B in place of" in only(workspace).message

    path.unlink()

    found = only(workspace)
    assert (found.kind, found.subject) == ("artifacts", "whole")
    assert "outputs/model (No such file or directory)" in found.message
    check_only_told(workspace)


def test_what_is_left_of_a_deletion_goes(workspace: Workspace, whole: Run) -> None:
    left = Path(workspace._store.layout.deleted_run(4711))
    left.mkdir(parents=True)
    (left / "file").touch()
    # As programs name them that keep folders the same in several places.
    conflict = left.with_name(f"{left.name} (conflict)")
    conflict.mkdir()

    assert kinds(workspace) == ["deletion", "deletion"]
    check_mended(workspace)
    assert not left.parent.exists()


def test_what_somebody_is_just_about_is_nothing_wrong(
    workspace: Workspace, whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = workspace._store.layout.deleted_run(whole._known().key)
    os.makedirs(os.path.dirname(aside))
    os.rename(whole._layout.folder, aside)
    monkeypatch.setattr(examination, "_let_others_finish", lambda _: whole.delete())

    assert examination.examined(workspace._store) == []


def test_a_deletion_that_did_not_come_to_pass_is_put_back(workspace: Workspace, whole: Run) -> None:
    aside = workspace._store.layout.deleted_run(whole._known().key)
    os.makedirs(os.path.dirname(aside))
    os.rename(whole._layout.folder, aside)

    assert kinds(workspace) == ["artifacts", "deletion"]
    mended, rest = examination.repaired(workspace._store, examination.examined(workspace._store))
    assert ([one.kind for one in mended], rest) == (["artifacts", "deletion"], [])


def test_snapshots_that_lack_something_are_told(workspace: Workspace, whole: Run) -> None:
    [large] = [path for path in Path(workspace._store.layout.objects).rglob("*") if path.is_file()]
    data = large.read_bytes()
    large.write_bytes(b"short")
    assert (only(workspace).kind, only(workspace).subject) == ("snapshot", whole._known().snapshot)
    large.write_bytes(data)

    with workspace._store.blobs.writing() as db:
        db.execute("DELETE FROM trees")

    assert kinds(workspace) == ["snapshot"]
    check_only_told(workspace)


def test_a_snapshot_whose_taker_has_died_is_forgotten_with_what_it_left(workspace: Workspace) -> None:
    with workspace._store.main.writing() as db:
        making = snapshots.begin(db, str(of_the_dead()), 1)
    left = Path(workspace._store.layout.object_in_the_making(making, "x"))
    left.parent.mkdir(parents=True)
    left.touch()

    assert only(workspace).kind == "snapshot-in-the-making"
    check_mended(workspace)
    assert not left.exists()


def test_a_working_tree_that_the_dead_have_left_is_removed(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits")
    with workspace._store.main.writing() as db:
        run = add_run(db, experiment._known().key, "ended")
        checkouts.add(db, "tree", run, str(of_the_dead()), "/src", "00" * 16, 1)
    folder = Path(workspace._store.layout.checkout("tree"))
    folder.mkdir(parents=True)

    assert only(workspace).kind == "checkout"
    check_mended(workspace)
    assert not folder.exists()


def test_a_working_tree_without_a_row_is_told_and_kept(workspace: Workspace) -> None:
    folder = Path(workspace._store.layout.checkout("tree"))
    folder.mkdir(parents=True)

    assert only(workspace).kind == "unknown-checkout"
    check_only_told(workspace)
    assert folder.exists()


def test_an_environment_that_is_nobodys_is_removed(workspace: Workspace) -> None:
    layout = workspace._store.layout
    for name in ("nobodys-1", "given-up-1"):
        os.makedirs(layout.environment(name))
    with workspace._store.main.writing() as db:
        builds.begin(db, "given-up", layout.environment("given-up-1"), ["x"], str(of_the_dead()), 1)

    assert kinds(workspace) == ["environment", "environment"]
    check_mended(workspace)
    assert os.listdir(layout.environments) == []


# Databases


def overwrite(path: str, start: int, size: int) -> None:
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(b"\xff" * size)


def test_a_damaged_record_is_told(workspace: Workspace, whole: Run) -> None:
    workspace.close()
    overwrite(workspace._store.layout.database, 0, 4096)

    found = only(workspace)
    assert (found.kind, found.subject) == ("damaged-database", workspace._store.layout.database)
    assert "restore it from a backup" in found.advice


@pytest.mark.parametrize("lost", ["runs", "snapshots"])
def test_a_record_that_was_emptied_is_told_and_nothing_that_is_there_called_needless(
    workspace: Workspace, whole: Run, lost: str
) -> None:
    workspace.close()
    os.truncate(workspace._store.layout.database, 0)
    folder = Path(whole._layout.folder)
    os.utime(folder, (AN_HOUR_AGO, AN_HOUR_AGO))
    if lost == "snapshots":
        shutil.rmtree(folder)
    else:
        os.unlink(workspace._store.layout.blob_database)
    assert list(workspace.search_runs()) == []

    found = only(workspace)
    assert (found.kind, found.subject) == ("emptied-record", workspace._store.layout.database)
    assert "restore it from a backup" in found.advice
    check_only_told(workspace)
    with pytest.raises(StoreError, match=r"has been emptied.*nothing is removed; restore it"):
        workspace.gc()


def test_a_new_workspace_without_files_is_nothing_wrong(workspace: Workspace) -> None:
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _settings WHERE key = 'workspace.id'")

    assert examination.examined(workspace._store) == []


def test_damage_within_the_record_is_told(workspace: Workspace, whole: Run) -> None:
    path = workspace._store.layout.database
    with workspace._store.main.reading() as db:
        [(page,)] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_by_status'").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    workspace.close()
    overwrite(path, (page - 1) * 4096, 4096)

    assert "is damaged" in only(workspace).message


def test_rows_that_refer_to_none_are_told(workspace: Workspace, whole: Run) -> None:
    workspace.close()
    with closing(sqlite3.connect(workspace._store.layout.database)) as db, db:
        db.execute("UPDATE _artifacts SET run = 4711")

    found = [one for one in examination.examined(workspace._store) if one.kind == "broken-reference"]
    assert [one.message.partition(" in ")[0] for one in found] == ["1 row of _artifacts"]


def test_a_database_of_a_newer_format_is_told(workspace: Workspace, whole: Run) -> None:
    workspace.close()
    with closing(sqlite3.connect(workspace._store.layout.database)) as db:
        db.execute("PRAGMA user_version = 99")

    assert (only(workspace).kind, only(workspace).advice) == (
        "newer-format",
        "update with 'pip install --upgrade localexp'",
    )


def test_a_missing_database_of_snapshots_is_told(workspace: Workspace, whole: Run) -> None:
    workspace.close()
    os.unlink(workspace._store.layout.blob_database)

    found = only(workspace)
    assert found.kind == "missing-database"
    assert "1 snapshot cannot be restored" in found.message
    assert not os.path.exists(workspace._store.layout.blob_database)


def test_a_damaged_cache_is_removed(workspace: Workspace, whole: Run) -> None:
    workspace.close()
    overwrite(workspace._store.layout.cache_database, 0, 4096)

    assert kinds(workspace) == ["damaged-database"]
    check_mended(workspace)
    with take.taken(workspace._store, str(Path(__file__).parent / "faults")) as taken:
        assert taken.files


def test_a_log_that_has_grown_is_moved_over(workspace: Workspace, whole: Run) -> None:
    database = workspace._store.main
    assert list(databases.log_findings(database, 2**20)) == []
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _runs SET display_name = 'x'")
    assert os.path.getsize(f"{database.path}-wal") > 0

    [found] = databases.log_findings(database, 2**30)
    assert "has 1.0 GiB" in found.message
    assert found.mend is not None
    found.mend()

    assert os.path.getsize(f"{database.path}-wal") == 0


# The place


def test_little_space_is_told() -> None:
    assert list(place.space_findings("/w", 2**31)) == []
    [found] = place.space_findings("/w", 10 * 2**20)
    assert (found.kind, found.message) == ("little-space", "the disk of /w has only 10.0 MiB free")


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/my\\040disk ext4 rw 0 0
user@host: /home/remote fuse.sshfs rw 0 0
tmpfs /homes tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_told"),
    [
        ("/srv/w", "ext4", False),
        ("/home/me/w", "nfs4", True),
        ("/home", "nfs4", True),
        ("/home/my disk/w", "ext4", False),
        ("/home/remote/w", "fuse.sshfs", True),
        ("/homes/w", "tmpfs", False),
    ],
)
def test_a_network_file_system_is_told(path: str, kind: str, is_told: bool) -> None:
    assert place.file_system_in(MOUNTS, path) == kind
    assert bool(list(place.file_system_findings(path, kind))) == is_told


def test_a_system_that_does_not_say_is_not_suspected() -> None:
    assert place.file_system_in("", "/w") is None
    assert list(place.file_system_findings("/w", None)) == []


# As a whole


def test_the_overview_knows_the_parts_and_copies_of_old_formats(workspace: Workspace, whole: Run) -> None:
    old = Path(workspace._store.layout.database + ".format-4")
    old.write_bytes(b"x" * 1000)

    found = overview.Overview(workspace._store.layout)

    assert found.old_formats == [str(old)]
    assert found.bytes["old formats"] == 1000
    assert found.bytes["large files"] == 100_000
    assert found.bytes["runs"] == os.path.getsize(__file__)
    assert found.free > 0
    assert set(found.versions) == {"localexp", "format", "python", "sqlite"}


def test_what_cannot_be_mended_says_why(workspace: Workspace, whole: Run) -> None:
    # Which nobody removes as a file.
    os.mkdir(whole._layout.handover)

    mended, [rest] = examination.repaired(workspace._store, examination.examined(workspace._store))

    assert (mended, rest.kind) == ([], "handover")
    assert rest.advice.startswith("--repair failed: ")
