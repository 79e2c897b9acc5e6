"""Many processes take snapshots at once: each gets the right one, and nothing is stored twice."""

from __future__ import annotations

import random
from pathlib import Path

from localexp import Workspace
from localexp.snapshot import contents, verify
from localexp.store import blobs
from tests.processes import Project, python
from tests.snapshot import trees
from tests.snapshot.bystanders import Bystander

PROCESSES, ROUNDS = 4, 5


def check_stored_once(workspace: Workspace) -> None:
    store = workspace._store
    report = verify.checked(store)
    assert [(problem.kind, problem.name, problem.detail) for problem in report.problems] == []
    assert (report.unreferenced, report.leftovers) == (0, 0)
    with store.blobs.reading() as db:
        [[packed]] = db.execute("SELECT sum(length(data)) FROM packs")
        names = [row[0] for row in db.execute("SELECT name FROM blobs")]
    assert packed == sum(int.from_bytes(name[16:], "big") for name in names)
    with store.blobs.reading() as db:
        assert blobs.known(db, names) == {*names}
    assert all(int.from_bytes(name[16:], "big") <= contents.SMALL for name in names)


def edit(project: Project, chance: random.Random) -> None:
    """Change a few small files and a large one, and add to what there is."""
    for _ in range(5):
        name = f"folder-{chance.randrange(5)}/{chance.randrange(20)}.txt"
        project.write(name, "").write_bytes(chance.randbytes(chance.randrange(5000)))
    (project.path / f"{chance.randrange(2)}.bin").write_bytes(chance.randbytes(chance.randrange(66_000, 200_000)))


def test_snapshots_of_the_same_and_of_other_directories_at_the_same_time(workspace: Workspace, tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed: {seed}")
    shared = Project(tmp_path / "shared")
    others = [Project(tmp_path / f"other-{number}") for number in range(PROCESSES)]
    processes = [Bystander(workspace) for _ in range(PROCESSES)]
    alone = Workspace(tmp_path / "alone")
    taken: dict[str, object] = {}
    for number in range(ROUNDS):
        edit(shared, random.Random(seed + number))
        for one in processes:
            one.ask(shared.path)
        found = {one.answer() for one in processes}
        assert found == {trees.taken(alone, shared.path).id}
        taken.update(dict.fromkeys(found, trees.read(shared.path)))

        # What is new in the other directories is the same in two of them.
        for place, other in enumerate(others):
            edit(other, random.Random(seed - number * PROCESSES - place // 2))
        for one, other in zip(processes, others, strict=True):
            one.ask(other.path)
        for one, other in zip(processes, others, strict=True):
            answer = one.answer()
            assert answer == trees.taken(alone, other.path).id
            taken[answer] = trees.read(other.path)

    for one in processes:
        one.leave()
    check_stored_once(workspace)
    for number, (identifier, content) in enumerate(taken.items()):
        workspace.get_snapshot(identifier).restore(tmp_path / f"restored-{number}")
        assert trees.read(tmp_path / f"restored-{number}") == content
    alone.close()


def test_files_that_are_replaced_and_written_while_snapshots_are_taken_are_each_of_one_moment(
    workspace: Workspace, project: Project
) -> None:
    sizes = {"small.txt": 2000, "medium.txt": 60_000, "large.txt": 300_000}
    for name, size in sizes.items():
        project.write(name, "0" * size)
    editor = python(
        """
        import os, sys, time
        os.chdir(sys.argv[1])
        print("ready", flush=True)
        number = 0
        while True:
            for name, size in (("small.txt", 2000), ("medium.txt", 60_000), ("large.txt", 300_000)):
                number = (number + 1) % 10
                with open("../aside", "w") as file:
                    file.write(str(number) * size)
                os.replace("../aside", name)
                time.sleep(0.001)
        """,
        project.path,
    )
    assert editor.stdout
    editor.stdout.readline()
    try:
        snapshots = [trees.taken(workspace, project.path) for _ in range(20)]
    finally:
        editor.kill()
        editor.communicate()

    for snapshot in snapshots:
        for name, size in sizes.items():
            with snapshot.open(name) as file:
                content = file.read()
            assert len(content) == size
            assert len({*content}) == 1
    assert len({snapshot.id for snapshot in snapshots}) > 1
