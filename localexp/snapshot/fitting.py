"""Make a working tree hold a snapshot, whatever it holds by now, by writing only what differs."""

from __future__ import annotations

import errno
import os
import time

from localexp.snapshot import contents, known, links, stored, tree
from localexp.snapshot.listing import NOTHING_KNOWN, Listing, is_executable_in, listed, names_in, size_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localexp.store.store import Store

BYTECODE = b"__pycache__"
FILE, LINK, SPECIAL, FOLDER, UNREADABLE = "file", "link", "special", "folder", "unreadable"

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
# Files are dated back, so that an edit shows in their time even if it comes in the moment in which they are written.
_DATED_BACK_SECONDS = 10


class Fitted:
    """What a tree holds by now: its ``records``, whether they are new, its size in bytes, and warnings for the user."""

    def __init__(self) -> None:
        self.records: list[known.Record] = []
        self.is_changed = False
        self.size = 0
        self.warnings: list[str] = []


def fit(store: Store, snapshot: str, root: bytes, source: bytes, records: dict[bytes, known.Record]) -> Fitted:
    """Make the directory ``root`` hold a snapshot, and nothing else but compiled bytecode of what it holds.

    :param source: the directory of which the snapshot was taken; a link that leads out of it leads there as before.
    :param records: what is known of the tree; a file that is not as recorded is written anew.
    :raises SnapshotException: the snapshot is damaged.
    :raises OSError: what is there cannot be changed.
    """
    if os.path.islink(root):
        raise NotADirectoryError(errno.ENOTDIR, "a link is in the place of the tree", os.fsdecode(root))
    fitting = _Fitting(store, root, source, records)
    fitting.visit(bytes.fromhex(snapshot))
    fitting.write()
    return fitting.finish()


class Change:
    """Something in a tree that is new or not as recorded.

    ``original`` is the digest of what was there as a file, ``problem`` why a folder cannot be read.
    """

    __slots__ = ("kind", "original", "path", "problem")

    def __init__(self, kind: str, path: bytes, original: bytes | None = None, problem: str = "") -> None:
        self.kind = kind
        self.path = path
        self.original = original
        self.problem = problem


def changes(root: bytes, records: dict[bytes, known.Record]) -> Iterator[Change]:
    """What is in a tree, save for compiled bytecode, that is new or not as recorded."""
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        if path not in records:
            yield Change(FOLDER, path)
        try:
            _unlock(os.path.join(root, path))
            listing = _everything(os.path.join(root, path))
        except OSError as error:
            yield Change(UNREADABLE, path, problem=error.strerror or str(error))
            continue
        yield from _changes_in(path, listing, records.get(path))
        below = [_below(path, name) for name in _without_bytecode(listing.directories)]
        waiting += sorted(below, reverse=True)


def _changes_in(path: bytes, listing: Listing, record: known.Record | None) -> Iterator[Change]:
    for name in listing.special:
        yield Change(SPECIAL, _below(path, name))
    if record is not None and record.holds(listing):
        return
    then = record.digests_by_file() if record is not None else {}
    for name, fact in sorted(listing.files()):
        known_fact, original = then.get(name, (NOTHING_KNOWN, None))
        if known_fact != fact:
            yield Change(FILE, _below(path, name), original)
    links_then = known.links_in(record.links) if record is not None else {}
    for name, target in sorted(listing.links.items()):
        if links_then.get(name) != target:
            yield Change(LINK, _below(path, name))


