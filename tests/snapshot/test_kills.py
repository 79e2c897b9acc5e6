"""Snapshots and leases that are killed at any moment leave a store that is whole, and nothing in the way of others."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import islice
from pathlib import Path

import pytest

from localexp import Experiment, Snapshot, Workspace
from localexp.snapshot import verify
from localexp.store import snapshots
from tests.processes import KILL_AT_CALL, REPOSITORY, Project, of_the_dead, output, python
from tests.snapshot import leases, trees
from tests.snapshot.bystanders import Bystander
from tests.snapshot.leases import LOOK, seen_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.snapshot.trees import Content

BEGIN = f"""{KILL_AT_CALL}
import localexp.execution.ending, localexp.execution.capture
from localexp import Workspace
from localexp.snapshot import archive, limits, notes, take
from localexp.store import snapshots
from tests.snapshot import leases
workspace = Workspace(sys.argv[1])
print("ready", flush=True)
if int(sys.argv[3]) != 0:
    sys.setprofile(kill_at_call)
"""
TAKE = f"""{BEGIN}
with take.taken(workspace._store, sys.argv[2]) as snapshot, workspace._store.main.writing(durable=True) as db:
    snapshot.record(db)
sys.setprofile(None)
print(calls)
"""
LEASE = f"""{BEGIN}
for snapshot in sys.argv[4:]:
    leases.give_back(workspace, leases.leased(workspace, snapshot, sys.argv[2]))
sys.setprofile(None)
print(calls)
"""


class Scene:
    """A workspace, two source directories in it, and what their snapshots are to hold."""

    def __init__(self, workspace: Workspace, top: Path, chance: random.Random) -> None:
        self.workspace = workspace
        self.chance = chance
        self.sources = [top / "first", top / "second"]
        self.contents: dict[str, dict[bytes, Content]] = {}
        self.last: list[list[str]] = [[], []]
        self.bystanders = [Bystander(workspace) for _ in range(2)]
        for source in self.sources:
            Project(source).write("look.py", LOOK)
            for _ in range(12):
                self.edit(source)

    def edit(self, source: Path) -> None:
        """Change something: small and large files, links, folders, executable bits."""
        chance = self.chance
        file = source / chance.choice(["a.txt", "sub/b.py", "sub/deep/c.bin", "sub/deep/d.bin", "e.bin", "f/g/h/i.txt"])
        act = chance.choice(["write", "write", "remove", "mode", "link", "folder"])
        if act == "remove" and file.exists():
            file.unlink()
        elif act == "mode" and file.exists():
            file.chmod(chance.choice([0o644, 0o755]))
        elif act == "link":
            (source / "link").unlink(missing_ok=True)
            (source / "link").symlink_to(chance.choice(["a.txt", "sub/deep", "nowhere"]))
        elif act == "folder" and (source / "sub" / "deep").exists():
            shutil.rmtree(source / "moved", ignore_errors=True)
            (source / "sub" / "deep").rename(source / "moved")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            large = file.suffix == ".bin"
            file.write_bytes(chance.randbytes(chance.randrange(70_000, 200_000) if large else chance.randrange(200)))

    def know(self, number: int, snapshot: str) -> None:
        self.contents[snapshot] = trees.read(self.sources[number])
        self.last[number] = [*self.last[number][-2:], snapshot]


def measured(code: str, workspace: Workspace, folder: Path, *wanted: str) -> tuple[float, int]:
    """How long this takes from where it is ready, and how many calls inside localexp it makes."""
    process = python(code, workspace.path, folder, 0, *wanted, PYTHONPATH=str(REPOSITORY))
    assert process.stdout
    process.stdout.readline()
    started = time.monotonic()
    output(process)
    seconds = time.monotonic() - started
    counted = output(python(code, workspace.path, folder, -1, *wanted, PYTHONPATH=str(REPOSITORY)))
    return seconds, int(counted.split()[-1])


class Kind:
    """Something to be killed, and the longest that it took in a normal run."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.seconds = 0.0
        self.calls = 0

    def measure(self, workspace: Workspace, folder: Path, *wanted: str) -> None:
        seconds, calls = measured(self.code, workspace, folder, *wanted)
        self.seconds, self.calls = max(self.seconds, seconds), max(self.calls, calls)

    def killed(self, scene: Scene, folder: Path, *wanted: str) -> bool:
        """Start it and kill it at a random moment or call; False if it came to its end before."""
        is_timed = scene.chance.random() < 0.5
        at = 0 if is_timed else scene.chance.randint(1, self.calls)
        process = python(self.code, scene.workspace.path, folder, at, *wanted, PYTHONPATH=str(REPOSITORY))
        assert process.stdout
        process.stdout.readline()
        try:
            process.wait(scene.chance.uniform(0, self.seconds) if is_timed else None)
        except subprocess.TimeoutExpired:
            process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        return process.returncode != 0


