"""What no snapshot of a run needs is removed, and nothing else, whatever goes on meanwhile and whoever is killed."""

from __future__ import annotations

import os
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localexp import Snapshot, Workspace
from localexp.errors import SnapshotException
from localexp.snapshot import collect, contents, held, take, verify
from localexp.snapshot.repair import remove_damaged
from localexp.snapshot.stored import entries_in_order
from localexp.store import blobs, snapshots
from tests.processes import PATIENCE_SECONDS, REPOSITORY, Project, of_the_dead, output, python
from tests.snapshot import trees
from tests.snapshot.interleaving import add_run, forget_runs, run_of, unclosed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.snapshot.trees import Content


def contents_of(content: dict[bytes, Content]) -> set[bytes]:
    """What the files hold that are in a directory."""
    found = set[bytes]()
    for one in content.values():
        if isinstance(one, dict):
            found |= contents_of(one)
        elif isinstance(one, tuple):
            found.add(one[0])
    return found


def folders_of(content: dict[bytes, Content]) -> set[str]:
    """What a directory holds and those that are in it, as texts that are the same for the same."""
    below = [one for one in content.values() if isinstance(one, dict)]
    return {repr(in_order(content))}.union(*map(folders_of, below))


def in_order(content: dict[bytes, Content]) -> list[tuple[bytes, object]]:
    return [(name, in_order(one) if isinstance(one, dict) else one) for name, one in sorted(content.items())]


def stored(workspace: Workspace) -> tuple[int, int]:
    """How many blobs and trees there are, the blobs that are files among them."""
    objects = sum(len(files) for _, _, files in os.walk(workspace._store.layout.objects))
    with workspace._store.blobs.reading() as db:
        small, folders = blobs.counts(db)
    return small + objects, folders