class _Fitting:
    def __init__(self, store: Store, root: bytes, source: bytes, records: dict[bytes, known.Record]) -> None:
        self._store = store
        self._root = root
        self._source = source
        self._known = records
        self._result = Fitted()
        self._touched: list[tuple[bytes, bytes, list[tree.Entry]]] = []
        self._small: dict[bytes, list[tuple[bytes, bool]]] = {}
        self._large: list[tuple[bytes, bytes, bool]] = []

    def visit(self, digest: bytes) -> None:
        """Go through the directories of the snapshot, remove what is in the way, and note what is to be written."""
        waiting = [(b"", digest)]
        while waiting:
            path, digest = waiting.pop()
            _unlock(self._full(path))
            listing = _everything(self._full(path))
            record = self._known.get(path)
            if record is not None and self._is_as_wanted(record, listing, digest):
                if BYTECODE in listing.directories:
                    _tidy_bytecode(os.path.join(self._full(path), BYTECODE), names_in(listing.names), set())
                self._result.records.append(record)
                self._result.size += listing.size
                waiting += [(child, self._known[child].digest) for child in _children(record)]
            else:
                entries = stored.entries_of(self._store, digest)
                self._touched.append((path, digest, entries))
                self._fit_directory(path, entries, listing, record)
                waiting += [(_below(path, e.name), e.digest) for e in entries if e.kind == tree.DIRECTORY]

    def _is_as_wanted(self, record: known.Record, listing: Listing, digest: bytes) -> bool:
        return (
            record.digest == digest
            and record.holds(listing)
            and not listing.special
            and record.directories == known.packed_directories(_without_bytecode(listing.directories))
            and all(child in self._known for child in _children(record))
        )

    def _fit_directory(
        self, path: bytes, entries: list[tree.Entry], listing: Listing, record: known.Record | None
    ) -> None:
        folder = self._full(path)
        wanted = {entry.name: entry for entry in entries}
        there = self._kept(path, wanted, listing, record)
        changed = [name for name in _names(listing) if name not in there]
        for name in changed:
            _remove(os.path.join(folder, name), is_directory=name in listing.directories)
        missing = [entry for entry in entries if entry.name not in there]
        if BYTECODE in listing.directories and BYTECODE not in wanted:
            sources = [entry.name for entry in entries if entry.is_file]
            _tidy_bytecode(os.path.join(folder, BYTECODE), sources, {*changed, *(entry.name for entry in missing)})
        for entry in missing:
            self._make(path, entry)

    def _kept(
        self, path: bytes, wanted: dict[bytes, tree.Entry], listing: Listing, record: known.Record | None
    ) -> set[bytes]:
        """The names of what is as it should be."""
        then = record.digests_by_file() if record is not None else {}
        kept = {
            name
            for name, fact in listing.files()
            if name in wanted and then.get(name) == (fact, wanted[name].digest) and _is_like(wanted[name], fact)
        }
        kept |= {
            name
            for name, target in listing.links.items()
            if name in wanted and wanted[name].kind == tree.LINK and self._target(path, wanted[name])[0] == target
        }
        return kept | {
            name
            for name in listing.directories
            if (wanted[name].kind == tree.DIRECTORY if name in wanted else name == BYTECODE)
        }

    def _make(self, folder: bytes, entry: tree.Entry) -> None:
        full = os.path.join(self._full(folder), entry.name)
        if entry.kind == tree.DIRECTORY:
            os.mkdir(full)
        elif entry.kind == tree.LINK:
            os.symlink(self._target(folder, entry)[0], full)
        elif entry.size <= contents.SMALL:
            self._small.setdefault(entry.blob, []).append((full, entry.kind == tree.EXECUTABLE))
        else:
            self._large.append((entry.blob, full, entry.kind == tree.EXECUTABLE))

    def write(self) -> None:
        """Write the files that are missing."""
        now = time.time_ns()
        for name, data in contents.small_contents(self._store, set(self._small)):
            for path, is_executable in self._small[name]:
                _write(path, is_executable, data, _date_of(name, now))
        for name, path, is_executable in self._large:
            descriptor = _created(path, is_executable)
            try:
                contents.copy_large(self._store, name, descriptor)
                _date(descriptor, path, _date_of(name, now))
            finally:
                os.close(descriptor)

    def finish(self) -> Fitted:
        """Look at what was touched once more, to recognize it the next time."""
        result = self._result
        for path, digest, entries in self._touched:
            listing = _everything(self._full(path))
            digests = {entry.name: entry.digest for entry in entries if entry.is_file}
            result.records.append(
                known.Record(
                    path,
                    (
                        listing.names,
                        listing.facts,
                        known.packed_links(listing.links),
                        known.packed_directories(_without_bytecode(listing.directories)),
                    ),
                    b"".join([digests[name] for name in names_in(listing.names)]),
                    digest,
                )
            )
            result.size += listing.size
        result.is_changed = bool(self._touched)
        result.warnings = [
            f"the link {os.fsdecode(path)} leads out of the source directory, to {os.fsdecode(target)}"
            for path, target in self._links_out()
        ]
        return result

    def _links_out(self) -> Iterator[tuple[bytes, bytes]]:
        for record in self._result.records:
            for name, target in known.links_in(record.links).items():
                if os.path.isabs(target):
                    yield _below(record.path, name), target

    def _target(self, folder: bytes, entry: tree.Entry) -> tuple[bytes, bool]:
        return links.target_from_checkout(_below(folder, entry.name), entry.target, self._source)

    def _full(self, path: bytes) -> bytes:
        return os.path.join(self._root, path) if path else self._root


