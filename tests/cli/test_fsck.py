"""Whatever is damaged in what snapshots need is found, and what it touches is named."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localexp import Experiment, Workspace
from localexp.snapshot import take, tree, verify
from tests.cli.command import contents, localexp, printed, strict_json, without_privileges
from tests.processes import Project
from tests.snapshot import trees


@pytest.fixture
def snapshots(workspace: Workspace, project: Project) -> list[str]:
    """The ids of two snapshots that share a small and a large file; the runs are ``first`` and ``second``."""
    project.write("sub/shared.txt", "shared")
    project.write("train.py", "1")
    (project.path / "sub" / "large").write_bytes(b"x" * 100_000)
    ids = []
    for run_id in ("first", "second"):
        project.write("train.py", run_id)
        run = Experiment(workspace, "digits").start_logging(run_id=run_id, snapshot_directory=str(project.path))
        run.complete()
        ids.append(str(run._known().snapshot))
    workspace.close()
    return ids


def change(project: Project, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(project.path.parent / ".localexp" / "blobs.db")) as db, db:
        db.execute(statement, values)


def large_file(project: Project) -> Path:
    [path] = [path for path in (project.path.parent / ".localexp" / "objects").rglob("*") if path.is_file()]
    return path


def found(project: Project) -> Any:
    """What fsck says of a damaged store, in JSON, of which the lines say the same."""
    result = localexp("fsck", "--json", at=project.path)
    assert (result.returncode, result.stderr) == (1, "")
    lines = localexp("fsck", at=project.path)
    assert lines.returncode == 1
    report = strict_json(result.stdout)
    count = len(report["problems"])
    problems, rest = lines.stdout.splitlines()[:count], lines.stdout.splitlines()[count:]
    assert count > 0
    assert all(
        line.startswith(f"{one['kind']} {one['name']}: ")
        for line, one in zip(problems, report["problems"], strict=True)
    )
    assert rest[0].startswith("Checked 2 snapshots")
    assert len(rest) == 1 or rest[1].startswith("'localexp fsck --repair' removes what is damaged")
    assert not report["clean"]
    return report["problems"]


def places(problem: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return sorted((place["path"], place["snapshot"], place["runs"]) for place in problem["places"])


def test_a_whole_store_is_clean(workspace: Workspace, project: Project, snapshots: list[str]) -> None:
    said = printed(localexp("fsck", at=project.path))
    report = strict_json(printed(localexp("fsck", "--json", at=project.path)))

    assert said == "Checked 2 snapshots, 3 trees and 4 blobs of 97.7 KiB: nothing is wrong.\n"
    assert report == {
        "clean": True,
        "problems": [],
        "snapshots": 2,
        "trees": 3,
        "blobs": 4,
        "bytes": 100_017,
        "unreferenced": 0,
        "leftovers": 0,
    }


def test_a_new_store_is_clean(workspace: Workspace, project: Project) -> None:
    assert printed(localexp("fsck", at=project.path)).endswith("nothing is wrong.\n")
    assert not (project.path.parent / ".localexp" / "blobs.db").exists()


def test_a_damaged_small_file_is_found_in_every_snapshot(project: Project, snapshots: list[str]) -> None:
    change(project, trees.REPLACE, "shared", "SHARED")

    [problem] = found(project)

    assert problem["kind"] == "damaged blob"
    assert problem["name"] == tree.blob_name(tree.digest_of(b"shared"), 6).hex()
    assert places(problem) == sorted(
        [("sub/shared.txt", snapshots[0], ["first"]), ("sub/shared.txt", snapshots[1], ["second"])]
    )


def test_a_missing_small_file_is_found(project: Project, snapshots: list[str]) -> None:
    change(project, "DELETE FROM blobs WHERE name = ?", tree.blob_name(tree.digest_of(b"first"), 5))

    [problem] = found(project)

    assert (problem["kind"], places(problem)) == ("missing blob", [("train.py", snapshots[0], ["first"])])
    line = localexp("fsck", at=project.path).stdout.splitlines()[0]
    assert line.endswith(f"; train.py in snapshot {snapshots[0]} of first")


@pytest.mark.parametrize(
    ("damage", "kind", "said"),
    [
        ("changed", "damaged blob", "not those that were stored"),
        ("cut", "damaged blob", "has 99999 bytes, and was stored with 100000"),
        ("longer", "damaged blob", "has 100001 bytes"),
        ("gone", "missing blob", "100000 bytes is not stored"),
        ("link", "unknown file", "move it away"),
    ],
)
def test_a_damaged_large_file_is_found(
    project: Project, snapshots: list[str], damage: str, kind: str, said: str
) -> None:
    path = large_file(project)
    if damage in ("gone", "link"):
        path.unlink()
        if damage == "link":
            path.symlink_to(project.path / "sub" / "large")
    else:
        path.write_bytes(b"x" * 99_999 + {"changed": b"y", "cut": b"", "longer": b"xx"}[damage])

    problems = found(project)

    assert (problems[0]["kind"], said in problems[0]["detail"]) == (kind, True)
    assert [path for path, _, _ in places(problems[-1])] == ["sub/large", "sub/large"]


@pytest.mark.parametrize("damage", ["garbage", "gone", "root"])
def test_a_damaged_tree_is_found(project: Project, snapshots: list[str], damage: str) -> None:
    name = bytes.fromhex(snapshots[0])
    if damage != "root":
        [name] = {bytes.fromhex(entry) for entry in names_of_trees(project)} - {bytes.fromhex(one) for one in snapshots}
    if damage == "gone":
        change(project, "DELETE FROM trees WHERE name = ?", name)
    else:
        change(project, "UPDATE trees SET data = ? WHERE name = ?", b"garbage", name)

    [problem] = found(project)

    assert problem["kind"] == ("missing tree" if damage == "gone" else "damaged tree")
    assert problem["name"] == name.hex()
    if damage == "root":
        assert places(problem) == [("", snapshots[0], ["first"])]
    else:
        assert [path for path, _, _ in places(problem)] == ["sub", "sub"]


def names_of_trees(project: Project) -> list[str]:
    with closing(sqlite3.connect(project.path.parent / ".localexp" / "blobs.db")) as db:
        return [row[0].hex() for row in db.execute("SELECT name FROM trees")]


def test_garbage_under_its_own_hash_is_a_damaged_tree(workspace: Workspace, project: Project) -> None:
    inner = b"no tree at all"
    directory = tree.Entry(tree.DIRECTORY, b"sub", tree.digest_of(inner))
    trees.made_up(workspace, inner, tree.encoded([directory]))

    report = verify.checked(workspace._store)

    [problem] = report.problems
    assert (problem.kind, "does not begin" in problem.detail) == ("damaged tree", True)
    assert [(place.path, place.runs) for place in problem.places] == [("sub", [])]


def test_files_of_other_names_are_found_and_leftovers_only_counted(project: Project, snapshots: list[str]) -> None:
    objects = project.path.parent / ".localexp" / "objects"
    (objects / "in-the-making").mkdir(exist_ok=True)
    (objects / "in-the-making" / "anything").write_bytes(b"half")
    said = printed(localexp("fsck", at=project.path))
    (objects / "notes.txt").write_text("mine")
    (objects / "zz").mkdir()
    (large_file_folder(objects) / "copy of a file").write_text("")

    assert said.endswith("nothing is wrong. Leftovers of interrupted writers: 1.\n")
    problems = found(project)
    assert {(one["kind"], os.path.basename(one["name"])) for one in problems} == {
        ("unknown file", "notes.txt"),
        ("unknown file", "zz"),
        ("unknown file", "copy of a file"),
    }


def large_file_folder(objects: Path) -> Path:
    return next(path for path in objects.iterdir() if len(path.name) == 2 and path.name != "zz")


def test_blobs_that_nothing_needs_are_no_damage_unless_they_are_damaged(
    workspace: Workspace, project: Project, snapshots: list[str]
) -> None:
    trees.file_entry(workspace, b"unused", b"unused")
    workspace.close()
    said = printed(localexp("fsck", at=project.path))
    change(project, "UPDATE packs SET data = ? WHERE data = ?", b"USED", b"unused")

    assert said.endswith("nothing is wrong. Blobs that no snapshot needs: 1.\n")
    [problem] = found(project)
    assert (problem["kind"], problem["detail"]) == ("damaged blob", "it has 4 bytes, and was stored with 6")
    assert localexp("fsck", at=project.path).stdout.splitlines()[0].endswith("; no snapshot needs it")


def test_values_of_other_types_are_damage_too(project: Project, snapshots: list[str]) -> None:
    change(project, "UPDATE packs SET data = CAST(data AS TEXT)")
    change(project, "UPDATE blobs SET name = 12 WHERE name = ?", tree.blob_name(tree.digest_of(b"first"), 5))

    kinds = sorted(one["kind"] for one in found(project))

    assert kinds == ["damaged blob", "missing blob"]


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "empty"])
def test_a_database_of_blobs_that_is_gone_or_garbage_touches_every_snapshot(
    project: Project, snapshots: list[str], damage: str
) -> None:
    database = project.path.parent / ".localexp" / "blobs.db"
    content = database.read_bytes()
    database.unlink()
    if damage != "missing":
        database.write_bytes({"garbage": b"garbage " * 1000, "truncated": content[:5000], "empty": b""}[damage])

    problems = found(project)

    if damage == "empty":
        assert {one["kind"] for one in problems} == {"missing tree"}
    else:
        assert all(one["kind"] == f"{'missing' if damage == 'missing' else 'damaged'} database" for one in problems)
        assert database.exists() == (damage != "missing")
    assert [path for path, _, _ in places(problems[-1])] == [""] * len(problems[-1]["places"])
    assert {run for problem in problems for place in problem["places"] for run in place["runs"]} == {"first", "second"}


def test_a_page_of_the_database_that_is_garbage_is_found(workspace: Workspace, project: Project) -> None:
    for number in range(200):
        (project.path / f"file-{number}").write_bytes(os.urandom(3000))
    Experiment(workspace, "digits").start_logging(run_id="run", snapshot_directory=str(project.path)).complete()
    workspace.close()
    database = project.path.parent / ".localexp" / "blobs.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xa5" * 8192
    database.write_bytes(content)

    result = localexp("fsck", at=project.path)

    assert (result.returncode, result.stderr) == (1, "")
    assert " of run" in result.stdout


def test_of_many_snapshots_and_runs_that_are_touched_the_first_are_named(
    workspace: Workspace, project: Project, snapshots: list[str]
) -> None:
    for number in range(5):
        with Experiment(workspace, "digits").start_logging(run_id=f"r-{number}", snapshot_directory=project.path):
            pass
    for number in range(2):
        project.write("train.py", f"{number}")
        with Experiment(workspace, "digits").start_logging(snapshot_directory=project.path):
            pass
    change(project, trees.REPLACE, "shared", "SHARED")

    [line, *_] = localexp("fsck", at=project.path).stdout.splitlines()

    assert line.count(" in snapshot ") == 3
    assert line.endswith("; and in 1 more snapshot")
    report = strict_json(localexp("fsck", "--json", at=project.path).stdout)
    assert [len(problem["places"]) for problem in report["problems"]] == [4]
    for place in report["problems"][0]["places"][:3]:
        assert (f"{place['snapshot']} of second, r-0, r-1 and 3 more" in line) == (place["snapshot"] == snapshots[1])


def test_a_store_that_may_only_be_read_is_checked_and_not_changed(read_only: Path) -> None:
    (read_only / "train.py").write_text("1")
    workspace = Workspace(read_only)
    Experiment(workspace, "digits").start_logging(snapshot_directory=str(read_only)).complete()
    workspace.close()
    for path in [*read_only.rglob("*"), read_only]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(read_only)

    said = printed(localexp("fsck", at=read_only, through=without_privileges()))

    assert said.startswith("Checked 1 snapshot, 1 tree and 1 blob ")
    assert contents(read_only) == before


def test_progress_reaches_its_end(workspace: Workspace, project: Project, snapshots: list[str]) -> None:
    steps: list[tuple[int, int]] = []

    verify.checked(workspace._store, lambda *step: steps.append(step))

    assert steps
    assert sorted(steps) == steps
    assert steps[-1] == (7, 7)


@pytest.mark.parametrize("what", ["small", "large", "missing", "tree"])
def test_what_is_repaired_is_whole_again_after_the_next_snapshot_of_the_same(
    workspace: Workspace, project: Project, snapshots: list[str], tmp_path: Path, what: str
) -> None:
    if what == "small":
        change(project, trees.REPLACE, "shared", "SHARED")
    elif what == "large":
        large_file(project).write_bytes(b"y" * 100_000)
    elif what == "missing":
        change(project, "DELETE FROM blobs WHERE name = ?", tree.blob_name(tree.digest_of(b"shared"), 6))
    else:
        change(project, "UPDATE trees SET data = ? WHERE name = ?", b"", bytes.fromhex(snapshots[1]))
    assert found(project)

    repaired = localexp("fsck", "--repair", at=project.path)
    with Experiment(workspace, "digits").start_logging(snapshot_directory=project.path):
        pass

    assert repaired.returncode == 1
    assert repaired.stdout.splitlines()[-1].startswith("What was damaged is removed; submit")
    left = [one for one in localexp("fsck", at=project.path).stdout.splitlines() if snapshots[1] in one]
    assert left == []
    workspace.get_snapshot(snapshots[1]).restore(tmp_path / "back")
    assert trees.read(tmp_path / "back") == trees.read(project.path)


def test_nothing_is_repaired_while_a_snapshot_is_taken(
    workspace: Workspace, project: Project, snapshots: list[str]
) -> None:
    change(project, trees.REPLACE, "shared", "SHARED")
    with take.taken(workspace._store, str(project.path)):
        assert "try again" in localexp("fsck", "--repair", at=project.path).stderr

    assert len(found(project)) == 1