@pytest.mark.localexp_outside
@settings(max_examples=8)
@given(content=st.lists(trees.sized_directories, min_size=1, max_size=4), data=st.data())
def test_what_is_left_is_what_the_runs_need_that_are_left(
    content: list[dict[bytes, Content]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as top, ExitStack() as stack:
        workspace = Workspace(os.path.join(top, "workspace"))
        stack.callback(workspace.close)
        taken: dict[str, dict[bytes, Content]] = {}
        for number, one in enumerate(content):
            source = os.path.join(os.fsencode(top), b"source-%d" % number)
            trees.write(source, one)
            taken[run_of(workspace, os.fsdecode(source))] = one
        for identifier in data.draw(st.sets(st.sampled_from(sorted(taken)))):
            forget_runs(workspace, identifier)
            taken.pop(identifier)

        wanted = collect.collect(workspace._store, dry_run=True)
        before = stored(workspace)
        found = collect.collect(workspace._store)
        collect.pack_anew(workspace._store)

        assert vars(found) == vars(wanted)
        assert before == (stored(workspace)[0] + found.blobs, stored(workspace)[1] + found.trees)
        assert stored(workspace) == (
            len(set().union(*map(contents_of, taken.values()))),
            len(set().union(*map(folders_of, taken.values()))),
        )
        for number, (identifier, one) in enumerate(taken.items()):
            target = os.path.join(top, f"restored-{number}")
            Snapshot._of(workspace._store, identifier).restore(target)
            assert trees.read(target) == one
        assert verify.checked(workspace._store).problems == []


def interleaved(workspace: Workspace, project: Project, kind: str, *how: object) -> str:
    seed = os.environ.get("COLLECT_SEED", str(random.SystemRandom().getrandbits(32)))
    print(f"COLLECT_SEED={seed}")
    code = "from tests.snapshot import interleaving; interleaving.main()"
    process = python(code, kind, workspace.path, project.path, seed, *how, PYTHONPATH=str(REPOSITORY))
    return output(process, None if how == ("all",) else PATIENCE_SECONDS)


@pytest.mark.parametrize("step", ["missing", "by_digest", "_is_pinned"])
def test_what_a_snapshot_counts_on_that_is_collected_meanwhile_is_stored_again(
    workspace: Workspace, project: Project, step: str
) -> None:
    interleaved(workspace, project, "take", step)


def test_no_tree_of_a_killed_snapshot_vouches_for_what_was_collected_meanwhile(
    workspace: Workspace, project: Project
) -> None:
    interleaved(workspace, project, "take", "by_digest", "_is_pinned")


@pytest.mark.parametrize("kind", ["take", "take-killed", "collect", "collect-killed"])
def test_a_collection_and_a_snapshot_at_any_step_of_each_other_harm_nothing(
    workspace: Workspace, project: Project, kind: str
) -> None:
    interleaved(workspace, project, kind, 2)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["take", "take-killed", "collect", "collect-killed"])
def test_a_collection_and_a_snapshot_at_every_step_of_each_other_harm_nothing(
    workspace: Workspace, project: Project, kind: str
) -> None:
    print(interleaved(workspace, project, kind, "all"))


def garbage(workspace: Workspace, project: Project) -> str:
    """A snapshot that no run has, beside one that a run has."""
    project.write("kept", "kept")
    run_of(workspace, project.path)
    project.write("folder/gone", "gone")
    return trees.taken(workspace, project.path).id


def test_what_somebody_holds_stays(workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = garbage(workspace, project)
    monkeypatch.setattr(collect, "WAIT_SECONDS", 0.0)

    with (
        held.held(workspace._store),
        pytest.raises(SnapshotException, match=f"process {os.getpid()} of .* makes a backup"),
    ):
        collect.collect(workspace._store)

    Snapshot._of(workspace._store, dead).restore(project.path / "restored")
    assert collect.collect(workspace._store).snapshots == 1


def test_who_has_held_it_and_was_killed_is_in_nobodys_way(workspace: Workspace, project: Project) -> None:
    garbage(workspace, project)
    with workspace._store.main.writing() as db:
        snapshots.begin(db, str(of_the_dead()), 1, snapshots.ALL)
        # Of another machine, long ago.
        snapshots.begin(db, "boot 1 1 1 elsewhere", 1, snapshots.ALL)

    assert vars(collect.collect(workspace._store))["blobs"] == 1


def test_what_is_needed_by_a_damaged_tree_cannot_be_known_so_nothing_goes(
    workspace: Workspace, project: Project
) -> None:
    garbage(workspace, project)
    before = stored(workspace)
    with workspace._store.main.reading() as db:
        [root] = [row[0] for row in db.execute("SELECT snapshot FROM _runs")]
    with workspace._store.blobs.writing() as db:
        db.execute("UPDATE trees SET data = x'00' WHERE name = ?", (bytes.fromhex(root),))

    with pytest.raises(SnapshotException, match=f"the stored tree {root} is damaged, so that nobody can say"):
        collect.collect(workspace._store)

    assert stored(workspace) == before


def test_what_only_looks_like_a_blob_is_left_alone(workspace: Workspace, project: Project) -> None:
    garbage(workspace, project)
    folder = Path(workspace._store.layout.objects, "ab", "c" * 46)
    folder.mkdir(parents=True)
    with workspace._store.blobs.writing() as db:
        db.execute("INSERT INTO blobs (name, pack, start) SELECT x'01', pack, 0 FROM blobs LIMIT 1")

    assert vars(collect.collect(workspace._store, dry_run=True))["blobs"] == 1
    assert collect.collect(workspace._store).blobs == 1
    assert folder.is_dir()


def test_two_collections_at_once_stop_one(workspace: Workspace, project: Project) -> None:
    garbage(workspace, project)
    first, second = collect.Collection(workspace._store), collect.Collection(workspace._store)
    first.begin()
    second.begin()

    with pytest.raises(SnapshotException, match="another process removes something"):
        first.remove_all()

    assert second.remove_all().blobs == 1


def test_a_damaged_blob_is_packed_anew_as_it_is(workspace: Workspace, project: Project) -> None:
    for number in range(20):
        project.write(f"{number}", f"content {number}" * 10)
    first = run_of(workspace, project.path)
    for number in range(3, 20):
        (project.path / f"{number}").unlink()
    second = run_of(workspace, project.path)
    with workspace._store.blobs.writing() as db:
        assert db.execute(trees.REPLACE, ("content 1c", "CONTENT 1c")).rowcount == 1
    forget_runs(workspace, first)

    collect.collect(workspace._store)
    collect.pack_anew(workspace._store)

    [problem] = verify.checked(workspace._store).problems
    assert (problem.kind, [place.path for place in problem.places]) == ("damaged blob", ["1"])
    assert [place.snapshot for place in problem.places] == [second]
    with workspace._store.blobs.reading() as db:
        [[size]] = db.execute("SELECT sum(length(data)) FROM packs")
    assert size == sum(len(f"content {number}" * 10) for number in range(3))


def test_little_room_on_the_disk_is_enough_to_free_more(workspace: Workspace, project: Project) -> None:
    for number in range(80):
        (project.path / f"{number}").write_bytes(random.Random(number).randbytes(50_000))
    forget_runs(workspace, run_of(workspace, project.path))
    collect.collect(workspace._store)
    workspace._store.blobs.shrink()

    collect.pack_anew(workspace._store)

    assert os.path.getsize(f"{workspace._store.blobs.path}-wal") < 1_000_000
    steps: list[str] = []
    with workspace._store.blobs.reading() as db:
        db.set_trace_callback(steps.append)
    workspace._store.blobs.shrink()
    # Many pages at a time.
    assert len([step for step in steps if "incremental_vacuum" in step]) < 10
    assert os.path.getsize(workspace._store.blobs.path) < 200_000


def test_blobs_are_read_whole_while_they_are_packed_anew(workspace: Workspace, project: Project) -> None:
    for number in range(20):
        project.write(f"{number}", f"content {number}")
    first = run_of(workspace, project.path)
    (project.path / "19").unlink()
    for number in range(10):
        (project.path / f"{number}").unlink()
    kept = run_of(workspace, project.path)
    forget_runs(workspace, first)
    names = {entry.blob for _, entry in entries_in_order(workspace._store, kept)}
    collect.collect(workspace._store)

    reading = contents.small_contents(workspace._store, names)
    found = [next(reading)]
    collect.pack_anew(workspace._store)
    found += reading

    assert {data for _, data in found} == {f"content {number}".encode() for number in range(10, 19)}


def test_a_snapshot_between_its_end_and_its_record_is_kept(workspace: Workspace, project: Project) -> None:
    garbage(workspace, project)

    with take.taken(workspace._store, str(project.path)) as snapshot:
        assert collect.collect(workspace._store).blobs == 0
        with workspace._store.main.writing() as db:
            snapshot.record(db)
            add_run(db, snapshot.id)

    assert unclosed(workspace) == []
    Snapshot._of(workspace._store, snapshot.id).restore(project.path / "restored")


def test_the_next_snapshot_of_what_was_collected_stores_it_again(workspace: Workspace, project: Project) -> None:
    for number in range(3):
        project.write(f"folder-{number}/file", f"content {number}").touch()
        os.utime(project.path / f"folder-{number}" / "file", (1, 1))
    project.write("large", "x" * 100_000)
    identifier = run_of(workspace, project.path)
    forget_runs(workspace, identifier)
    assert collect.collect(workspace._store).blobs == 4
    assert stored(workspace) == (0, 0)

    assert run_of(workspace, project.path) == identifier

    Snapshot._of(workspace._store, identifier).restore(Path(f"{project.path}-restored"))
    assert trees.read(f"{project.path}-restored") == trees.read(project.path)


def test_nothing_is_made_where_nothing_is_stored(workspace: Workspace) -> None:
    assert vars(collect.collect(workspace._store)) == vars(collect.Collected())
    collect.pack_anew(workspace._store)

    assert not os.path.exists(workspace._store.layout.blob_database)


def test_who_checks_all_that_is_stored_does_not_miss_what_is_collected_meanwhile(
    workspace: Workspace, project: Project
) -> None:
    for number in range(3):
        project.write(f"folder-{number}/file", f"content {number}")
    project.write("large", "x" * 100_000)
    identifier = run_of(workspace, project.path)

    def collect_once(_done: int, _total: int) -> None:
        if vars(collect.collect(workspace._store, dry_run=True))["blobs"] == 0:
            forget_runs(workspace, identifier)
            collect.collect(workspace._store)

    report = verify.checked(workspace._store, collect_once)

    assert (report.problems, report.snapshots, report.blobs) == ([], 0, 0)


def test_a_repair_leaves_no_tree_that_vouches_for_what_it_removes_though_no_snapshot_needs_it(
    workspace: Workspace, project: Project
) -> None:
    project.write("folder/file", "damaged")
    identifier = run_of(workspace, project.path)
    forget_runs(workspace, identifier)
    with workspace._store.main.writing() as db:
        snapshots.remove(db, [identifier])
    with workspace._store.blobs.writing() as db:
        db.execute(trees.REPLACE, ("damaged", "DAMAGED"))
    with workspace._store.main.writing() as db:
        # On another machine, long ago, and nobody knows whether it lives.
        snapshots.begin(db, "boot 1 1 1 elsewhere", 1)

    remove_damaged(workspace._store, verify.checked(workspace._store))

    assert stored(workspace) == (0, 0)
