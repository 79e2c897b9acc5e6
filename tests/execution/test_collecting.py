"""``Workspace.gc``: what goes besides blobs and trees, what stays, and what it says of that."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from localexp import Experiment, Workspace
from localexp.errors import StoreError
from localexp.execution import handover
from localexp.snapshot import known, verify
from localexp.store import builds, experiments, facts, snapshots
from localexp.store.owners import this_process
from tests.processes import REPOSITORY, Project, of_the_dead, output, python
from tests.snapshot import leases, trees
from tests.snapshot.interleaving import unclosed
from tests.store.rows import add_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.collecting import Garbage

NOTHING = dict.fromkeys(["snapshots", "trees", "blobs", "checkouts", "environments", "texts", "files", "scans"], (0, 0))


def collected(workspace: Workspace, checkouts: bool = False) -> Garbage:
    """What was removed, which is what was said before that it would be."""
    said = workspace.gc(dry_run=True, checkouts=checkouts)
    found = workspace.gc(checkouts=checkouts)
    assert found.removed == said.removed
    assert (said.databases_after, said.bytes) == (None, found.bytes)
    assert workspace.gc(dry_run=True, checkouts=checkouts).removed == NOTHING
    return found


def test_the_databases_are_smaller_without_the_runs_of_a_deleted_experiment(
    workspace: Workspace, project: Project
) -> None:
    for number in range(100):
        (project.path / f"{number}").write_bytes(random.Random(number).randbytes(20_000))
    (project.path / "large").write_bytes(random.Random(1).randbytes(100_000))
    with Experiment(workspace, "gone").start_logging(snapshot_directory=project.path) as run:
        run.log("loss", 1.0)
    for number in range(3, 100):
        (project.path / f"{number}").unlink()
    (project.path / "large").unlink()
    with Experiment(workspace, "kept").start_logging(snapshot_directory=project.path) as kept:
        pass
    Experiment.delete(workspace, str(workspace.experiments["gone"].id))

    found = collected(workspace)

    assert found.removed["snapshots"] == (1, 0)
    assert found.removed["blobs"] == (98, 97 * 20_000 + 100_000)
    assert found.removed["trees"][0] == 1
    assert found.databases_after is not None
    assert found.databases_after < 400_000 < 2_000_000 < found.databases
    assert kept.snapshot is not None
    kept.snapshot.restore(project.path.parent / "restored")
    assert trees.read(project.path.parent / "restored") == trees.read(project.path)
    assert verify.checked(workspace._store).problems == []


def test_checkouts_go_whose_source_is_gone_and_idle_ones_if_asked_for(workspace: Workspace, tmp_path: Path) -> None:
    leased = []
    for name in ("gone", "there", "leased"):
        source = Project(tmp_path / name)
        source.write("file", name)
        leased.append(leases.leased(workspace, trees.taken(workspace, source.path).id, source.path))
    for lease in leased[:2]:
        leases.give_back(workspace, lease)
    shutil.rmtree(tmp_path / "gone")

    assert collected(workspace).removed["checkouts"] == (1, len("gone"))
    assert len(leases.folders(workspace)) == 2
    assert collected(workspace, checkouts=True).removed["checkouts"] == (1, len("there"))

    assert leases.folders(workspace) == [leased[2].tree.folder]
    again = leases.leased(workspace, leased[1].tree.snapshot, tmp_path / "there")
    assert trees.read(again.root) == trees.read(tmp_path / "there")


def test_a_checkout_is_used_again_after_its_snapshot_was_collected(workspace: Workspace, project: Project) -> None:
    project.write("one", "1")
    project.write("sub/two", "2")
    lease = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    leases.give_back(workspace, lease)
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs")
    assert workspace.gc().removed["blobs"][0] == 2
    project.write("sub/two", "other")

    again = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)

    assert again.root == lease.root
    assert trees.read(again.root) == trees.read(project.path)


def test_the_snapshot_of_a_leased_checkout_stays_though_its_run_has_forgotten_it(
    workspace: Workspace, project: Project
) -> None:
    project.write("file", "1")
    lease = leases.leased(workspace, trees.taken(workspace, project.path).id, project.path)
    with workspace._store.main.writing() as db:
        db.execute("UPDATE _runs SET snapshot = NULL")
    shutil.rmtree(lease.root)

    assert collected(workspace).removed["blobs"] == (0, 0)


def test_what_dead_processes_have_left_goes(workspace: Workspace, project: Project) -> None:
    store, layout = workspace._store, workspace._store.layout
    project.write("file", "1")
    with store.main.writing() as db:
        dead = str(of_the_dead())
        for owner in (dead, str(this_process())):
            making = snapshots.begin(db, owner, 1)
            half = Path(layout.object_in_the_making(making, "half"))
            half.parent.mkdir(parents=True, exist_ok=True)
            half.write_text("half of a file")
    Path(layout.checkout("without-a-row")).mkdir(parents=True)
    Path(layout.checkout("without-a-row"), "file").write_text("12345")
    Path(layout.environment("without-a-row")).mkdir(parents=True)
    Path(layout.environment("without-a-row"), "file").write_text("123")

    removed = collected(workspace).removed

    assert (removed["files"], removed["checkouts"], removed["environments"]) == ((1, 14), (0, 0), (1, 3))
    # It may be where a run's files are that could not be kept.
    assert os.listdir(layout.checkout("without-a-row")) == ["file"]
    assert os.listdir(half.parent) == [half.name]


def test_what_was_to_start_a_script_goes_with_its_run(workspace: Workspace, experiment: Experiment) -> None:
    store = workspace._store
    with experiment.start_logging(snapshot_directory=None) as run:
        pass
    start = handover.Start({"SECRET": "secret"}, "/source", "python", ["python"], [], [])
    places = {
        name: store.layout.run("digits", identifier)
        for name, identifier in (("ended", run.id), ("unknown", "digits_1_0"), ("waiting", "digits_2_0"))
    }
    for layout in places.values():
        handover.keep(layout, start)
    with store.main.writing() as db:
        key = add_run(db, run._known().experiment, "digits_2_0", status="Queued")
        db.execute("UPDATE _runs SET ended_at = NULL WHERE key = ?", (key,))
    artifact = Path(places["unknown"].artifact("outputs/model"))
    artifact.parent.mkdir(parents=True)
    artifact.write_text("all that is left")

    assert collected(workspace).removed["files"][0] == 2

    assert {name: os.path.exists(layout.handover) for name, layout in places.items()} == {
        "ended": False,
        "unknown": False,
        "waiting": True,
    }
    assert artifact.read_text() == "all that is left"


def test_environments_that_no_run_was_run_by_go(workspace: Workspace) -> None:
    store = workspace._store
    with store.main.writing() as db:
        for name in ("needed", "not"):
            place = store.layout.environment(f"{name}-1")
            os.makedirs(place)
            Path(place, "file").write_text(name)
            assert builds.begin(db, name, place, [], str(this_process()), 1)
            assert builds.set_ready(db, name, place, 1, 1)
        os.makedirs(store.layout.environment("just-1"))
        builds.begin(db, "just", store.layout.environment("just-1"), [], str(this_process()), 1)
        key = add_run(db, experiments.get_or_create(db, "digits", 1).key, "digits_1_0")
        db.execute("""UPDATE _runs SET definition = '{"build": {"id": "needed"}}' WHERE key = ?""", (key,))

    assert collected(workspace).removed["environments"] == (1, 3)

    assert sorted(os.listdir(store.layout.environments)) == ["just-1", "needed-1"]
    with store.main.reading() as db:
        assert [build.id for build in builds.every(db)] == ["just", "needed"]


def test_facts_and_scans_of_what_is_gone_go(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    store = workspace._store
    project.write("file", "1")
    other = Project(tmp_path / "other")
    for source in (project, other):
        trees.taken(workspace, source.path)
    shutil.rmtree(other.path)
    with store.main.writing() as db:
        key = add_run(db, experiments.get_or_create(db, "digits", 1).key, "digits_1_0")
        facts.keep(db, key, {"machine": {"cores": 1}, "packages": {}})
        db.execute("DELETE FROM _facts WHERE name = 'machine'")

    removed = collected(workspace).removed

    assert (removed["texts"][0], removed["scans"][0]) == (1, 1)
    assert known.read(store, os.fsencode(project.path)) != {}
    with store.main.reading() as db:
        assert facts.of_run(db, key) == {"packages": {}}


def test_a_workspace_that_may_only_be_read_says_what_there_is(workspace: Workspace, project: Project) -> None:
    project.write("file", "1")
    trees.taken(workspace, project.path)
    workspace._store.main.is_read_only = workspace._store.blobs.is_read_only = True

    with pytest.raises(StoreError, match="may only be read"):
        workspace.gc()

    assert workspace.gc(dry_run=True).removed["blobs"] == (1, 1)


# Submits, or starts runs of its own, of a folder that it edits to and fro, until it is told to end.
SUBMITS = """
import os, random, sys, threading
from localexp import Experiment, ScriptRunConfig, Workspace
place, folder, number, kind = sys.argv[1:]
chance = random.Random(int(number))
experiment = Experiment(Workspace(place), f"loop-{number}")
versions = [{f"d{i % 5}/{i}": chance.randbytes(chance.choice([50, 500, 5000])) for i in range(30)} for _ in range(3)]
for version in versions:
    version["large"] = chance.randbytes(70_000)
    version["train.py"] = b"import localexp; localexp.Run.get_context().log('loss', 1)"
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
print("ready", flush=True)
ids = []
while not ended.is_set():
    for name, data in chance.choice(versions).items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if name == "train.py" or chance.random() < 0.7:
            with open(path, "wb") as file:
                file.write(data)
    if kind == "submit":
        run = experiment.submit(ScriptRunConfig(folder, "train.py"))
        run.wait_for_completion(raise_on_error=False)
    else:
        run = experiment.start_logging(snapshot_directory=folder)
        run.complete()
    if chance.random() < 0.6:
        # All garbage but for what others have.
        Experiment.delete(experiment.workspace, experiment.id)
        experiment = Experiment(experiment.workspace, experiment.name)
        ids.clear()
    else:
        ids.append(run.id)
