"""Walk a source directory: which files, links and directories of it count."""

from __future__ import annotations

import errno
import os
import stat
import time

from localexp.errors import SnapshotException
from localexp.snapshot import ignore, known, limits, notes
from localexp.snapshot.ignore import IgnoreRules, is_virtual_environment
from localexp.snapshot.listing import (
    NOTHING_KNOWN,
    Listing,
    fact_of,
    is_executable_in,
    is_older,
    listed,
    size_in,
)
from localexp.snapshot.progress import Progress
from localexp.snapshot.sizes import counted, first_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.snapshot.limits import Limits

# Some file systems keep times in steps of two seconds, within which an edit shows in neither size nor time.
_RACY_NANOSECONDS = 2_000_000_000
# A directory is no more, or is something else by now.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# To name what is largest a walk that has found too much goes on for a while.
_SECONDS_BEYOND = 5.0


class Directory:
    """A directory that counts; ``path`` is relative to the source directory.

    ``digests`` are those of its files, by name and empty until they are known; ``digest`` that of its tree, ``earlier``
    that of the tree that it had when it was last recorded. ``record`` is what was known of it, if it holds the same
    files and links as then.
    """

    __slots__ = (
        "_changed",
        "digest",
        "digests",
        "directories",
        "earlier",
        "has_notes",
        "listing",
        "path",
        "record",
        "rules",
    )

    def __init__(self, path: bytes) -> None:
        self.path = path
        self.listing = Listing()
        self.directories: list[Directory] = []
        self.digests: dict[bytes, bytes] = {}
        self.digest = self.earlier = b""
        self.record: known.Record | None = None
        self.has_notes = False
        self.rules: IgnoreRules | None = None
        self._changed: dict[bytes, bytes] = {}

    @property
    def token(self) -> bytes:
        """Stands for the ignore rules by which its files were chosen."""
        return known.NO_TOKEN if self.rules is None else self.rules.token

    @property
    def name(self) -> bytes:
        return self.path.rpartition(b"/")[2]

    def path_of(self, name: bytes) -> bytes:
        return b"%s/%s" % (self.path, name) if self.path else name

    def files(self) -> Iterator[File]:
        for name, fact in self.listing.files():
            yield File(self, name, fact)

    def is_as_recorded(self) -> bool:
        """Whether it and all below it are as when they were recorded; if so its digest is set."""
        record = self.record
        if record is None:
            return False
        for child in self.directories:
            if child.record is None or child.digest != child.record.digest:
                return False
        if record.directories != known.packed_directories([child.name for child in self.directories]):
            return False
        self.digest = record.digest
        return True

    def known_digests(self) -> dict[bytes, bytes]:
        """The digests of its files by name, unpacked from the record if that holds them."""
        if not self.digests and self.record is not None:
            self.digests = {name: digest for name, (_, digest) in self.record.digests_by_file().items()}
        return self.digests

    def set_content(self, file: File, fact: bytes, digest: bytes) -> None:
        """Say what a file was found to hold when it was read."""
        is_known = fact == file.fact and digest == file.digest
        self.known_digests()[file.name] = digest
        if not is_known:
            self.record = None
        if fact != file.fact:
            self._changed[file.name] = fact

    def settle(self) -> None:
        """Have the listing say how files were when they were read."""
        if self._changed:
            self.listing.set_facts(self._changed)
            self._changed = {}


class File:
    """A file of a scan."""

    __slots__ = ("directory", "fact", "name")

    def __init__(self, directory: Directory, name: bytes, fact: bytes) -> None:
        self.directory = directory
        self.name = name
        self.fact = fact

    @property
    def path(self) -> bytes:
        return self.directory.path_of(self.name)

    @property
    def digest(self) -> bytes:
        return self.directory.known_digests().get(self.name, b"")

    @property
    def size(self) -> int:
        return size_in(self.fact)

    @property
    def is_executable(self) -> bool:
        return is_executable_in(self.fact)