def check_killed_snapshot(scene: Scene, kind: Kind) -> bool:
    first, second = scene.sources
    for source in scene.sources:
        for _ in range(scene.chance.randint(1, 3)):
            scene.edit(source)
    for bystander, source in zip(scene.bystanders, scene.sources, strict=True):
        bystander.ask(source)
    was_killed = kind.killed(scene, first)
    for number, bystander in enumerate(scene.bystanders):
        scene.know(number, bystander.answer())
    # The next snapshot, whatever it is of, removes what was left.
    assert trees.taken(scene.workspace, second).id == scene.last[1][-1]
    making = scene.workspace._store.layout.objects_in_the_making
    assert not os.path.isdir(making) or os.listdir(making) == []
    assert trees.taken(scene.workspace, first).id == scene.last[0][-1]
    with scene.workspace._store.main.reading() as db:
        assert set(snapshots.every_id(db)) <= scene.contents.keys()
        assert snapshots.in_the_making(db) == []
    return was_killed


def held(workspace: Workspace) -> set[str]:
    """Trees that are leased, or not ready to be."""
    with workspace._store.main.reading() as db:
        rows = db.execute("SELECT folder FROM _checkouts WHERE run IS NOT NULL OR ready_at IS NULL")
        return {row[0] for row in rows}


def check_killed_lease(scene: Scene, kind: Kind) -> bool:
    workspace, source = scene.workspace, scene.sources[0]
    wanted = scene.chance.choice(scene.last[0])
    scene.bystanders[0].ask(source, wanted)
    was_killed = kind.killed(scene, source, *scene.last[0])
    assert scene.bystanders[0].answer() == leases.fingerprint(scene.contents[wanted])
    left = held(workspace)
    for snapshot in scene.last[0]:
        lease = leases.leased(workspace, snapshot, source)
        assert leases.without_bytecode(trees.read(lease.root)) == scene.contents[snapshot]
        assert lease.tree.folder not in left
        leases.give_back(workspace, lease)
    for run in islice(Experiment(workspace, "leases").get_runs(), len(scene.last[0]) * 2 + 2):
        assert run.get_status() in ("Completed", "Failed")
    leases.give_back(workspace, leases.leased(workspace, scene.last[0][0], source))
    assert held(workspace) == set()
    assert not left & {*leases.folders(workspace)}
    with workspace._store.main.reading() as db:
        assert {*leases.folders(workspace)} == {row[0] for row in db.execute("SELECT folder FROM _checkouts")}
    return was_killed


def check_store(scene: Scene, target: Path) -> None:
    report = verify.checked(scene.workspace._store)
    assert [(problem.kind, problem.name, problem.detail) for problem in report.problems] == []
    assert report.leftovers == 0
    with scene.workspace._store.main.reading() as db:
        recorded = snapshots.every_id(db)
    assert recorded
    for snapshot in recorded:
        Snapshot._of(scene.workspace._store, snapshot).restore(target / snapshot)
        assert trees.read(target / snapshot) == scene.contents[snapshot]
        shutil.rmtree(target / snapshot)
    run = Experiment(scene.workspace, "digits").submit(Project(scene.sources[0]).config("look.py"))
    assert seen_by(run)[1] == trees.read(scene.sources[0])


def check_kills(workspace: Workspace, top: Path, kills: int) -> None:
    number = int(os.environ.get("KILL_SEED", random.SystemRandom().getrandbits(32)))
    print(f"KILL_SEED={number}")
    scene = Scene(workspace, top, random.Random(number))
    taking, leasing = Kind(TAKE), Kind(LEASE)
    for source, bystander, place in zip(scene.sources, scene.bystanders, (0, 1), strict=True):
        bystander.ask(source)
        scene.know(place, bystander.answer())
    scene.edit(scene.sources[0])
    scene.know(0, trees.taken(workspace, scene.sources[0]).id)
    scene.edit(scene.sources[0])
    taking.measure(workspace, scene.sources[0])
    scene.know(0, trees.taken(workspace, scene.sources[0]).id)
    leasing.measure(workspace, scene.sources[0], *scene.last[0])
    done = {"snapshot": 0, "lease": 0, "in vain": 0}
    while done["snapshot"] + done["lease"] < kills:
        is_snapshot = done["snapshot"] <= done["lease"]
        was_killed = check_killed_snapshot(scene, taking) if is_snapshot else check_killed_lease(scene, leasing)
        done[("snapshot" if is_snapshot else "lease") if was_killed else "in vain"] += 1
        if sum(done.values()) % 50 == 0:
            check_store(scene, top)
    check_store(scene, top)
    for bystander in scene.bystanders:
        bystander.leave()
    print(f"killed: {done}, snapshots: {len(scene.contents)}")


