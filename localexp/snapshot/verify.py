"""Whether all that snapshots need is stored, and as it was stored."""

from __future__ import annotations

import os
import re

from localexp.errors import NewerStoreError, SnapshotException, StoreError
from localexp.snapshot import contents, stored, tree
from localexp.store import blobs, snapshots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localexp.store.database import Database
    from localexp.store.store import Store

    Progress = Callable[[int, int], object]

# Where writers keep what they have not finished; what an interrupted one leaves there harms nobody.
_IN_THE_MAKING = "in-the-making"
_PACKS_A_PAGE, _TREES_A_PAGE = 16, 100
_TREE_NAME_BYTES = 16
_NOTHING: dict[bytes, bytes] = {}


class Place:
    """Where a problem is felt: a path in a snapshot, and the ids of the runs that have it. The root's path is empty."""

    __slots__ = ("path", "runs", "snapshot")

    def __init__(self, snapshot: str, path: str, runs: list[str]) -> None:
        self.snapshot = snapshot
        self.path = path
        self.runs = runs


class Problem:
    """Something that is not as it was stored.

    ``kind`` is "damaged" or "missing" with "database", "blob" or "tree", or "unknown file"; ``name`` is a path or a
    hash; ``places`` has the first path in each snapshot that it touches.
    """

    __slots__ = ("detail", "kind", "name", "places")

    def __init__(self, kind: str, name: str, detail: str) -> None:
        self.kind = kind
        self.name = name
        self.detail = detail
        self.places: list[Place] = []


