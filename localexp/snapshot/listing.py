"""What one directory holds, in a form that costs little more than the system calls and is compared at once."""

from __future__ import annotations

import errno
import os
import stat
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

# What changes when a file does, as far as its status tells: size, times of change, inode; and whether it is executable.
_FACT = struct.Struct("<QqqQ?")
FACT_BYTES = _FACT.size
_INODE_AT = 24
_LATEST_NS = 2**63 - 1
NOTHING_KNOWN = bytes(FACT_BYTES)

_pack = _FACT.pack


class Listing:
    """The files of a directory as ``names``, with NUL between them, and ``facts``, and its links by name.

    ``size`` is that of all its files and ``largest`` that of the largest, in bytes; ``directories`` are names,
    ``special`` the names of what is none of these. ``stamp`` is the fact of the directory itself, from before.
    """

    __slots__ = ("directories", "facts", "largest", "links", "names", "size", "special", "stamp")

    def __init__(self) -> None:
        self.names = b""
        self.facts = b""
        self.size = 0
        self.largest = 0
        self.links: dict[bytes, bytes] = {}
        self.directories: list[bytes] = []
        self.special: list[bytes] = []
        self.stamp = NOTHING_KNOWN

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self.facts) // FACT_BYTES

    def files(self) -> Iterator[tuple[bytes, bytes]]:
        """(name, fact) of each file."""
        return zip(names_in(self.names), facts_in(self.facts), strict=True)

    def is_of_same(self, other: Listing) -> bool:
        """Whether this is of the same directory as another listing, and has the same names in it, each of one kind."""
        return (
            _inode_in(self.stamp) == _inode_in(other.stamp)
            and set(names_in(self.names)) == set(names_in(other.names))
            and self.links == other.links
            and set(self.directories) == set(other.directories)
        )

    def set_facts(self, changed: dict[bytes, bytes]) -> None:
        """Say how files are by now."""
        facts = {**dict(self.files()), **changed}
        self.facts = b"".join(facts.values())
        self.size = sum(map(size_in, facts.values()))
        self.largest = max(map(size_in, facts.values()))


def listed(folder: bytes, excludes: Callable[[bytes, bool], bool], included: Collection[bytes] = ()) -> Listing:
    """What a directory holds, without what is excluded and what goes while this looks.

    :param folder: its absolute path; with a slash at its end it may be a link to a directory.
    :param excludes: asked with a name and whether it is a directory's.
    :param included: names of files for which the answer is known to be no.
    :raises OSError: the directory cannot be read.
    """
    listing = Listing()
    # Before the entries: what is changed from here on shows in it, as does a link that has taken the directory's place.
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fsdecode(folder))
    listing.stamp = fact_of(status)
    names, facts, size, largest = [], [], 0, 0
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not entry.is_file(follow_symlinks=False):
                _add_other(listing, folder, entry, excludes)
            elif name in included or not excludes(name, False):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                names.append(name)
                length = status.st_size
                size += length
                if length > largest:
                    largest = length
                try:
                    fact = _pack(
                        length, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode & stat.S_IXUSR
                    )
                except struct.error:
                    fact = fact_of(status)
                facts.append(fact)
    if names:
        listing.names = b"\0".join(names)
        listing.facts = b"".join(facts)
        listing.size, listing.largest = size, largest
    return listing


def _add_other(
    listing: Listing, folder: bytes, entry: os.DirEntry[bytes], excludes: Callable[[bytes, bool], bool]
) -> None:
    name = entry.name
    is_directory = entry.is_dir(follow_symlinks=False)
    if excludes(name, is_directory):
        return
    if is_directory:
        listing.directories.append(name)
    elif entry.is_symlink():
        try:
            listing.links[name] = os.readlink(b"%s/%s" % (folder, name))
        except OSError as error:
            # It has gone, or is no link any more.
            if error.errno not in (errno.ENOENT, errno.EINVAL):
                raise
    else:
        listing.special.append(name)


def fact_of(status: os.stat_result) -> bytes:
    """The fact of a file with this status."""
    return _pack(
        status.st_size,
        _within(status.st_mtime_ns),
        _within(status.st_ctime_ns),
        status.st_ino,
        bool(status.st_mode & stat.S_IXUSR),
    )


def _within(time_ns: int) -> int:
    """A time as near as a fact can hold it: file systems have times beyond the years 1677 and 2262."""
    return min(max(time_ns, -_LATEST_NS), _LATEST_NS)


def _inode_in(fact: bytes) -> bytes:
    return fact[_INODE_AT : _INODE_AT + 8]


def size_in(fact: bytes) -> int:
    return int.from_bytes(fact[:8], "little")


def is_executable_in(fact: bytes) -> bool:
    return fact[-1] != 0


def is_older(fact: bytes, time_ns: int) -> bool:
    """Whether a file was changed for the last time before a time."""
    _, modified, changed, _, _ = _FACT.unpack(fact)
    return bool(max(modified, changed) < time_ns)


def newest_in(facts: bytes) -> int:
    """When the newest of some files was modified, in nanoseconds; 0 without any."""
    return max((modified for _, modified, _, _, _ in _FACT.iter_unpack(facts)), default=0)


def names_in(names: bytes) -> list[bytes]:
    return names.split(b"\0") if names else []


def facts_in(facts: bytes) -> list[bytes]:
    return [facts[at : at + FACT_BYTES] for at in range(0, len(facts), FACT_BYTES)]
