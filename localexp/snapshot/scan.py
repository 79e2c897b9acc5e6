"""Walk a source directory, and hash those of its files that may have changed since the last walk."""

from __future__ import annotations

import os
import stat
from struct import Struct

from localexp.errors import SnapshotException, StoreError
from localexp.snapshot.ignore import IgnoreRules, is_virtual_environment
from localexp.store import scans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store

    Signature = tuple[int, int, int, int]

MOST_BYTES = 2 * 2**30
MOST_FILES = 100_000

# Some file systems keep times in steps of two seconds, within which an edit shows in neither size nor time.
_RACY_NANOSECONDS = 2_000_000_000
_packed = Struct("<QqqQ16s")


class File:
    """A regular file that counts; ``digest`` is empty until its content is known."""

    __slots__ = ("digest", "is_executable", "name", "path", "signature")

    def __init__(self, name: bytes, path: bytes, status: os.stat_result) -> None:
        self.name = name
        self.path = path
        self.signature = signature_of(status)
        self.is_executable = bool(status.st_mode & stat.S_IXUSR)
        self.digest = b""

    @property
    def size(self) -> int:
        return self.signature[0]


class Directory:
    """A directory that counts, with what it holds; ``path`` is relative to the source directory."""

    __slots__ = ("directories", "files", "links", "name", "path")

    def __init__(self, name: bytes, path: bytes) -> None:
        self.name = name
        self.path = path
        self.directories: list[Directory] = []
        self.files: list[File] = []
        self.links: list[tuple[bytes, bytes]] = []


class Scan:
    """What a walk found: every file, every directory after the one that it is in, and what is neither."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.root = Directory(b"", b"")
        self.directories: list[Directory] = []
        self.files: list[File] = []
        self.special: list[bytes] = []
        self.bytes = 0

    def every_path(self) -> Iterator[bytes]:
        """The paths of files and links."""
        yield from (file.path for file in self.files)
        for directory in self.directories:
            prefix = directory.path + b"/" if directory.path else b""
            yield from (prefix + name for name, _ in directory.links)

    def full_path(self, path: bytes) -> bytes:
        return os.path.join(self.source, path)


def signature_of(status: os.stat_result) -> Signature:
    """What changes when a file does, as far as its status tells."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def walk(source: bytes) -> Scan:
    """Find what counts below a source directory.

    :raises SnapshotException: there is more than a snapshot may hold, or something cannot be read.
    """
    scan = Scan(source)
    waiting = [(scan.root, IgnoreRules.at_root(source))]
    try:
        while waiting:
            directory, rules = waiting.pop()
            scan.directories.append(directory)
            waiting += _fill(scan, directory, rules)
    except SnapshotException:
        raise
    except OSError as error:
        raise SnapshotException(f"cannot read {os.fsdecode(error.filename or source)}: {error.strerror}") from error
    return scan


def _fill(scan: Scan, directory: Directory, rules: IgnoreRules) -> list[tuple[Directory, IgnoreRules]]:
    """Find what counts in one directory, and return those in it that are to be looked into."""
    below = []
    with os.scandir(scan.full_path(directory.path)) as entries:
        for entry in entries:
            is_directory = entry.is_dir(follow_symlinks=False)
            if rules.excludes(entry.name, is_directory):
                continue
            path = directory.path + b"/" + entry.name if directory.path else entry.name
            try:
                if not is_directory:
                    _add(scan, directory, entry, path)
                elif not is_virtual_environment(entry.path):
                    child = Directory(entry.name, path)
                    directory.directories.append(child)
                    below.append((child, rules.enter(entry.name, entry.path)))
            except FileNotFoundError:
                # It has gone since the directory was listed, so it does not count.
                continue
    return below


def _add(scan: Scan, directory: Directory, entry: os.DirEntry[bytes], path: bytes) -> None:
    if entry.is_symlink():
        directory.links.append((entry.name, os.readlink(entry.path)))
    elif entry.is_file(follow_symlinks=False):
        file = File(entry.name, path, entry.stat(follow_symlinks=False))
        directory.files.append(file)
        scan.files.append(file)
        scan.bytes += file.size
        if scan.bytes > MOST_BYTES or len(scan.files) > MOST_FILES:
            raise SnapshotException(_too_much(scan))
    else:
        scan.special.append(path)


def _too_much(scan: Scan) -> str:
    sizes: dict[bytes, int] = {}
    for file in scan.files:
        top = file.path.partition(b"/")[0]
        sizes[top] = sizes.get(top, 0) + file.size
    largest = sorted(sizes, key=lambda top: -sizes[top])[:10]
    listed = "".join(f"\n  {sizes[top] / 2**20:10.1f} MiB  {os.fsdecode(top)}" for top in largest)
    return (
        f"{os.fsdecode(scan.source)} holds more than the {MOST_FILES} files or "
        f"{MOST_BYTES / 2**30:.0f} GiB that a snapshot takes; name what is not source in a file .amlignore there. "
        f"The largest of what was found until then:{listed}"
    )


def read_known_digests(store: Store, source: bytes) -> dict[bytes, tuple[Signature, bytes]]:
    """Signature and digest by path of the files of the last scan."""
    try:
        with store.cache.reading() as db:
            packed = scans.get(db, source)
    except StoreError:
        _discard_cache(store)
        packed = None
    if packed is None:
        return {}
    count = int.from_bytes(packed[:8], "little")
    names_start = 8 + count * _packed.size
    names = packed[names_start:].split(b"\0")
    facts = _packed.iter_unpack(packed[8:names_start])
    return {name: (fact[:4], fact[4]) for name, fact in zip(names, facts, strict=False)}


def keep_known_digests(store: Store, scan: Scan, started_ns: int) -> None:
    """Keep what this scan knows, save for files so new that an edit of the same moment would not show."""
    certain = started_ns - _RACY_NANOSECONDS
    files = [file for file in scan.files if file.signature[1] < certain and file.signature[2] < certain]
    facts = b"".join(_packed.pack(*file.signature, file.digest) for file in files)
    packed = len(files).to_bytes(8, "little") + facts + b"\0".join(file.path for file in files)
    try:
        with store.cache.writing() as db:
            scans.put(db, scan.source, packed)
    except StoreError:
        _discard_cache(store)


def _discard_cache(store: Store) -> None:
    """The cache only saves time: one that cannot be used is made anew by whoever comes next."""
    store.cache.close()
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(store.layout.cache_database + ending):
            os.unlink(store.layout.cache_database + ending)
