"""What is different between two snapshots."""

from __future__ import annotations

import os

from localexp.snapshot import stored, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store


class Change:
    """A path whose entry is not the same: ``old`` is None if it came, ``new`` if it went.

    Snapshots differ in files, links and empty directories; the path of an empty directory ends in ``/``.
    A renamed file has its old path as ``renamed_from``.
    """

    __slots__ = ("new", "old", "path", "renamed_from")

    def __init__(
        self, path: bytes, old: tree.Entry | None, new: tree.Entry | None, renamed_from: bytes | None = None
    ) -> None:
        self.path = path
        self.old = old
        self.new = new
        self.renamed_from = renamed_from


class SnapshotDiff:
    """What makes one snapshot of another, by path; false if that is nothing.

    ``added``, ``removed`` and ``changed`` are lists of paths; a path has changed if its content, its executable bit,
    or its kind has, or where a link leads. ``renamed`` is a list of pairs, old and new path, of files that went and
    came with the same content; empty files are never paired. An empty directory counts too, its path ending in ``/``.
    """

    added: list[str]
    removed: list[str]
    changed: list[str]
    renamed: list[tuple[str, str]]
    _changes: list[Change]
    _stores: tuple[Store, Store]

    @classmethod
    def _between(cls, old_store: Store, old: str, new_store: Store, new: str) -> SnapshotDiff:
        diff = cls()
        changes = [] if old == new else _changes(old_store, stored.root_of(old), new_store, stored.root_of(new))
        diff._stores = old_store, new_store
        diff._changes = changes = _with_renames(changes)
        diff.added = [os.fsdecode(one.path) for one in changes if one.old is None]
        diff.removed = [os.fsdecode(one.path) for one in changes if one.new is None]
        both = [one for one in changes if one.old is not None and one.new is not None]
        diff.changed = [os.fsdecode(one.path) for one in both if one.renamed_from is None]
        diff.renamed = [
            (os.fsdecode(one.renamed_from), os.fsdecode(one.path)) for one in both if one.renamed_from is not None
        ]
        return diff

    def __bool__(self) -> bool:
        return bool(self._changes)

    def __repr__(self) -> str:
        counts = (f"{name}={len(getattr(self, name))}" for name in ("added", "removed", "changed", "renamed"))
        return f"SnapshotDiff({', '.join(counts)})"

    def lines(self, context: int = 3) -> Iterator[str]:
        """The lines of ``text``, each with its end, file by file."""
        from localexp.snapshot import patch

        for change in self._changes:
            yield from patch.lines(*self._stores, change, max(0, context))

    def text(self, context: int = 3) -> str:
        """A unified diff, in the format of git: ``git apply`` takes it, save for binary files and empty directories.

        Bytes that are no UTF-8 stand as ``surrogateescape`` has them, so encode with that to get bytes. Binary files,
        and those of more than 1 MiB, are only named.

        :param context: how many unchanged lines to show around a change.
        :raises SnapshotException: what is stored is damaged; 'localexp fsck' says what.
        """
        return "".join(self.lines(context))


def _changes(old_store: Store, old_root: bytes, new_store: Store, new_root: bytes) -> list[Change]:
    changes: list[Change] = []
    waiting: list[tuple[bytes, bytes | None, bytes | None]] = [(b"", old_root, new_root)]
    while waiting:
        prefix, old_name, new_name = waiting.pop()
        old = _by_name(old_store, old_name)
        new = _by_name(new_store, new_name)
        if prefix and not old and old_name:
            changes.append(Change(prefix, tree.Entry(tree.DIRECTORY, b"", old_name), None))
        if prefix and not new and new_name:
            changes.append(Change(prefix, None, tree.Entry(tree.DIRECTORY, b"", new_name)))
        for name in old.keys() | new.keys():
            before, after = old.get(name), new.get(name)
            if before is not None and after is not None and _is_same(before, after):
                continue
            if (leaves := (_leaf(before), _leaf(after))) != (None, None):
                changes.append(Change(prefix + name, *leaves))
            if (directories := (_directory(before), _directory(after))) != (None, None):
                waiting.append((prefix + name + b"/", *directories))
    return sorted(changes, key=lambda change: change.path)


def _by_name(store: Store, name: bytes | None) -> dict[bytes, tree.Entry]:
    return {} if name is None else {entry.name: entry for entry in stored.entries_of(store, name)}


def _is_same(one: tree.Entry, other: tree.Entry) -> bool:
    return (one.kind, one.digest, one.size, one.target) == (other.kind, other.digest, other.size, other.target)


def _leaf(entry: tree.Entry | None) -> tree.Entry | None:
    return None if entry is None or entry.kind == tree.DIRECTORY else entry


def _directory(entry: tree.Entry | None) -> bytes | None:
    return entry.digest if entry is not None and entry.kind == tree.DIRECTORY else None


def _with_renames(changes: list[Change]) -> list[Change]:
    """The changes, where a file that went and one that came with the same content are one: a renamed file."""
    sources = _sources(changes)
    gone = {source.path for source in sources.values()}
    return [
        Change(one.path, sources[one.path].old, one.new, sources[one.path].path) if one.path in sources else one
        for one in changes
        if one.new is not None or one.path not in gone
    ]


def _sources(changes: list[Change]) -> dict[bytes, Change]:
    """What each file that came was before, by its path."""
    came = [one for one in changes if one.old is None and _may_be_renamed(one.new)]
    went = [one for one in changes if one.new is None and _may_be_renamed(one.old)]
    sources: dict[bytes, Change] = {}
    gone: set[bytes] = set()
    # Files that were moved to another directory under their own name are the likelier pairs.
    for key_of in (_content_and_name, _content):
        targets: dict[tuple[bytes, ...], list[Change]] = {}
        for one in reversed(came):
            if one.path not in sources:
                targets.setdefault(key_of(one), []).append(one)
        for one in went:
            if one.path not in gone and targets.get(key_of(one)):
                sources[targets[key_of(one)].pop().path] = one
                gone.add(one.path)
    return sources


def _may_be_renamed(entry: tree.Entry | None) -> bool:
    # All empty files are the same, so that says nothing about where one came from.
    return entry is not None and entry.is_file and entry.size > 0


def _content(change: Change) -> tuple[bytes, ...]:
    entry = change.new or change.old
    assert entry is not None
    return (entry.blob,)


def _content_and_name(change: Change) -> tuple[bytes, ...]:
    return (*_content(change), change.path.rpartition(b"/")[2])
