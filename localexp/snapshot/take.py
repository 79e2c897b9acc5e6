"""Take a snapshot of a source directory."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from localexp.errors import SnapshotException, UserErrorException
from localexp.snapshot import contents, known, places, scan, tree
from localexp.snapshot.limits import Limits
from localexp.snapshot.listing import is_executable_in, size_in
from localexp.snapshot.notes import notes
from localexp.snapshot.progress import Progress
from localexp.store import blobs, clock, snapshots
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

    from localexp.snapshot.scan import Directory, File, Scan
    from localexp.store.store import Store

_ROUNDS = 10


class Options:
    """How a snapshot is to be taken.

    :param max_bytes: the most bytes that it may hold; by default the workspace's setting.
    :param max_files: the most files, likewise.
    :param ignore_parents: read the ignore files above the source directory too, up to the top of its repository.
    :param force: take a home directory or the top of a file system too, which are otherwise refused.
    :raises UserErrorException: a limit is no number.
    """

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        max_files: int | None = None,
        ignore_parents: bool = False,
        force: bool = False,
    ) -> None:
        self.max_bytes = _checked_limit("bytes", max_bytes)
        self.max_files = _checked_limit("files", max_files)
        self.ignore_parents = ignore_parents
        self.force = force


def _checked_limit(of: str, limit: object) -> int | None:
    if limit is None or (type(limit) is int and limit >= 0):
        return limit
    raise UserErrorException(f"the most {of} of a snapshot are a whole number that is not negative, not {limit!r}")


class Taken:
    """A snapshot all of whose bytes are stored; ``record`` it in the transaction that needs it.

    ``new_blobs`` and ``new_bytes`` say what was not in the store before, ``notes`` what a user should know.
    """

    def __init__(self, found: Scan, new_blobs: int, new_bytes: int) -> None:
        self.id = found.root.digest.hex()
        self.files = found.count
        self.bytes = found.bytes
        self.new_blobs = new_blobs
        self.new_bytes = new_bytes
        self.notes = notes(found)
        self._found = found

    @property
    def warnings(self) -> list[str]:
        """Those of the notes that are to be said at once."""
        return [note.text for note in self.notes if note.is_warning]

    def holds(self, path: str) -> bool:
        """Whether a file or link of this relative path, with ``/`` between its parts, is in it."""
        folder, name = os.path.split(os.fsencode(path))
        listing = next((d.listing for d in self._found.directories if d.path == folder), None)
        return listing is not None and (name in listing.links or name in dict(listing.files()))

    def is_stored(self, store: Store) -> bool:
        """Whether all that it needs is there, whatever stored trees vouch for."""
        return _is_stored(store, self._found, settled_trees(self._found).keys())

    def record(self, db: sqlite3.Connection) -> None:
        snapshots.add(db, self.id, self.files, self.bytes, clock.now())


@contextmanager
def taken(store: Store, source: str, options: Options | None = None) -> Iterator[Taken]:
    """Take a snapshot; within the block no garbage collection touches what it needs.

    :param source: absolute path of the source directory, or of a single file.
    :raises SnapshotException: it cannot be read, will not hold still, is too large, or is no place to capture.
    """
    options = options or Options()
    places.check(store, source, options.force)
    with store.main.writing() as db:
        forget_abandoned(store, db)
        making = snapshots.begin(db, str(this_process()), clock.real())
        # Here, for whoever removes something has this lock from before it is counted until it is gone.
        trust = Trust(_removals(store))
    try:
        yield _kept(store, os.fsencode(source), options, making, trust)
    finally:
        with store.main.writing() as db:
            snapshots.end(db, making)


class Trust:
    """What may be counted on: all that was found since there were so many ``removals``; nothing if that is None.

    With trust in a stored tree goes trust in all that is below it.
    """

    def __init__(self, removals: int | None) -> None:
        self.removals = removals


class _Removed(Exception):
    """Something that was counted on is not stored any more."""


def _removals(store: Store) -> int:
    with store.blobs.reading() as db:
        return blobs.removals(db)


def _kept(store: Store, source: bytes, options: Options, making: int, trust: Trust) -> Taken:
    """Take a snapshot, and have garbage collection keep all that it needs."""
    try:
        taken = _take(store, source, options, making, trust)
        if _is_pinned(store, making, taken, trust):
            return taken
    except _Removed:
        pass
    # Once more, while nothing is removed.
    _set_root(store, making, snapshots.ALL)
    taken = _take(store, source, options, making, Trust(None))
    _set_root(store, making, taken.id)
    return taken


def _is_pinned(store: Store, making: int, taken: Taken, trust: Trust) -> bool:
    with store.main.writing() as db:
        # As long as this is open nobody removes anything.
        is_whole = _removals(store) == trust.removals or taken.is_stored(store)
        if is_whole:
            _check_set(snapshots.set_root(db, making, taken.id))
        return is_whole


def _set_root(store: Store, making: int, root: str) -> None:
    with store.main.writing() as db:
        _check_set(snapshots.set_root(db, making, root))


def _check_set(is_set: bool) -> None:
    if not is_set:
        raise SnapshotException("this process was taken for dead while it took a snapshot; try again")


def forget_abandoned(store: Store, db: sqlite3.Connection) -> None:
    """Remove what dead processes have left, and the word of it after that.

    In one transaction: a key that is free may be given to another process at once, whose files are then not to go.
    """
    makers = {key: Owner.parse(owner) for key, owner in snapshots.in_the_making(db)}
    dead = [key for key, owner in makers.items() if owner.is_known_dead()]
    if dead:
        remove_files(left_objects(store, makers.keys() - dead))
    for key in dead:
        snapshots.end(db, key)


def left_objects(store: Store, makers: Collection[int]) -> list[str]:
    """Paths of files that somebody has not brought to an end who is none of these makers of snapshots."""
    folder, living = store.layout.objects_in_the_making, set(map(str, makers))
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if name.partition("-")[0] not in living]


def remove_files(paths: list[str]) -> None:
    """Remove files; fine if somebody else is tidying up too."""
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue


def _take(store: Store, source: bytes, options: Options, making: int, trust: Trust) -> Taken:
    allowed = Limits.of(store, options.max_bytes, options.max_files)
    what, new_blobs, new_bytes = os.fsdecode(source), 0, 0
    for _ in range(_ROUNDS):
        if not os.path.lexists(source):
            raise SnapshotException(f"the source directory {what} is gone")
        try:
            started_ns = time.time_ns()
            records = known.read(store, source)
            found = scan.walk(source, records, allowed, options.ignore_parents)
            reader = _store(store, found, making, trust)
        except FileNotFoundError as error:
            # It went between the walk and the reading: what counts is what is there by now.
            what = str(error.filename)
            continue
        new_blobs, new_bytes = new_blobs + reader.new_blobs, new_bytes + reader.new_bytes
        keep_records(store, found.source, found, records, started_ns)
        scan.refuse_excess(found, allowed)
        changed = scan.find_changed(found, started_ns)
        if changed is None:
            return Taken(found, new_blobs, new_bytes)
        what = os.fsdecode(found.full_path(changed))
    raise SnapshotException(
        f"{what} changes while it is captured, again and again: files come and go there; wait until it holds still, or "
        "leave them out by an ignore file"
    )


def _store(store: Store, found: Scan, making: int, trust: Trust) -> contents.Contents:
    """Store what is in a scan, and return who did it."""
    unread = [file for directory in found.directories for file in unknown_files(directory)]
    with (
        Progress("Storing", "bytes", sum(file.size for file in unread)) as progress,
        contents.Contents(store, making, progress) as reader,
    ):
        _read_all(found, unread, reader)
        _store_trees(store, found, reader, trust)
    return reader


def keep_records(store: Store, key: bytes, found: Scan, records: dict[bytes, known.Record], started_ns: int) -> None:
    """Keep what a scan knows, if that is not what was known before."""
    new = scan.records_of(found, started_ns)
    if len(new) != len(records) or any(record is not records.get(record.path) for record in new):
        known.keep(store, key, new)


def _read_all(found: Scan, files: list[File], reader: contents.Contents) -> None:
    unreadable: list[tuple[bytes, str]] = []
    for file in files:
        try:
            _read(found, file, reader)
        except contents.Unreadable as error:
            unreadable.append((file.path, error.why))
    scan.refuse_unreadable(found.source, unreadable)
    found.settle()


def unknown_files(directory: Directory) -> list[File]:
    """The files of a directory that have to be read."""
    if directory.record is not None:
        return []
    return [file for file in directory.files() if not file.digest]


def _read(found: Scan, file: File, reader: contents.Contents) -> None:
    fact, digest = reader.take(found.full_path(file.path))
    file.directory.set_content(file, fact, digest)


def _store_trees(store: Store, found: Scan, reader: contents.Contents, trust: Trust) -> None:
    """Store the trees of a scan. A stored tree means that all below it is stored.

    :raises _Removed: what was counted on is not there any more.
    """
    for _ in range(_ROUNDS):
        reader.flush()
        trees = settled_trees(found)
        earlier = {directory.earlier for directory in found.directories if directory.earlier}
        with store.blobs.reading() as db:
            known_trees = blobs.known_trees(db, trees.keys() | earlier)
        new = trees.keys() - known_trees
        needed = _needed_blobs(found, known_trees if trust.removals is not None else set())
        lacking = contents.missing(store, needed)
        if not lacking:
            if new:
                data = {name: trees[name] or _encoded(directory) for name, directory in found.by_digest(new).items()}
                with store.blobs.writing(durable=True) as db:
                    # As long as this is open nothing is removed, and afterwards these trees count.
                    if trust.removals not in (None, blobs.removals(db)) and not _is_stored(
                        store, found, trees.keys() - new
                    ):
                        raise _Removed
                    blobs.add_trees(db, data.items(), clock.real())
            return
        # Known by an earlier scan, yet not in the store: it was collected as garbage since.
        _read_all(found, [needed[name] for name in lacking], reader)
    raise SnapshotException(f"{os.fsdecode(found.source)} changes while it is read; try again when it holds still")


def _is_stored(store: Store, found: Scan, trees: Collection[bytes]) -> bool:
    """Whether these trees of a scan are there, and all the blobs that it needs, whatever stored trees vouch for."""
    with store.blobs.reading() as db:
        if len(blobs.known_trees(db, trees)) != len(trees):
            return False
    return not contents.missing(store, _needed_blobs(found, set()))


def settled_trees(found: Scan) -> dict[bytes, bytes]:
    """Set the digest of each directory, and return the trees by digest; of those known before it is without data."""
    trees = {}
    for directory in reversed(found.directories):
        if directory.is_as_recorded():
            trees[directory.digest] = b""
        else:
            data = _encoded(directory)
            directory.digest = tree.digest_of(data)
            trees[directory.digest] = data
    return trees


def _encoded(directory: Directory) -> bytes:
    digests = directory.known_digests()
    entries = [
        tree.Entry(tree.EXECUTABLE if is_executable_in(fact) else tree.FILE, name, digests[name], size_in(fact))
        for name, fact in directory.listing.files()
    ]
    entries += [tree.Entry(tree.LINK, name, target=target) for name, target in directory.listing.links.items()]
    entries += [tree.Entry(tree.DIRECTORY, child.name, child.digest) for child in directory.directories]
    return tree.encoded(entries)


def _needed_blobs(found: Scan, trees: set[bytes]) -> dict[bytes, File]:
    """A file for each blob whose presence no stored tree vouches for; of large ones none does, as they are files.

    What was read by now has been stored, and what was known before is in the earlier tree.
    """
    needed = {}
    for directory in found.directories:
        is_vouched_for = directory.digest in trees or directory.earlier in trees
        if not is_vouched_for or directory.listing.largest > contents.SMALL:
            for file in directory.files():
                if not is_vouched_for or file.size > contents.SMALL:
                    needed[tree.blob_name(file.digest, file.size)] = file
    return needed