def records_of_snapshot(store: Store, snapshot: str, source: bytes) -> dict[bytes, known.Record]:
    """What a tree of a snapshot holds, as long as nobody has looked at its files."""
    records = {}
    waiting = [(b"", bytes.fromhex(snapshot))]
    while waiting:
        path, digest = waiting.pop()
        entries = stored.entries_of(store, digest)
        files = [entry for entry in entries if entry.is_file]
        targets = {
            entry.name: links.target_from_checkout(_below(path, entry.name), entry.target, source)[0]
            for entry in entries
            if entry.kind == tree.LINK
        }
        names = b"\0".join([entry.name for entry in files])
        listing = (names, NOTHING_KNOWN * len(files), known.packed_links(targets), b"")
        records[path] = known.Record(path, listing, b"".join([entry.digest for entry in files]), digest)
        waiting += [(_below(path, entry.name), entry.digest) for entry in entries if entry.kind == tree.DIRECTORY]
    return records


def remove_tree(path: str) -> None:
    """Remove a directory and all that is in it, or whatever else is there by now; no link is followed."""
    import shutil

    if not os.path.isdir(path) or os.path.islink(path):
        # A script may have put something else in its place.
        if os.path.lexists(path):
            os.unlink(path)
        return
    _unlock(path)
    for folder, below, _ in os.walk(path):
        for name in below:
            if not os.path.islink(os.path.join(folder, name)):
                _unlock(os.path.join(folder, name))
    shutil.rmtree(path)


def size_of_tree(path: str) -> int:
    """The bytes of the files in a directory, or of what has taken its place."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sum(os.lstat(one).st_size for one in found or [path] if os.path.lexists(one))


def _unlock(folder: str | bytes) -> None:
    """A script may have taken from a folder the permission to look into it or to change what is in it."""
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)


def _everything(folder: bytes) -> Listing:
    return listed(folder, _excludes_nothing)


def _excludes_nothing(_name: bytes, _is_directory: bool) -> bool:
    return False


def _without_bytecode(directories: list[bytes]) -> list[bytes]:
    return [name for name in directories if name != BYTECODE]


def _names(listing: Listing) -> Iterator[bytes]:
    yield from names_in(listing.names)
    yield from listing.links
    yield from listing.directories
    yield from listing.special


def _children(record: known.Record) -> list[bytes]:
    return [_below(record.path, name) for name in names_in(record.directories)]


def _below(folder: bytes, name: bytes) -> bytes:
    return b"%s/%s" % (folder, name) if folder else name


def _is_like(entry: tree.Entry, fact: bytes) -> bool:
    return entry.is_file and entry.size == size_in(fact) and (entry.kind == tree.EXECUTABLE) == is_executable_in(fact)


def _remove(path: bytes, is_directory: bool) -> None:
    if is_directory:
        remove_tree(os.fsdecode(path))
    else:
        os.unlink(path)


def _tidy_bytecode(folder: bytes, sources: Iterable[bytes], changed: set[bytes]) -> None:
    """Leave there only what was compiled of sources that are there, and have not changed.

    By whole seconds and size, as the interpreter goes, nobody could tell that a source has changed.
    """
    kept = {name.rpartition(b".")[0] for name in _python(sources) if name not in changed}
    for name in os.listdir(folder):
        if kept.isdisjoint(_possible_stems(name)):
            path = os.path.join(folder, name)
            _remove(path, is_directory=os.path.isdir(path) and not os.path.islink(path))


def _possible_stems(name: bytes) -> Iterator[bytes]:
    """What the name of a source may be of which a file was compiled: it may have dots in it itself."""
    while name:
        name = name.rpartition(b".")[0]
        yield name


def _python(names: Iterable[bytes]) -> list[bytes]:
    return [name for name in names if name.endswith((b".py", b".pyw"))]


def _write(path: bytes, is_executable: bool, data: bytes, time_ns: int) -> None:
    descriptor = _created(path, is_executable)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        _date(descriptor, path, time_ns)
    finally:
        os.close(descriptor)


def _created(path: bytes, is_executable: bool) -> int:
    return os.open(path, _FLAGS, 0o777 if is_executable else 0o666)


def _date_of(blob: bytes, now_ns: int) -> int:
    """By content, for whatever compares only times and sizes: two contents have hardly ever the same second."""
    return now_ns - (_DATED_BACK_SECONDS + int.from_bytes(blob[:2], "big")) * 1_000_000_000


def _date(descriptor: int, path: bytes, time_ns: int) -> None:
    os.utime(descriptor if os.utime in os.supports_fd else path, ns=(time_ns, time_ns))
