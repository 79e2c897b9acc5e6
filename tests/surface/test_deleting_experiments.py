"""Deleting an experiment takes all of it or nothing, whoever dies over it, and nothing of any other."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from localexp import Experiment, Run, ScriptRunConfig, ViewType, Workspace
from localexp.errors import RunNotFound, StoreError, UserErrorException
from localexp.snapshot import verify
from localexp.store import checkouts, states
from localexp.store.owners import Owner, this_process
from tests.processes import KILL_AT_CALL, Project, output, python

KEPT = {"loss": [0.5, 0.25]}


def filled(workspace: Workspace, name: str = "digits") -> Experiment:
    """An experiment with a run that has files, a child of it, one without a folder, and what is said but not folded."""
    experiment = Experiment(workspace, name)
    experiment.tag("team", "red")
    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.upload_file("outputs/model", __file__)
    with experiment.start_logging(snapshot_directory=None) as plain:
        plain.log("loss", 0.5)
        plain.log("loss", 0.25)
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _runs SET parent = ? WHERE key = ?", (run._known().key, plain._known().key))
    run.tag("late", "yes")
    return experiment


def folders(workspace: Workspace) -> list[str]:
    root = Path(workspace._store.layout.root)
    return sorted(str(path.relative_to(root)) for part in ("runs", "deleted") for path in (root / part).rglob("*"))


def ids(workspace: Workspace) -> list[str | None]:
    return [experiment.id for experiment in Experiment.list(workspace, view_type=ViewType.All)]


def check_whole(experiment: Experiment, tmp_path: Path) -> None:
    child, run = experiment.get_runs(include_children=True)
    assert run.get_metrics() == child.get_metrics() == KEPT
    assert run.get_tags() == {"late": "yes"}
    run.download_file("outputs/model", tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == Path(__file__).read_bytes()
    assert experiment.tags == {"team": "red"}
    assert child.parent is not None
    assert child.parent.id == run.id


def test_a_deleted_experiment_leaves_no_row_and_no_file(workspace: Workspace) -> None:
    experiment = filled(workspace)
    assert folders(workspace)

    Experiment.delete(workspace, str(experiment.id))

    assert ids(workspace) == []
    assert folders(workspace) == []
    assert not os.path.exists(workspace._store.layout.deleted)
    with workspace._store.main.reading() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    assert {table for table, number in counts.items() if number} == {"_settings", "sqlite_sequence"}


def test_an_archived_one_is_deleted_likewise(workspace: Workspace) -> None:
    experiment = filled(workspace)
    experiment.archive()

    Experiment.delete(workspace, str(experiment.id))

    assert ids(workspace) == []


def test_others_of_its_name_keep_their_rows_and_files(workspace: Workspace, tmp_path: Path) -> None:
    first = filled(workspace)
    first.archive()
    second = filled(workspace)
    other = filled(workspace, "letters")

    Experiment.delete(workspace, str(second.id))

    assert ids(workspace) == [first.id, other.id]
    check_whole(first, tmp_path)
    check_whole(other, tmp_path)


@pytest.mark.parametrize("identifier", ["unknown", "", None, "../runs", "digits"])
def test_an_id_that_nothing_has_is_refused(workspace: Workspace, identifier: str, tmp_path: Path) -> None:
    experiment = filled(workspace)

    with pytest.raises(UserErrorException, match="no experiment with the id"):
        Experiment.delete(workspace, identifier)

    check_whole(experiment, tmp_path)


def test_it_is_refused_while_runs_go_on_and_names_them(workspace: Workspace, tmp_path: Path) -> None:
    experiment = filled(workspace)
    active = [experiment.start_logging(snapshot_directory=None, run_id=f"active-{number}") for number in range(7)]

    with pytest.raises(UserErrorException, match=r"go on: active-0, active-1, .* and 2 more; wait for them"):
        Experiment.delete(workspace, str(experiment.id))

    assert active[0].get_status() == "Running"
    for run in active:
        run.complete()
    assert len(list(experiment.get_runs())) == 8
    Experiment.delete(workspace, str(experiment.id))
    assert ids(workspace) == []


def test_a_run_whose_process_has_died_does_not_keep_it(workspace: Workspace, experiment: Experiment) -> None:
    code = """
        import os, sys
        from localexp import Experiment, Workspace
        Experiment(Workspace(sys.argv[1]), "digits").start_logging(snapshot_directory=None).log("loss", 1)
        os._exit(1)
        """
    python(code, workspace.path).communicate()

    Experiment.delete(workspace, str(experiment.id))

    assert ids(workspace) == []
    assert folders(workspace) == []


def test_a_run_of_another_machine_keeps_it(workspace: Workspace, experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None, run_id="elsewhere")
    other = Owner("another-host", "another-boot", "another-namespace", 1, 1)
    with workspace._store.main.writing() as db:
        assert states.hand_over(db, run._known().key, str(this_process()), str(other))

    with pytest.raises(UserErrorException, match="go on: elsewhere"):
        Experiment.delete(workspace, str(experiment.id))

    with workspace._store.main.writing() as db:
        assert states.hand_over(db, run._known().key, str(other), str(this_process()))
    run.complete()


# What still holds a deleted one


def test_an_object_of_a_deleted_run_says_that_it_is_gone(workspace: Workspace) -> None:
    experiment = filled(workspace)
    run = next(experiment.get_runs())
    Experiment.delete(workspace, str(experiment.id))

    for use in (
        run.get_status,
        run.get_metrics,
        run.get_tags,
        run.get_details,
        run.get_file_names,
        run.get_children,
        run.wait_for_completion,
        lambda: run.parent,
        lambda: run.tag("a"),
        lambda: run.set_tags({"a": "b"}),
        lambda: run.add_properties({"a": "b"}),
        lambda: run.log("loss", 1),
        lambda: run.upload_file("other", __file__),
        lambda: Run.get(workspace, run.id),
        lambda: Run(Experiment(workspace, "digits"), run.id),
    ):
        with pytest.raises(RunNotFound, match=run.id):
            use()
    assert repr(run).startswith(f"Run(Id: {run.id},\nStatus: unknown, for no run")
    assert folders(workspace) == []


def test_an_object_of_a_deleted_experiment_says_that_it_is_gone(workspace: Workspace) -> None:
    experiment = filled(workspace)
    Experiment.delete(workspace, str(experiment.id))

    for use in (
        experiment.refresh,
        experiment.archive,
        experiment.reactivate,
        experiment.get_runs,
        lambda: experiment.tag("a"),
        lambda: experiment.remove_tags(["a"]),
        lambda: experiment.tags,
        lambda: Experiment(workspace, "digits", _id=experiment.id),
    ):
        with pytest.raises(UserErrorException, match=str(experiment.id)):
            use()
    assert (experiment.name, ids(workspace)) == ("digits", [])


def test_a_deleted_experiment_can_be_written_to_by_its_name(workspace: Workspace) -> None:
    experiment = filled(workspace)
    Experiment.delete(workspace, str(experiment.id))

    with experiment.start_logging(snapshot_directory=None) as run:
        run.log("loss", 1)

    assert run.experiment.id != experiment.id
    assert run.get_metrics() == {"loss": 1}


def test_the_key_of_a_deleted_run_or_experiment_is_never_used_again(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits")
    old = experiment.start_logging(snapshot_directory=None, run_id="again", tags={"old": "yes"})
    old.complete()
    Experiment.delete(workspace, str(experiment.id))

    new = Experiment(workspace, "digits").start_logging(snapshot_directory=None, run_id="again")
    new.complete()

    assert new._known().key > old._known().key
    assert new.experiment._known().key > experiment._known().key
    assert new.number == 1
    with pytest.raises(RunNotFound):
        old.get_tags()
    assert new.get_tags() == {}


def test_snapshots_stay_for_garbage_collection(workspace: Workspace, experiment: Experiment, project: Project) -> None:
    project.write("train.py", "print('ran')")
    run = experiment.submit(ScriptRunConfig(project.path, "train.py"))
    run.wait_for_completion()
    snapshot = run.get_snapshot_id()
    assert snapshot is not None

    Experiment.delete(workspace, str(experiment.id))

    assert workspace.get_snapshot(snapshot).id == snapshot
    assert verify.checked(workspace._store).problems == []
    assert folders(workspace) == []


def test_a_tree_that_was_not_left_clean_is_not_leased_again(workspace: Workspace) -> None:
    experiment = filled(workspace)
    run = next(experiment.get_runs())
    with workspace._store.main.writing() as db:
        tree = checkouts.add(db, "tree", run._known().key, "owner", "/src", "snapshot", 1)
        checkouts.set_ready(db, tree, 1, 1)

    Experiment.delete(workspace, str(experiment.id))

    with workspace._store.main.writing() as db:
        assert checkouts.lease_idle(db, 1, "owner", "/src", "snapshot", 2) is None
        assert checkouts.by_key(db, tree).run is None
        checkouts.remove(db, tree)


# Whoever fails, dies or is in the way


def test_what_cannot_be_moved_aside_leaves_everything_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    experiment = filled(workspace)
    in_the_way = Path(workspace._store.layout.deleted)
    in_the_way.touch()

    with pytest.raises(StoreError, match=r"cannot be removed: .*; nothing was deleted"):
        Experiment.delete(workspace, str(experiment.id))

    check_whole(experiment, tmp_path)
    in_the_way.unlink()
    Experiment.delete(workspace, str(experiment.id))
    assert ids(workspace) == []


def test_of_two_that_delete_it_at_once_one_does(workspace: Workspace) -> None:
    code = """
        import sys
        from localexp import Experiment, Workspace
        from localexp.errors import UserErrorException
        workspace = Workspace(sys.argv[1])
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            Experiment.delete(workspace, sys.argv[2])
            print("deleted")
        except UserErrorException as error:
            print("refused" if "no experiment with the id" in str(error) else error)
        """
    for _ in range(3):
        experiment = filled(workspace)
        deleters = [python(code, workspace.path, experiment.id) for _ in range(3)]
        for deleter in deleters:
            assert deleter.stdout is not None
            deleter.stdout.readline()
        for deleter in deleters:
            assert deleter.stdin is not None
            deleter.stdin.write("\n")
            deleter.stdin.flush()

        assert sorted(output(deleter) for deleter in deleters) == ["deleted\n", "refused\n", "refused\n"]
        assert ids(workspace) == []
        assert folders(workspace) == []
        assert not os.path.exists(workspace._store.layout.deleted)


DELETING = f"""{KILL_AT_CALL}
from localexp import Experiment, Workspace
import localexp.execution.deletion
workspace = Workspace(sys.argv[1])
sys.setprofile(kill_at_call)
Experiment.delete(workspace, sys.argv[2])
sys.setprofile(None)
print(calls)
"""


def calls_of_delete(workspace: Workspace) -> int:
    return int(output(python(DELETING, workspace.path, filled(workspace).id, -1)))


def check_killed_delete(workspace: Workspace, at: int, tmp_path: Path) -> bool:
    """Whether a deletion that was killed at some call came to pass; it has not, or wholly."""
    experiment = filled(workspace)
    # One that was opened before, and knows nothing of it.
    run = next(experiment.get_runs())
    killed = python(DELETING, workspace.path, experiment.id, at)
    _, err = killed.communicate()
    assert killed.returncode in (-signal.SIGKILL, 0), err
    if ids(workspace):
        run.get_tags()

    with_what_is_left = Workspace(workspace.path)

    assert not os.path.exists(workspace._store.layout.deleted)
    if not ids(with_what_is_left):
        assert folders(workspace) == []
        with pytest.raises(RunNotFound):
            run.get_tags()
        return True
    check_whole(Experiment(with_what_is_left, "digits"), tmp_path)
    with_what_is_left.close()
    Experiment.delete(workspace, str(experiment.id))
    return False


def test_a_deletion_killed_at_any_step_leaves_everything_or_nothing(workspace: Workspace, tmp_path: Path) -> None:
    calls = calls_of_delete(workspace)

    came_to_pass = [check_killed_delete(workspace, at, tmp_path) for at in range(1, calls, max(1, calls // 8))]

    assert came_to_pass == sorted(came_to_pass)
    assert set(came_to_pass) == {False, True}


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_a_deletion_killed_at_every_single_step_leaves_everything_or_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    for at in range(1, calls_of_delete(workspace) + 1):
        check_killed_delete(workspace, at, tmp_path)


def test_who_speaks_of_a_run_after_a_killed_deletion_puts_its_files_back(workspace: Workspace, tmp_path: Path) -> None:
    experiment = filled(workspace)
    run = experiment.get_runs(include_children=True)
    child, parent = run
    layout = workspace._store.layout
    aside = layout.deleted_runs(str(experiment.id))
    os.makedirs(aside)
    os.rename(parent._layout.folder, os.path.join(aside, os.path.basename(parent._layout.folder)))

    child.tag("also")

    assert not os.path.exists(aside)
    assert parent.get_tags() == {"late": "yes"}
    parent.download_file("outputs/model", tmp_path / "model")
    assert child.get_tags() == {"also": None}


def test_the_name_and_the_parent_of_a_deleted_child_say_that_it_was_deleted(workspace: Workspace) -> None:
    experiment = Experiment(workspace, "digits")
    with experiment.start_logging(snapshot_directory=None) as run, run.child_run("fold") as child:
        pass
    Experiment.delete(workspace, str(experiment.id))

    with pytest.raises(RunNotFound):
        child.name  # noqa: B018
    with pytest.raises(RunNotFound):
        child.parent  # noqa: B018
