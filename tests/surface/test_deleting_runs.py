"""Deleting a run takes it with its children and their files, or nothing, whoever dies over it, and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig, Workspace
from localexp.errors import RunNotFound, StoreError, UserErrorException
from localexp.execution import deletion
from localexp.snapshot import verify
from localexp.store import checkouts, holds
from localexp.store.owners import this_process
from tests.processes import KILL_AT_CALL, Project, of_the_dead, output, python
from tests.store.rows import add_run
from tests.surface.test_deleting_experiments import folders, ids

KEPT = {"loss": [0.5, 0.25]}


def said(run: Run) -> None:
    run.log("loss", 0.5)
    run.log("loss", 0.25)
    run.upload_file("outputs/model", __file__)


def family(experiment: Experiment, name: str = "parent") -> Run:
    """A run with files, with a child that has files and a child of its own, and what is said but not folded."""
    with experiment.start_logging(snapshot_directory=None, run_id=name) as run:
        said(run)
        with run.child_run("fold", run_id=f"{name}-child") as child:
            said(child)
            with child.child_run("inner", run_id=f"{name}-grandchild"):
                pass
    run.tag("late", "yes")
    return run


def check_whole(run: Run, tmp_path: Path) -> None:
    (child,) = run.get_children()
    assert run.get_metrics() == child.get_metrics() == KEPT
    assert run.get_tags() == {"late": "yes"}
    for one in (run, child):
        one.download_file("outputs/model", tmp_path / "model")
        assert (tmp_path / "model").read_bytes() == Path(__file__).read_bytes()
    assert len(list(child.get_children())) == 1


def rows_of(workspace: Workspace) -> set[str]:
    """The tables that have rows."""
    with workspace._store.main.reading() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table for table in tables if db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]}


def test_a_deleted_run_leaves_no_row_and_no_file_of_it_or_its_descendants(
    workspace: Workspace, experiment: Experiment
) -> None:
    run = family(experiment)
    assert folders(workspace)

    run.delete()

    assert [path for path in folders(workspace) if path != "runs/digits"] == []
    assert not os.path.exists(workspace._store.layout.deleted)
    assert rows_of(workspace) == {"_settings", "sqlite_sequence", "_experiments"}
    assert ids(workspace) == [experiment.id]


def test_other_runs_are_as_they_were(experiment: Experiment, tmp_path: Path) -> None:
    first, second, third = (family(experiment, name) for name in ("first", "second", "third"))

    second.delete()

    check_whole(first, tmp_path)
    check_whole(third, tmp_path)
    assert [run.id for run in experiment.get_runs()] == ["third", "first"]


def test_a_child_goes_alone(experiment: Experiment) -> None:
    run = family(experiment)
    (child,) = run.get_children()

    child.delete()

    assert list(run.get_children()) == []
    assert run.get_metrics() == KEPT


def test_an_object_of_a_deleted_run_says_that_it_is_gone(workspace: Workspace, experiment: Experiment) -> None:
    run = family(experiment)
    (child,) = run.get_children()
    again = Run.get(workspace, run.id)
    run.delete()

    for use in (
        run.get_status,
        again.get_metrics,
        run.get_tags,
        run.get_details,
        run.get_file_names,
        run.get_children,
        child.get_metrics,
        lambda: child.parent,
        lambda: run.download_file("outputs/model"),
        lambda: run.tag("a"),
        lambda: run.log("loss", 1),
        lambda: again.upload_file("other", __file__),
        run.delete,
        child.delete,
        lambda: Run.get(workspace, run.id),
    ):
        with pytest.raises(RunNotFound, match="parent"):
            use()
    assert [path for path in folders(workspace) if path != "runs/digits"] == []


def test_the_id_of_a_deleted_run_may_be_given_again(experiment: Experiment) -> None:
    old = family(experiment)
    old.delete()

    new = family(experiment)

    assert new.get_metrics() == KEPT
    assert new.number == old.number + 3
    with pytest.raises(RunNotFound):
        old.get_tags()
    new.delete()


def test_a_run_that_goes_on_is_refused_and_says_what_ends_it(workspace: Workspace, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None, run_id="active")
    with workspace._store.main.writing() as db:
        add_run(db, experiment._known().key, "script", type="script", status="Running")
        db.execute("UPDATE _runs SET ended_at = NULL WHERE id = 'script'")

    with pytest.raises(UserErrorException, match=r"run active is Running: .* process \d+ of .*by run.complete\(\)"):
        run.delete()
    with pytest.raises(UserErrorException, match=r"run script is Running: cancel it first: localexp cancel script"):
        Run(experiment, "script").delete()
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs WHERE id = 'script'")

    run.log("loss", 1)
    run.complete()
    run.delete()
    assert list(experiment.get_runs()) == []


def test_a_child_that_goes_on_keeps_its_parent(experiment: Experiment, tmp_path: Path) -> None:
    run = family(experiment)
    (child,) = run.get_children()
    active = child.child_run(run_id="active")

    with pytest.raises(UserErrorException, match=r"run active is Running: .*; nothing was deleted"):
        run.delete()

    active.complete()
    active.delete()
    check_whole(run, tmp_path)


def test_a_run_whose_process_has_died_is_no_active_one(workspace: Workspace, experiment: Experiment) -> None:
    code = """
        import os, sys
        from localexp import Experiment, Workspace
        Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None, run_id="dead").log("a", 1)
        os._exit(1)
        """
    python(code, workspace.path).communicate()

    Run.get(workspace, "dead").delete()

    assert list(experiment.get_runs()) == []


def test_snapshots_stay_for_garbage_collection(workspace: Workspace, experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('ran')")
    run = experiment.submit(ScriptRunConfig(project.path, "train.py"))
    run.wait_for_completion()
    snapshot = run.get_snapshot_id()
    assert snapshot is not None

    run.delete()

    assert workspace.get_snapshot(snapshot).id == snapshot
    assert verify.checked(workspace._store).problems == []


def test_a_rerun_of_a_deleted_run_keeps_its_id_and_no_submission_is_taken_for_it(
    workspace: Workspace, experiment: Experiment, project: Project
) -> None:
    project.write("train.py", "print('ran')")
    run = experiment.submit(project.config())
    run.wait_for_completion()
    again = run.rerun()
    again.wait_for_completion()

    run.delete()
    assert Run.get(workspace, again.id).origin == run.id
    again.delete()
    fresh = experiment.submit(project.config(), reuse=True)

    assert fresh.id not in (run.id, again.id)
    fresh.wait_for_completion()


def test_a_tree_that_was_not_left_clean_is_not_leased_again(workspace: Workspace, experiment: Experiment) -> None:
    run = family(experiment)
    with workspace._store.main.writing() as db:
        tree = checkouts.add(db, "tree", run._known().key, "owner", "/src", "snapshot", 1)
        checkouts.set_ready(db, tree, 1, 1)

    run.delete()

    with workspace._store.main.writing() as db:
        assert checkouts.lease_idle(db, 1, "owner", "/src", "snapshot", 2) is None
        checkouts.remove(db, tree)


def test_the_page_of_the_experiment_shows_it_no_more(workspace: Workspace, experiment: Experiment) -> None:
    run = family(experiment)
    experiment.get_portal_url()
    page = Path(workspace._store.layout.experiment_page("digits", str(experiment.id)))
    assert ">inner<" in page.read_text()

    run.delete()

    assert ">inner<" not in page.read_text()


def test_many_runs_go_in_one_step_whatever_their_order(workspace: Workspace, experiment: Experiment) -> None:
    with workspace._store.main.writing() as db:
        key = experiment._known().key
        keys = [add_run(db, key, f"run-{number}") for number in range(1200)]
        # A parent that was made after its child, which no caller makes.
        db.execute("UPDATE _runs SET parent = ? WHERE key = ?", (keys[-1], keys[0]))
    runs = [run._known() for run in experiment.get_runs()]

    assert len(deletion.delete_runs(workspace._store, runs)) == 1200

    assert list(experiment.get_runs()) == []


def test_who_reads_meanwhile_sees_all_of_it_or_nothing(experiment: Experiment, tmp_path: Path) -> None:
    run = family(experiment)
    seen: list[object] = []
    refused: list[str] = []
    has_begun = threading.Event()

    def read() -> None:
        target = tmp_path / "model"
        while True:
            has_begun.set()
            try:
                reader = Run(experiment, "parent")
                seen.append(reader.get_metrics())
                reader.download_file("outputs/model", target)
                seen.append(target.read_bytes())
            except RunNotFound:
                return
            except UserErrorException as error:
                refused.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    has_begun.wait()
    run.delete()
    reader.join()

    assert all(one in (KEPT, {}, Path(__file__).read_bytes()) for one in seen)
    # The file had gone since it was found, or since the run was.
    assert all("cannot be read" in said or "has no file" in said for said in refused)


def test_of_many_metrics_that_are_read_meanwhile_all_have_their_values_or_there_are_none(
    experiment: Experiment,
) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    names = [f"metric-{number}" for number in range(500)]
    for name in names:
        run.log(name, 0.5)
    run.complete()
    seen: list[object] = []
    has_begun = threading.Event()

    def read() -> None:
        with contextlib.suppress(RunNotFound):
            while True:
                has_begun.set()
                seen.append(run.get_metrics())

    reader = threading.Thread(target=read)
    reader.start()
    has_begun.wait()
    Run(experiment, run.id).delete()
    reader.join()

    assert all(one in (dict.fromkeys(names, 0.5), {}) for one in seen)


# Whoever fails, dies or is in the way


def test_nothing_is_deleted_while_a_backup_holds_the_store(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    run = family(experiment)
    with workspace._store.main.writing() as db:
        key = holds.begin(db, str(this_process()))

    with pytest.raises(StoreError, match=f"while a backup is made, by process {os.getpid()}"):
        run.delete()
    with pytest.raises(StoreError, match="while a backup is made"):
        Experiment.delete(workspace, str(experiment.id))

    check_whole(run, tmp_path)
    with workspace._store.main.writing() as db:
        holds.end(db, key)
        holds.begin(db, str(of_the_dead()))
    run.delete()


def test_what_cannot_be_moved_aside_leaves_everything_as_it_was(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    run = family(experiment)
    in_the_way = Path(workspace._store.layout.deleted)
    in_the_way.touch()

    with pytest.raises(StoreError, match=r"cannot be removed: .*; nothing was deleted"):
        run.delete()

    check_whole(run, tmp_path)
    in_the_way.unlink()
    run.delete()
    assert list(experiment.get_runs()) == []


def test_of_two_that_delete_it_at_once_one_does(workspace: Workspace, experiment: Experiment) -> None:
    code = """
        import sys
        from localexp import Run, Workspace
        from localexp.errors import RunNotFound
        workspace = Workspace(sys.argv[1])
        print("ready", flush=True)
        for name in sys.stdin:
            try:
                run = Run.get(workspace, name.strip())
                run.delete()
                print("deleted", flush=True)
            except RunNotFound:
                print("gone", flush=True)
        """
    runs = [family(experiment, f"parent{number}") for number in range(3)]
    deleters = [python(code, workspace.path) for _ in range(3)]
    for deleter in deleters:
        assert deleter.stdout is not None
        deleter.stdout.readline()
    for deleter in deleters:
        assert deleter.stdin is not None
        deleter.stdin.write("".join(f"{run.id}\n" for run in runs))
        deleter.stdin.flush()

    words = " ".join(output(deleter) for deleter in deleters).split()
    assert sorted(words) == ["deleted"] * 3 + ["gone"] * 6
    assert list(experiment.get_runs()) == []
    assert not os.path.exists(workspace._store.layout.deleted)


DELETING = f"""{KILL_AT_CALL}
from localexp import Run, Workspace
import localexp.execution.deletion, localexp.report.experiment_page
run = Run.get(Workspace(sys.argv[1]), sys.argv[2])
sys.setprofile(kill_at_call)
run.delete()
sys.setprofile(None)
print(calls)
"""


def calls_of_delete(workspace: Workspace, experiment: Experiment) -> int:
    return int(output(python(DELETING, workspace.path, family(experiment, "counted").id, -1)))


def check_killed_delete(workspace: Workspace, experiment: Experiment, at: int, tmp_path: Path) -> bool:
    """Whether a deletion that was killed at some call came to pass; it has not, or wholly."""
    run = family(experiment, f"killed-{at}")
    killed = python(DELETING, workspace.path, run.id, at)
    _, err = killed.communicate()
    assert killed.returncode in (-signal.SIGKILL, 0), err

    with_what_is_left = Workspace(workspace.path)
    assert not os.path.exists(with_what_is_left._store.layout.deleted)
    if list(experiment.get_runs()):
        check_whole(run, tmp_path)
        run.delete()
        return False
    assert list(experiment.get_runs(include_children=True)) == []
    assert [path for path in folders(workspace) if path != "runs/digits"] == []
    return True


def test_a_deletion_killed_at_any_step_leaves_everything_or_nothing(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    calls = calls_of_delete(workspace, experiment)

    came_to_pass = [
        check_killed_delete(workspace, experiment, at, tmp_path) for at in range(1, calls, max(1, calls // 6))
    ]

    assert came_to_pass == sorted(came_to_pass)
    assert set(came_to_pass) == {False, True}


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_a_deletion_killed_at_every_single_step_leaves_everything_or_nothing(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    for at in range(1, calls_of_delete(workspace, experiment) + 1):
        check_killed_delete(workspace, experiment, at, tmp_path)


def test_who_speaks_of_a_run_after_a_killed_deletion_puts_its_files_back(
    workspace: Workspace, experiment: Experiment, tmp_path: Path
) -> None:
    run = family(experiment)
    aside = workspace._store.layout.deleted_run(run._known().key)
    os.makedirs(os.path.dirname(aside))
    os.rename(run._layout.folder, aside)

    run.tag("also")

    assert not os.path.exists(aside)
    assert run.get_tags() == {"late": "yes", "also": None}
    run.download_file("outputs/model", tmp_path / "model")