class Report:
    """What was looked at, in numbers, and what was found.

    ``bytes`` are those of the blobs that were read. ``unreferenced`` counts blobs that no snapshot needs, and
    ``leftovers`` files of interrupted writers: neither is damage. ``unusable_trees`` are those that need what is
    damaged or missing.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.snapshots = 0
        self.trees = 0
        self.blobs = 0
        self.bytes = 0
        self.unreferenced = 0
        self.leftovers = 0
        self.unusable_trees: list[bytes] = []


def checked(store: Store, progress: Progress | None = None) -> Report:
    """Read all that is stored for snapshots, and compare it with the hashes that it was stored under.

    :param progress: called now and then with the number of blobs and trees that were read and of those to read.
    """
    before = _removals(store)
    report = _checked_once(store, progress)
    # What has been removed meanwhile may look as if it were missing.
    return report if not report.problems or _removals(store) == before else checked(store, progress)


def _removals(store: Store) -> int | None:
    """None where that cannot be known, as where nothing is stored."""
    if not os.path.exists(store.layout.blob_database):
        return None
    try:
        with store.blobs.reading() as db:
            return blobs.removals(db)
    except StoreError:
        return None


def _checked_once(store: Store, progress: Progress | None) -> Report:
    check = _Check(store, progress)
    check.is_sound(store.main, store.layout.database)
    # Before all else: what a snapshot needs that is recorded by now has been stored by now.
    with store.main.reading() as db:
        known = snapshots.every_id(db)
    check.report.snapshots = len(known)
    check.find_large_ones()
    is_readable = check.reads_small_ones(has_snapshots=bool(known))
    check.read_large_ones()
    if is_readable:
        check.references(known)
    else:
        check.touch_all(known)
    return check.report


class _Check:
    def __init__(self, store: Store, progress: Progress | None) -> None:
        self.report = Report()
        self._store = store
        self._progress = progress
        self._done = 0
        self._total = 0
        self._problems: dict[bytes, Problem] = {}
        self._small: set[bytes] = set()
        self._large: dict[bytes, str] = {}
        self._referenced: set[bytes] = set()
        # By tree: what is wrong in it or below, each with the first path.
        self._touched: dict[bytes, dict[bytes, bytes]] = {}

    def _add(self, kind: str, name: str, detail: str) -> Problem:
        problem = Problem(kind, name, detail)
        self.report.problems.append(problem)
        return problem

    def _add_named(self, kind: str, name: bytes, detail: str) -> None:
        if name not in self._problems:
            self._problems[name] = self._add(kind, name.hex(), detail)

    def _step(self, count: int = 1) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)

    def is_sound(self, database: Database, path: str) -> bool:
        """Have SQLite look at a database; False if it cannot be read at all."""
        try:
            with database.reading() as db:
                for fault in blobs.faults(db):
                    self._add("damaged database", path, fault)
        except NewerStoreError:
            raise
        except StoreError as error:
            self._add("damaged database", path, str(error))
            return False
        return True

    def reads_small_ones(self, has_snapshots: bool) -> bool:
        """Read the small blobs and the trees; False if what is stored there cannot be known."""
        path = self._store.layout.blob_database
        # Opening it would make it.
        if not os.path.exists(path):
            if has_snapshots:
                self._add("missing database", path, "it holds all small files; restore it from a backup")
            return False
        if not self.is_sound(self._store.blobs, path):
            return False
        try:
            self._read_small_ones()
        except StoreError as error:
            self._add("damaged database", path, str(error))
            return False
        return True

    def _read_small_ones(self) -> None:
        with self._store.blobs.reading() as db:
            self._total += sum(blobs.counts(db))
        for name, data in self._rows(blobs.page, _PACKS_A_PAGE):
            if name in self._small:
                # It was moved meanwhile, into a pack that comes later.
                continue
            self.report.blobs += 1
            self.report.bytes += len(data)
            self._small.add(name)
            if (tree.digest_of(data), len(data)) != _meant_by(name):
                self._add_named("damaged blob", name, _difference(name, len(data)))
        for name, data in self._rows(blobs.page_of_trees, _TREES_A_PAGE):
            self.report.trees += 1
            if len(name) != _TREE_NAME_BYTES or tree.digest_of(data) != name:
                self._add_named("damaged tree", name, "its bytes are not those that were stored")

    def _rows(self, page: Callable[..., list[tuple[int, bytes, bytes]]], size: int) -> Iterator[tuple[bytes, bytes]]:
        key = 0
        while True:
            # A page at a time, or writers could not tidy up their log for as long as this takes.
            with self._store.blobs.reading() as db:
                rows = page(db, key, size)
            if not rows:
                return
            for key, name, data in rows:  # noqa: B007 - it is where the next page begins
                yield _as_bytes(name), _as_bytes(data)
            self._step(len(rows))

    def find_large_ones(self) -> None:
        for folder in _listed(self._store.layout.objects):
            if folder.name == _IN_THE_MAKING and folder.is_dir(follow_symlinks=False):
                self.report.leftovers += sum(len(files) for _, _, files in os.walk(folder.path))
            elif re.fullmatch("[0-9a-f]{2}", folder.name) and folder.is_dir(follow_symlinks=False):
                for file in _listed(folder.path):
                    self._find_large_one(folder.name + file.name, file)
            elif folder.name.startswith("."):
                # As file managers leave them.
                self.report.leftovers += 1
            else:
                self._add("unknown file", folder.path, "nothing of localexp has this name; move it away")
        self._total += len(self._large)

    def _find_large_one(self, name: str, file: os.DirEntry[str]) -> None:
        if re.fullmatch("[0-9a-f]{48}", name) and file.is_file(follow_symlinks=False):
            self._large[bytes.fromhex(name)] = file.path
        else:
            self._add("unknown file", file.path, "nothing of localexp has this name; move it away")

    def read_large_ones(self) -> None:
        for name, path in self._large.items():
            self._read_large_one(name, path)
            self._step()

    def _read_large_one(self, name: bytes, path: str) -> None:
        try:
            with open(path, "rb", buffering=0) as file:
                found = contents.hashed(file.fileno())
        except OSError as error:
            self._add_named("damaged blob", name, f"{path} cannot be read: {error.strerror}")
            return
        self.report.blobs += 1
        self.report.bytes += found[1]
        if found != _meant_by(name):
            self._add_named("damaged blob", name, f"{path}: {_difference(name, found[1])}")

    def references(self, known: list[str]) -> None:
        """Follow every snapshot down, and look whether all is there."""
        for snapshot in known:
            self._follow(stored.root_of(snapshot))
        self.report.unreferenced = len(self._small - self._referenced) + len(self._large.keys() - self._referenced)
        self.report.unusable_trees = [name for name, wrong in self._touched.items() if wrong]
        if self._problems:
            runs = self._runs_by_snapshot()
            for snapshot in known:
                for name, path in self._touched[stored.root_of(snapshot)].items():
                    place = Place(snapshot, os.fsdecode(path), runs.get(snapshot, []))
                    self._problems[name].places.append(place)

    def _follow(self, root: bytes) -> None:
        waiting = [root]
        while waiting:
            name = waiting[-1]
            if name in self._touched:
                waiting.pop()
                continue
            entries = self._entries(name)
            below = [entry.digest for entry in entries if entry.kind == tree.DIRECTORY]
            unknown = [digest for digest in below if digest not in self._touched]
            if unknown:
                waiting += unknown
            else:
                self._touched[name] = self._touching(name, entries)

    def _entries(self, name: bytes) -> list[tree.Entry]:
        if name in self._problems:
            return []
        with self._store.blobs.reading() as db:
            data = blobs.read_tree(db, name)
        if data is None:
            self._add_named("missing tree", name, "a directory of a snapshot is not stored")
            return []
        try:
            return tree.decoded(data)
        except SnapshotException as error:
            self._add_named("damaged tree", name, str(error))
            return []

    def _touching(self, name: bytes, entries: list[tree.Entry]) -> dict[bytes, bytes]:
        found = {name: b""} if name in self._problems else {}
        for entry in entries:
            if entry.kind == tree.DIRECTORY:
                for wrong, path in self._touched[entry.digest].items():
                    found.setdefault(wrong, entry.name + b"/" + path if path else entry.name)
            elif entry.is_file and self._is_wrong(entry):
                found.setdefault(entry.blob, entry.name)
        return found or _NOTHING

    def _is_wrong(self, entry: tree.Entry) -> bool:
        self._referenced.add(entry.blob)
        if entry.blob not in (self._small if entry.size <= contents.SMALL else self._large):
            self._add_named("missing blob", entry.blob, f"a file of {entry.size} bytes is not stored")
        return entry.blob in self._problems

    def touch_all(self, known: list[str]) -> None:
        """Say that the last problem that was found with a database touches every snapshot."""
        runs = self._runs_by_snapshot()
        for problem in self.report.problems:
            if problem.name == self._store.layout.blob_database:
                problem.places = [Place(snapshot, "", runs.get(snapshot, [])) for snapshot in known]

    def _runs_by_snapshot(self) -> dict[str, list[str]]:
        with self._store.main.reading() as db:
            return snapshots.runs_by_id(db)


def _as_bytes(value: object) -> bytes:
    # A column of SQLite may hold anything, whatever its type says.
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _listed(folder: str) -> list[os.DirEntry[str]]:
    if not os.path.isdir(folder):
        return []
    return sorted(os.scandir(folder), key=lambda entry: entry.name)


def _meant_by(name: bytes) -> tuple[bytes, int] | None:
    """The hash and the length that the name of a blob says."""
    return (name[:_TREE_NAME_BYTES], tree.blob_size(name)) if len(name) == blobs.NAME_BYTES else None


def _difference(name: bytes, size: int) -> str:
    meant = _meant_by(name)
    if meant is None or meant[1] == size:
        return "its bytes are not those that were stored"
    return f"it has {size} bytes, and was stored with {meant[1]}"