TAKE_UNTIL_REMOVAL = """
import os, signal, sys
from localexp import Workspace
from tests.snapshot import trees
def kill_at_removal(frame, event, argument):
    if event == "c_call" and argument is os.unlink:
        os.kill(os.getpid(), signal.SIGKILL)
workspace = Workspace(sys.argv[1])
sys.setprofile(kill_at_removal)
trees.taken(workspace, sys.argv[2])
"""


def test_what_a_killed_snapshot_left_goes_even_if_whoever_was_to_remove_it_is_killed(
    workspace: Workspace, project: Project
) -> None:
    project.write("file", "")
    store = workspace._store
    with store.main.writing() as db:
        dead = str(of_the_dead())
        making = [snapshots.begin(db, dead, 1) for _ in range(2)][-1]
    left = Path(store.layout.object_in_the_making(making, "left"))
    left.parent.mkdir(parents=True)
    left.write_text("half of a file")
    killed = python(TAKE_UNTIL_REMOVAL, workspace.path, project.path, PYTHONPATH=str(REPOSITORY))
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert left.exists()

    trees.taken(workspace, project.path)

    assert os.listdir(left.parent) == []


END_UNTIL_MOVED = """
import os, signal, sys
from localexp import Workspace
from tests.snapshot import leases
def kill_when_moved(frame, event, argument):
    if event == "c_return" and argument in (os.link, os.unlink) and "capture" in frame.f_code.co_filename:
        calls.append(argument)
        if len(calls) == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
calls = []
workspace = Workspace(sys.argv[1])
lease = leases.leased(workspace, sys.argv[3], sys.argv[2])
print(lease.run.id, flush=True)
os.mkdir(lease.root + b"/outputs")
for name in (b"one", b"two"):
    with open(lease.root + b"/outputs/" + name, "wb") as file:
        file.write(name)
sys.setprofile(kill_when_moved)
leases.give_back(workspace, lease)
"""


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_what_was_moved_when_whoever_ended_the_run_was_killed_is_an_artifact(
    workspace: Workspace, project: Project, call: int
) -> None:
    project.write("file", "")
    snapshot = trees.taken(workspace, project.path).id
    killed = python(END_UNTIL_MOVED, workspace.path, project.path, snapshot, call, PYTHONPATH=str(REPOSITORY))
    out, err = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, err

    run = workspace.get_run(out.strip())

    assert run.get_status() == "Failed"
    assert run.get_file_names() == ["outputs/one", "outputs/two"]
    assert [Path(run._layout.artifact(f"outputs/{name}")).read_text() for name in ("one", "two")] == ["one", "two"]
    assert leases.folders(workspace) == []


COPY_UNTIL_WRITTEN = """
import os, signal, sys
from localexp import Workspace
from tests.snapshot import leases
def kill_at_copy(frame, event, argument):
    if event == "c_call" and argument is os.fsync and "placing" in frame.f_code.co_filename:
        os.kill(os.getpid(), signal.SIGKILL)
workspace = Workspace(sys.argv[1])
lease = leases.leased(workspace, sys.argv[3], sys.argv[2])
print(lease.run.id, flush=True)
with open(lease.root + b"/made", "wb") as file:
    file.write(b"made")
sys.setprofile(kill_at_copy)
leases.give_back(workspace, lease)
"""


def test_a_copy_to_another_file_system_that_was_killed_half_way_is_made_again(
    workspace: Workspace, project: Project
) -> None:
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat(project.path).st_dev:
        pytest.skip("there is no other file system at hand")
    project.write("file", "")
    snapshot = trees.taken(workspace, project.path).id
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        (Path(workspace._store.layout.root) / "runs").symlink_to(elsewhere)
        killed = python(COPY_UNTIL_WRITTEN, workspace.path, project.path, snapshot, PYTHONPATH=str(REPOSITORY))
        out, err = killed.communicate()
        assert killed.returncode == -signal.SIGKILL, err

        run = workspace.get_run(out.strip())

        assert run.get_status() == "Failed"
        assert run.get_file_names() == ["made"]
        assert Path(run._layout.artifact("made")).read_text() == "made"
        assert "warnings" not in run.get_details()


def test_snapshots_and_leases_that_are_killed_harm_nobody(workspace: Workspace, tmp_path: Path) -> None:
    check_kills(workspace, tmp_path, kills=6)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
def test_300_snapshots_and_leases_that_are_killed_harm_nobody(workspace: Workspace, tmp_path: Path) -> None:
    check_kills(workspace, tmp_path, kills=300)
