"""Garbage collection at any step of a snapshot, a snapshot at any step of that, and either killed at any step.

A process of its own, for it forks: its arguments are the kind of it, a workspace, a folder, a seed, and how many times,
or the functions at which the one does the other and is killed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from localexp import Snapshot, Workspace
from localexp.snapshot import collect, contents, take, tree, verify
from localexp.store import clock, experiments, identifiers, runs, snapshots
from tests.snapshot import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


_WHERE_IT_MATTERS = tuple(
    os.path.join("localexp", *name.split("/"))
    for name in (
        "snapshot/take.py",
        "snapshot/contents.py",
        "snapshot/collect.py",
        "store/blobs.py",
        "store/snapshots.py",
        "store/runs.py",
        "store/database.py",
    )
)


def run_of(workspace: Workspace, folder: Path | str) -> str:
    """The id of the snapshot of a directory, which a run has."""
    store = workspace._store
    with take.taken(store, str(folder)) as taken, store.main.writing() as db:
        taken.record(db)
        add_run(db, taken.id)
        return taken.id


def add_run(db: sqlite3.Connection, snapshot: str) -> None:
    runs.create(
        db,
        identifier=identifiers.uuid(),
        experiment=experiments.get_or_create(db, "collecting", clock.now()).key,
        status="Completed",
        owner=None,
        created_at=1,
        snapshot=snapshot,
    )
    db.execute("UPDATE _runs SET ended_at = 1, unfolded = 0 WHERE ended_at IS NULL")


def forget_runs(workspace: Workspace, snapshot: str) -> None:
    with workspace._store.main.writing() as db:
        db.execute("DELETE FROM _runs WHERE snapshot = ?", (snapshot,))


def unclosed(workspace: Workspace) -> list[bytes]:
    """Stored trees that vouch for something which is not there."""
    with workspace._store.blobs.reading() as db:
        every = dict(db.execute("SELECT name, data FROM trees"))
        small = {row[0] for row in db.execute("SELECT name FROM blobs")}
    return [name for name, data in every.items() if not all(_is_there(one, every, small) for one in tree.decoded(data))]


def _is_there(entry: tree.Entry, every: dict[bytes, bytes], small: set[bytes]) -> bool:
    if entry.kind == tree.DIRECTORY:
        return entry.digest in every
    return entry.kind == tree.LINK or entry.size > contents.SMALL or entry.blob in small


def with_acts(work: Callable[[], object], acts: dict[int | str, Callable[[], object]]) -> int:
    """Do some work, and at some calls of it, or at the first of a function, something else; how many calls there were.

    Only those count where something is looked for, stored or removed.
    """
    calls = 0

    def at_call(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        if event == "call" and "localexp" in frame.f_code.co_filename:
            acts.pop(frame.f_code.co_name, _nothing)()
        if event in ("call", "c_call") and frame.f_code.co_filename.endswith(_WHERE_IT_MATTERS):
            calls += 1
            acts.get(calls, _nothing)()

    sys.setprofile(at_call)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def _nothing() -> None:
    pass


class Scene:
    """A run that stays, and a directory of which a snapshot is stored that no run has."""

    def __init__(self, workspace: Workspace, folder: Path, seed: int) -> None:
        self.workspace = workspace
        self.chance = random.Random(seed)
        self.folder = folder
        self.kept: dict[str, object] = {}
        self.done = self.in_vain = 0

    def prepare(self, is_changed: bool | None = None) -> None:
        """Make garbage that the next snapshot counts on, and something that shares parts of it and stays."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for number in range(6):
            self._write(f"sub-{number % 3}/deep/{number}", self.chance.randrange(1, 300))
        self._write("large", self.chance.randrange(66_000, 90_000))
        self._write("top", 10)
        self._keep()
        self._write("sub-0/more", 20)
        dead = trees.taken(self.workspace, self.folder).id
        assert dead not in self.kept
        if self.chance.random() < 0.5:
            # All of it is garbage then.
            forget_runs(self.workspace, next(reversed(self.kept)))
            self.kept.popitem()
        if self.chance.random() < 0.5 if is_changed is None else is_changed:
            self._write("sub-1/deep/new", 30)

    def _write(self, name: str, size: int) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.chance.randbytes(size))

    def _keep(self) -> None:
        self.kept[run_of(self.workspace, self.folder)] = trees.read(self.folder)

    def take(self) -> None:
        run_of(Workspace(self.workspace.path), self.folder)

    def collect(self) -> None:
        collect.collect(Workspace(self.workspace.path)._store)

    def if_free(self, act: Callable[[], object]) -> Callable[[], object]:
        """Something that is done only where this very process holds no lock for which it would wait."""

        def acting() -> None:
            if all(map(self._is_free, ("localexp.db", "blobs.db"))):
                act()

        return acting

    def _is_free(self, name: str) -> bool:
        with closing(sqlite3.connect(f"{self.workspace.path}/.localexp/{name}", timeout=0, isolation_level=None)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                if name == "localexp.db":
                    roots = [row[0] for row in db.execute("SELECT root FROM _snapshots_in_the_making")]
                    return snapshots.ALL not in roots
            except sqlite3.OperationalError:
                return False
        return True

    def in_child(self, work: Callable[[], object], acts: dict[int | str, Callable[[], object]]) -> None:
        """Do it in a process that may kill itself."""
        child = os.fork()
        if child == 0:
            try:
                with_acts(work, acts)
                os._exit(0)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
        self.done += 1

    def check(self, target: Path) -> None:
        """Nothing vouches for what is gone, and what there is to be had is to be had; so it is after one more run."""
        assert unclosed(self.workspace) == []
        with self.workspace._store.main.reading() as db:
            recorded = {row[0] for row in db.execute("SELECT DISTINCT snapshot FROM _runs")}
        new = recorded - self.kept.keys()
        assert self.kept.keys() <= recorded
        self.kept.update(dict.fromkeys(new, trees.read(self.folder)))
        for snapshot in {*new, *[*self.kept][-2:]}:
            self._check_restored(snapshot, target)
        self._keep()
        assert unclosed(self.workspace) == []
        self._check_restored([*self.kept][-1], target)

    def _check_restored(self, snapshot: str, target: Path) -> None:
        Snapshot._of(self.workspace._store, snapshot).restore(target)
        assert trees.read(target) == self.kept[snapshot]
        shutil.rmtree(target)

    def check_all(self, target: Path) -> None:
        collect.collect(self.workspace._store)
        report = verify.checked(self.workspace._store)
        assert [(problem.kind, problem.name) for problem in report.problems] == []
        assert (report.unreferenced, report.snapshots) == (0, len(self.kept))
        again = collect.collect(self.workspace._store, dry_run=True)
        assert vars(again) == dict.fromkeys(vars(again), 0)
        for snapshot in self.kept:
            self._check_restored(snapshot, target)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    kind, place, folder, seed, times, *killed = sys.argv[1:]
    # So that there are many.
    collect.A_BATCH = 3
    scene = Scene(Workspace(place), Path(folder), int(seed))
    work, other = (scene.take, scene.collect) if kind.startswith("take") else (scene.collect, scene.take)
    scene.prepare()
    calls = with_acts(work, {})
    scene.check(Path(folder + "-restored"))
    if not times.isdecimal() and times != "all":
        for is_changed in (True, False):
            scene.prepare(is_changed)
            scene.in_child(work, {times: scene.if_free(other), **dict.fromkeys(killed, kill)})
            scene.check(Path(folder + "-restored"))
        scene.check_all(Path(folder + "-restored"))
        return
    steps = range(1, calls + 1) if times == "all" else [scene.chance.randint(1, calls) for _ in range(int(times))]
    for step in steps:
        scene.prepare()
        if kind.endswith("killed"):
            # Killed at some step, and if it was interrupted then not long after that.
            acts: dict[int | str, Callable[[], object]] = {
                step: scene.if_free(other),
                step + scene.chance.randrange(1, 100): kill,
            }
            scene.in_child(work, {step: kill} if scene.chance.random() < 0.5 else acts)
        else:
            again = step + scene.chance.randrange(1, 100)
            scene.in_child(work, {step: scene.if_free(other), again: scene.if_free(other)})
        scene.check(Path(folder + "-restored"))
    scene.check_all(Path(folder + "-restored"))
    print(scene.done, "of", calls)


if __name__ == "__main__":
    main()
