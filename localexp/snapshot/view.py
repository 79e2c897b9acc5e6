"""A snapshot as users see it."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException, UserErrorException
from localexp.snapshot import stored, tree
from localexp.store import snapshots
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from localexp.snapshot.diff import SnapshotDiff
    from localexp.snapshot.unpack import Unpacked
    from localexp.store.store import Store

_KINDS = {tree.FILE: "file", tree.EXECUTABLE: "file", tree.LINK: "link", tree.DIRECTORY: "directory"}


class SnapshotFile:
    """One entry of a snapshot, as plain data.

    ``path`` is relative, with ``/``; bytes in it that are no UTF-8 stand as ``os.fsdecode`` has them. ``kind`` is
    ``"file"``, ``"link"`` or ``"directory"``. ``size`` is in bytes, and 0 for links and directories. ``hash`` is the
    XXH3-128 of a file's content, or of all that a directory holds, in hex; for a link it is empty. ``target`` is where
    a link leads, and None for everything else.
    """

    __slots__ = ("hash", "is_executable", "kind", "path", "size", "target")

    def __init__(self, path: str, kind: str, size: int, is_executable: bool, hash: str, target: str | None) -> None:
        self.path = path
        self.kind = kind
        self.size = size
        self.is_executable = is_executable
        self.hash = hash
        self.target = target

    def __repr__(self) -> str:
        return f"SnapshotFile({self.path!r}, {self.kind!r}, size={self.size})"


class Snapshot:
    """An immutable tree of source files, named by its content: two with the same ``id`` hold the same.

    What it gives has been checked against the hashes that it was stored under.
    """

    def __init__(self) -> None:
        raise TypeError("a snapshot is taken by Experiment.submit or Run.take_snapshot, not made")

    @classmethod
    def _of(cls, store: Store, identifier: str) -> Snapshot:
        """:raises SnapshotException: there is none with this id in the workspace."""
        if not isinstance(identifier, str):
            raise UserErrorException(f"the id of a snapshot is a text, not {identifier!r}")
        with store.main.reading() as db:
            if not snapshots.exists(db, readable(identifier)):
                raise SnapshotException(
                    f"no snapshot {identifier!r} in this workspace; 'localexp show RUN' names that of a run"
                )
        snapshot = cls.__new__(cls)
        snapshot._store = store
        snapshot._id = identifier
        return snapshot

    _store: Store
    _id: str

    @property
    def id(self) -> str:
        """32 hex digits that follow from names, kinds, executable bits and contents, and from nothing else."""
        return self._id

    def __repr__(self) -> str:
        return f"Snapshot({self.id!r})"

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Snapshot) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def files(self) -> Iterator[SnapshotFile]:
        """The files and links, in the order of their paths; directories are left to ``entries``.

        :raises SnapshotException: what is stored is damaged; 'localexp fsck' says what.
        """
        return (entry for entry in self.entries() if entry.kind != "directory")

    def entries(self) -> Iterator[SnapshotFile]:
        """The files and links in the order of their paths, and each directory just before what is in it.

        :raises SnapshotException: what is stored is damaged; 'localexp fsck' says what.
        """
        for path, entry in stored.entries_in_order(self._store, self.id):
            yield SnapshotFile(
                path=os.fsdecode(path),
                kind=_KINDS[entry.kind],
                size=entry.size,
                is_executable=entry.kind == tree.EXECUTABLE,
                hash=entry.digest.hex(),
                target=os.fsdecode(entry.target) if entry.kind == tree.LINK else None,
            )

    def open(self, path: str | os.PathLike[str]) -> BinaryIO:
        """A file to read, in binary mode. All of its content has been checked before this returns.

        :param path: relative, as in ``files``.
        :raises SnapshotException: it is no file of the snapshot, or its stored bytes are damaged.
        """
        wanted = os.fsencode(path).replace(os.sep.encode(), b"/")
        entry = self._found(wanted)
        if entry.kind == tree.DIRECTORY:
            raise SnapshotException(f"{os.fsdecode(wanted)!r} is a directory of the snapshot; open a file in it")
        if entry.kind == tree.LINK:
            raise SnapshotException(
                f"{os.fsdecode(wanted)!r} is a link to {os.fsdecode(entry.target)!r}; open what it leads to"
            )
        return stored.opened(self._store, entry)

    def _found(self, wanted: bytes) -> tree.Entry:
        entry = tree.Entry(tree.DIRECTORY, b"", stored.root_of(self.id))
        for name in wanted.split(b"/"):
            below = stored.entries_of(self._store, entry.digest) if entry.kind == tree.DIRECTORY else []
            found = next((one for one in below if one.name == name), None)
            if found is None:
                raise SnapshotException(self._not_found(os.fsdecode(wanted)))
            entry = found
        return entry

    def _not_found(self, wanted: str) -> str:
        import difflib

        paths = [file.path for file in self.files()]
        close = [path for path in paths if path.rpartition("/")[2] == wanted.rpartition("/")[2]][:3]
        close = close or difflib.get_close_matches(wanted, paths, n=3)
        hint = f"did you mean {', '.join(close)}?" if close else "files() gives those that it holds"
        return f"no file {wanted!r} in snapshot {self.id}; {hint}"

    def diff(self, other: Snapshot) -> SnapshotDiff:
        """What has to happen to this snapshot to make the other one of it; both are of one workspace.

        Directories that are the same in both are not looked into, so this takes as long as there are changes.
        """
        from localexp.snapshot.diff import SnapshotDiff

        if not isinstance(other, Snapshot):
            raise UserErrorException(f"a snapshot is compared with another, as run.snapshot gives it, not {other!r}")
        return SnapshotDiff._between(self._store, self.id, other._store, other.id)

    def restore(
        self,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        progress: Callable[[int, int], object] | None = None,
    ) -> Unpacked:
        """Write the files into a directory, made if it is not there. What is there and equal, or not of the snapshot,
        stays; after an error nothing is half written.

        :param overwrite: replace what is in the way and differs, except directories that are not empty.
        :param progress: called now and then with the number of files written and of those to write.
        :returns: how many ``files`` and ``bytes`` were written, and how many files were ``kept``.
        :raises SnapshotException: something is in the way, cannot be written, or is damaged in the store.
        """
        from localexp.snapshot import unpack

        return unpack.into(self._store, self.id, os.fspath(path), overwrite, progress)