print(*ids)
"""


def check_collecting_beside(workspace: Workspace, top: Path, kind: str, processes: int, rounds: int) -> None:
    loops = [
        python(
            SUBMITS, workspace.path, Project(top / f"source-{number}").path, number, kind, PYTHONPATH=str(REPOSITORY)
        )
        for number in range(processes)
    ]
    for loop in loops:
        assert loop.stdout
        loop.stdout.readline()
    done = gone = 0
    while done < rounds or gone == 0:
        done += 1
        gone += workspace.gc().removed["blobs"][0]
        assert unclosed(workspace) == []
    ids = [identifier for loop in loops for identifier in output(loop).split()]
    size = workspace.gc(dry_run=True).databases
    last = workspace.gc()

    assert gone > 0
    assert last.databases_after is not None
    assert last.databases_after <= size
    assert workspace.gc(dry_run=True).removed["blobs"] == (0, 0)
    report = verify.checked(workspace._store)
    assert [(problem.kind, problem.name) for problem in report.problems] == []
    assert report.unreferenced == 0
    for number, identifier in enumerate(ids):
        run = workspace.get_run(identifier)
        assert run.get_status() == "Completed"
        assert run.snapshot is not None
        run.snapshot.restore(top / f"restored-{number}")
        assert (top / f"restored-{number}" / "train.py").exists()
    print(f"{kind}: {len(ids)} runs left, {gone} blobs gone in {done} rounds, {size} -> {last.databases_after} bytes")


def test_runs_that_are_started_beside_it_lose_nothing(workspace: Workspace, tmp_path: Path) -> None:
    check_collecting_beside(workspace, tmp_path, "start", processes=2, rounds=1)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "rounds"), [("start", 60), ("submit", 40)])
def test_runs_that_are_submitted_beside_it_lose_nothing(
    workspace: Workspace, tmp_path: Path, kind: str, rounds: int
) -> None:
    check_collecting_beside(workspace, tmp_path, kind, processes=4, rounds=rounds)