class Scan:
    """What a walk found: every directory after the one that it is in."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.directories: list[Directory] = []
        self.count = 0
        self.bytes = 0
        self.unreadable: list[tuple[bytes, str]] = []

    @property
    def root(self) -> Directory:
        return self.directories[0]

    @property
    def has_rules(self) -> bool:
        """Whether any rule file is in force."""
        return any(directory.token not in (known.NO_TOKEN, ignore.MEANING_OF_RULES) for directory in self.directories)

    @property
    def special(self) -> list[bytes]:
        """Paths of what is neither file, link nor directory."""
        return [directory.path_of(name) for directory in self.directories for name in directory.listing.special]

    def files(self) -> Iterator[File]:
        """Each file, directory by directory."""
        for directory in self.directories:
            yield from directory.files()

    def by_digest(self, digests: set[bytes]) -> dict[bytes, Directory]:
        """A directory for each of these digests of trees."""
        return {directory.digest: directory for directory in self.directories if directory.digest in digests}

    def every_path(self) -> Iterator[bytes]:
        """The paths of files and links."""
        for directory in self.directories:
            for name, _ in directory.listing.files():
                yield directory.path_of(name)
            for name in directory.listing.links:
                yield directory.path_of(name)

    def settle(self) -> None:
        """Have the listings say how files were when they were read."""
        for directory in self.directories:
            directory.settle()
        self.bytes = sum(directory.listing.size for directory in self.directories)

    def full_path(self, path: bytes) -> bytes:
        return b"%s/%s" % (self.source, path)


def walk(
    source: bytes,
    records: dict[bytes, known.Record] | None = None,
    allowed: Limits | None = None,
    with_parents: bool = False,
) -> Scan:
    """Find what counts in a source directory, or in a single file as if it were alone in one.

    :param records: what was found there the last time; files that are named there need not be matched anew.
    :param allowed: how much a snapshot may hold; any amount if None.
    :param with_parents: read the ignore files above the source directory too, up to the top of its repository.
    :raises SnapshotException: there is more than that, or something cannot be read.
    :raises FileNotFoundError: a directory has gone, or is something else by now, since its folder was listed.
    """
    if not os.path.isdir(source):
        return of_file(source, allowed=allowed)
    scan = Scan(source)
    try:
        rules = IgnoreRules.at_root(source, with_parents)
    except OSError as error:
        raise SnapshotException(f"cannot read {os.fsdecode(error.filename or source)}: {error.strerror}") from error
    waiting = [(Directory(b""), rules)]
    deadline: float | None = None
    with Progress("Scanning", "files") as progress:
        while waiting:
            directory, rules = waiting.pop()
            scan.directories.append(directory)
            waiting += _filled(scan, directory, rules, records or {})
            progress.advance(directory.listing.count)
            if allowed is not None and allowed.are_exceeded(scan.count, scan.bytes):
                deadline = deadline or time.monotonic() + _SECONDS_BEYOND
                if time.monotonic() > deadline:
                    break
    refuse_unreadable(scan.source, scan.unreadable)
    refuse_excess(scan, allowed, is_whole=not waiting)
    return scan


def refuse_excess(scan: Scan, allowed: Limits | None, is_whole: bool = True) -> None:
    """:raises SnapshotException: there is more than is allowed."""
    if allowed is not None and allowed.are_exceeded(scan.count, scan.bytes):
        raise limits.refusal(scan, allowed, is_whole)


def _filled(
    scan: Scan, directory: Directory, rules: IgnoreRules, records: dict[bytes, known.Record]
) -> list[tuple[Directory, IgnoreRules]]:
    """Find what counts in one directory, and return those in it that are to be looked into."""
    record = records.get(directory.path)
    judged: frozenset[bytes] = frozenset()
    if record is not None and record.token == rules.token:
        judged = frozenset(record.names.split(b"\0"))
    folder = scan.full_path(directory.path)
    try:
        listing = listed(folder, rules.excludes, judged)
        directory.listing, directory.rules = listing, rules
        scan.count += listing.count
        scan.bytes += listing.size
        below = [
            _entered(directory, name, scan.full_path(directory.path_of(name)), rules) for name in listing.directories
        ]
    except OSError as error:
        if error.errno in _GONE:
            raise FileNotFoundError(errno.ENOENT, "it goes while it is looked at", os.fsdecode(folder)) from error
        # Of an error while the entries are read the system does not say where it was.
        place = error.filename if isinstance(error.filename, (str, bytes)) else folder
        scan.unreadable.append((os.path.relpath(os.fsencode(place), scan.source), str(error.strerror)))
        return []
    recall(directory, record)
    found = [pair for pair in below if pair is not None]
    directory.directories = [child for child, _ in found]
    return found


def _entered(
    directory: Directory, name: bytes, folder: bytes, rules: IgnoreRules
) -> tuple[Directory, IgnoreRules] | None:
    if is_virtual_environment(folder):
        return None
    return Directory(directory.path_of(name)), rules.enter(name, folder)


def recall(directory: Directory, record: known.Record | None) -> None:
    """Say of a directory that was listed what is known of it from the last time."""
    listing = directory.listing
    if record is not None:
        directory.earlier = record.digest
    if record is not None and record.holds(listing):
        directory.record, directory.has_notes = record, record.has_notes
        return
    directory.has_notes = notes.are_due(listing)
    then = record.digests_by_file() if record is not None else {}
    for name, fact in listing.files():
        known_fact, digest = then.get(name, (NOTHING_KNOWN, b""))
        directory.digests[name] = digest if known_fact == fact else b""


def of_file(path: bytes, records: dict[bytes, known.Record] | None = None, allowed: Limits | None = None) -> Scan:
    """A single file as if it were alone in a directory; for parameters and errors see ``walk``."""
    path = os.path.realpath(path)
    scan = Scan(os.path.dirname(path))
    root = Directory(b"")
    try:
        status = os.stat(path)
    except OSError as error:
        raise SnapshotException(f"cannot read {os.fsdecode(path)}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise SnapshotException(f"{os.fsdecode(path)} is neither a file nor a directory, and cannot be captured")
    root.listing.names, root.listing.facts = os.path.basename(path), fact_of(status)
    root.listing.size = root.listing.largest = status.st_size
    recall(root, (records or {}).get(b""))
    scan.directories, scan.count, scan.bytes = [root], 1, status.st_size
    refuse_excess(scan, allowed)
    return scan


def refuse_unreadable(source: bytes, unreadable: list[tuple[bytes, str]]) -> None:
    """Raise one error for all that could not be read, if there is any.

    :raises SnapshotException: it names the first of them.
    """
    if not unreadable:
        return
    raise SnapshotException(
        f"{counted(len(unreadable), 'file or folder', 'files or folders')} in {os.fsdecode(source)} cannot be read; "
        "make them readable, or leave them out by an ignore file:",
        first_of([f"{os.fsdecode(path)}: {why}" for path, why in sorted(unreadable)]),
    )


def find_changed(scan: Scan, started_ns: int) -> bytes | None:
    """The path of a directory that was changed after it was listed, so that the scan may be wrong; None if none was.

    What was moved from where the walk had not been yet to where it had been would be nowhere. What only comes and goes
    within one directory, and is left out anyway, does no harm.
    """
    certain_ns = started_ns - _RACY_NANOSECONDS
    # In one that was changed shortly before it was listed another change might not show.
    doubtful = [one for one in scan.directories if not is_older(one.listing.stamp, certain_ns)]
    touched = [one for one in scan.directories if _stamp(scan, one) != one.listing.stamp]
    changed = [one for one in dict.fromkeys([*touched, *doubtful]) if not _holds_the_same(scan, one)]
    # What is moved to and fro between two may be in neither whenever these are listed.
    changed += touched[1:]
    return changed[0].path if changed else None


def _stamp(scan: Scan, directory: Directory) -> bytes | None:
    try:
        return fact_of(os.lstat(scan.full_path(directory.path)))
    except OSError:
        return None


def _holds_the_same(scan: Scan, directory: Directory) -> bool:
    if directory.rules is None:
        # Of a single file nothing was listed.
        return True
    known_names = frozenset(directory.listing.names.split(b"\0"))
    try:
        now = listed(scan.full_path(directory.path), directory.rules.excludes, known_names)
    except OSError:
        return False
    return now.is_of_same(directory.listing)


def records_of(scan: Scan, started_ns: int) -> list[known.Record]:
    """What this scan knows, save for files so new that an edit of the same moment would not show."""
    certain = started_ns - _RACY_NANOSECONDS
    return [_record_of(directory, certain) for directory in scan.directories]


def _record_of(directory: Directory, certain_ns: int) -> known.Record:
    record = directory.record
    if record is not None and record.digest == directory.digest and record.token == directory.token:
        return record
    digests = directory.known_digests()
    facts = [fact if is_older(fact, certain_ns) else NOTHING_KNOWN for _, fact in directory.listing.files()]
    return known.Record(
        directory.path,
        (
            directory.listing.names,
            b"".join(facts),
            known.packed_links(directory.listing.links),
            known.packed_directories(child.name for child in directory.directories),
        ),
        b"".join([digests[name] for name, _ in directory.listing.files()]),
        directory.digest,
        directory.token,
        directory.has_notes,
    )
