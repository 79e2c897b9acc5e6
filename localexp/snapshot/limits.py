"""How much a snapshot may hold, and what to tell somebody who has more."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot import ignore
from localexp.snapshot.sizes import counted, human
from localexp.store import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.snapshot.scan import Scan
    from localexp.store.store import Store

_NAMED = 10


class Limits:
    """The most bytes and files that a snapshot takes."""

    def __init__(self, most_bytes: int, most_files: int) -> None:
        self.most_bytes = most_bytes
        self.most_files = most_files

    @classmethod
    def of(cls, store: Store, most_bytes: int | None, most_files: int | None) -> Limits:
        """Those that are given, otherwise those of the workspace."""
        with store.main.reading() as db:
            if most_bytes is None:
                most_bytes = settings.number(db, settings.SNAPSHOT_BYTES)
            if most_files is None:
                most_files = settings.number(db, settings.SNAPSHOT_FILES)
        return cls(most_bytes, most_files)

    def are_exceeded(self, count: int, size: int) -> bool:
        return count > self.most_files or size > self.most_bytes


def refusal(scan: Scan, allowed: Limits, is_whole: bool) -> SnapshotException:
    """An error that says what is too much, what is largest, and which line leaves the first of that out.

    :param is_whole: whether the scan has seen everything.
    """
    by_count = scan.bytes <= allowed.most_bytes
    folders, files = _largest_folders(scan, by_count), _largest_files(scan)
    first = folders[0] if folders and (by_count or folders[0].size >= files[0].size) else files[0]
    line = ignore.line_for(first.path, first.is_folder)
    if by_count and scan.root.listing.count > first.count:
        line = _line_for_many(scan.root.listing.files())
    found = f"{'' if is_whole else 'at least '}{counted(scan.count, 'file')} of {human(scan.bytes)}"
    most = f"{counted(allowed.most_files, 'file')} of {human(allowed.most_bytes)}"
    file = os.path.join(os.fsdecode(scan.source), ignore.file_for_a_line(scan.source, scan.has_rules))
    return SnapshotException(
        f"{os.fsdecode(scan.source)} holds {found}, and a snapshot takes {most}; leave out what is not source by a "
        f"line in {file} such as '{line}', or "
        f"raise the limit with {_how_to_raise(by_count)}",
        (*_table("largest folders:", folders), *_table("largest files:", files)),
    )


def _line_for_many(files: Iterator[tuple[bytes, bytes]]) -> str:
    """The line that leaves out the files beside each other that have the ending which most of them have."""
    counts: dict[bytes, int] = {}
    for name, _ in files:
        ending = os.path.splitext(name)[1]
        counts[ending] = counts.get(ending, 0) + 1
    ending = max(counts, key=lambda one: counts[one])
    return "/*" + ignore.line_for(ending, is_directory=False)[1:]


def _how_to_raise(by_count: bool) -> str:
    if by_count:
        return "'localexp settings snapshot.max_files N', or --max-snapshot-files (max_snapshot_files) for one submit"
    return "'localexp settings snapshot.max_bytes SIZE', or --max-snapshot-size (max_snapshot_bytes) for one submit"


class _Entry:
    __slots__ = ("count", "is_folder", "path", "size")

    def __init__(self, path: bytes, size: int, count: int, is_folder: bool) -> None:
        self.path = path
        self.size = size
        self.count = count
        self.is_folder = is_folder


def _table(title: str, entries: list[_Entry]) -> list[str]:
    lines = [f"  {human(entry.size):>9}  {os.fsdecode(entry.path)}{_contents(entry)}" for entry in entries]
    return [title, *lines] if lines else []


def _contents(entry: _Entry) -> str:
    return f"/  {counted(entry.count, 'file')}" if entry.is_folder else ""


def _largest_files(scan: Scan) -> list[_Entry]:
    from heapq import nlargest

    sizes = nlargest(_NAMED, ((file.size, file.path) for file in scan.files()))
    return [_Entry(path, size, 1, is_folder=False) for size, path in sizes]


def _largest_folders(scan: Scan, by_count: bool) -> list[_Entry]:
    """Of a folder that holds little besides one in it only the inner one is named."""
    entries = {d.path: _Entry(d.path, d.listing.size, d.listing.count, is_folder=True) for d in scan.directories}
    has_dominant = set()
    for directory in reversed(scan.directories):
        entry = entries[directory.path]
        # A walk that was cut short has not been in all of them.
        children = [entries[child.path] for child in directory.directories if child.path in entries]
        for child in children:
            entry.size += child.size
            entry.count += child.count
        most = 0.9 * _weight(entry, by_count)
        if any(_weight(child, by_count) > most for child in children):
            has_dominant.add(directory.path)
    named = [entry for path, entry in entries.items() if path and entry.count and path not in has_dominant]
    named.sort(key=lambda entry: (-_weight(entry, by_count), entry.path))
    return named[:_NAMED]


def _weight(entry: _Entry, by_count: bool) -> int:
    return entry.count if by_count else entry.size
