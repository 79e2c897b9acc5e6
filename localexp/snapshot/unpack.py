"""Write a snapshot into a directory of the user's, who may have files there already.

Everything is written under a name of its own beside its place first, a directory that is new with all that is in it,
and then renamed: until every byte is on its way and has been checked, nothing in the directory changes. For a
directory that is not there yet that is one rename, so it costs nothing.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager

from localexp.errors import SnapshotException
from localexp.snapshot import contents, places, stored, tree
from localexp.snapshot.ignore import RESTORE_MARK
from localexp.snapshot.sizes import counted, first_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localexp.store.store import Store

    Item = tuple[bytes, tree.Entry]
    Progress = Callable[[int, int], object]

_BATCH_BYTES = 4 * 2**20
_BATCH_ITEMS = 500
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_OLD = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_CANNOT_BE_NAMED = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Unpacked:
    """What was written, in files and links and in bytes, and how many were there already as they should be."""

    __slots__ = ("bytes", "files", "kept")

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        self.kept = 0

    def __repr__(self) -> str:
        return f"Unpacked(files={self.files}, bytes={self.bytes}, kept={self.kept})"


def into(
    store: Store, snapshot_id: str, target: str, overwrite: bool = False, progress: Progress | None = None
) -> Unpacked:
    """Write a snapshot into a directory, which is made if it is not there.

    What is there and equal stays, and so does what the snapshot knows nothing of. After an error nothing has changed,
    save that of several new things some may be there already, each of them whole; a second call does the rest.

    :param target: may be a link to a directory; no link inside of it is followed.
    :param overwrite: replace what is in the way and differs, except directories that are not empty.
    :param progress: called now and then with the number of files written and of those to write.
    :raises SnapshotException: something is in the way, cannot be written, or is damaged in the store.
    """
    places.check_target(store, target)
    root = os.fsencode(os.path.abspath(target))
    plan = _Plan(root)
    for path, entry in stored.entries_in_order(store, snapshot_id):
        plan.add(path, entry)
    plan.refuse(overwrite)
    writer = _Writer(store, plan)
    try:
        writer.write(progress)
        writer.move()
    finally:
        writer.tidy()
    return plan.result


class _Plan:
    """What has to be written, found out without changing anything."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.items: list[Item] = []
        self.result = Unpacked()
        # Directories that are there and stay, and which of them are empty; all others are new.
        self.standing: set[bytes] = set()
        self._empty: set[bytes] = set()
        self._in_the_way: list[bytes] = []
        self._immovable: list[bytes] = []
        if os.path.isdir(root):
            self._let_stand(b"")
        elif os.path.lexists(root):
            raise SnapshotException(f"{os.fsdecode(root)} is not a directory; name one, or one that is not there yet")

    def add(self, path: bytes, entry: tree.Entry) -> None:
        _refuse_what_none_captures(path, entry)
        folder = path.rpartition(b"/")[0]
        is_new = folder not in self.standing or folder in self._empty
        status = None if is_new else _status_of(os.path.join(self.root, path))
        if status is None or not self._is_there(path, entry, status):
            self.items.append((path, entry))

    def _is_there(self, path: bytes, entry: tree.Entry, status: os.stat_result) -> bool:
        full = os.path.join(self.root, path)
        if entry.kind == tree.DIRECTORY and stat.S_ISDIR(status.st_mode):
            self._let_stand(path)
            return True
        if _is_equal(full, entry, status):
            self.result.kept += 1
            return True
        if stat.S_ISDIR(status.st_mode) and os.listdir(full):
            self._immovable.append(path)
        else:
            self._in_the_way.append(path)
        return False

    def _let_stand(self, path: bytes) -> None:
        self.standing.add(path)
        with _explained(path or self.root), os.scandir(os.path.join(self.root, path)) as entries:
            if next(entries, None) is None:
                self._empty.add(path)

    def refuse(self, overwrite: bool) -> None:
        """:raises SnapshotException: something is in the way that has to stay."""
        if self._immovable:
            raise SnapshotException(
                f"{os.fsdecode(self.root)} holds directories where the snapshot has files; "
                "move them away, or restore into another directory:",
                first_of([os.fsdecode(path) for path in self._immovable]),
            )
        if self._in_the_way and not overwrite:
            raise SnapshotException(
                f"{os.fsdecode(self.root)} holds {counted(len(self._in_the_way), 'file')} that differ from the "
                "snapshot's; restore into another directory, or replace them with overwrite=True (--overwrite):",
                first_of([os.fsdecode(path) for path in self._in_the_way]),
            )
        self.replaced = frozenset(self._in_the_way)


class _Writer:
    """Writes what is planned aside, and then moves it into place."""

    def __init__(self, store: Store, plan: _Plan) -> None:
        self._store = store
        self._plan = plan
        # Where to write what is in a directory, and what has to be moved to where in the end.
        self._folders = {path: os.path.join(plan.root, path) if path else plan.root for path in plan.standing}
        self._moves: list[tuple[bytes, bytes, bytes]] = []
        self._mark = RESTORE_MARK + os.urandom(8).hex().encode()

    def write(self, progress: Progress | None) -> None:
        if not self._folders:
            with _explained(self._plan.root):
                os.makedirs(os.path.dirname(self._plan.root), exist_ok=True)
                self._folders[b""] = self._aside(b"", self._plan.root)
                os.mkdir(self._folders[b""])
        total = sum(entry.kind != tree.DIRECTORY for _, entry in self._plan.items)
        for batch in _batches(self._plan.items):
            self._write_batch(batch)
            if progress is not None:
                progress(self._plan.result.files, total)

    def _write_batch(self, batch: list[Item]) -> None:
        small = {entry.blob for _, entry in batch if entry.is_file and entry.size <= contents.SMALL}
        data = dict(contents.small_contents(self._store, small))
        for path, entry in batch:
            # No context manager here: entering one takes a twentieth of the time of a file.
            try:
                self._write_one(path, entry, self._place_of(path), data)
            except SnapshotException:
                raise
            except OSError as error:
                raise _as_snapshot_exception(os.path.join(self._plan.root, path), error) from error

    def _place_of(self, path: bytes) -> bytes:
        folder, _, name = path.rpartition(b"/")
        place = self._folders[folder] + b"/" + name
        return self._aside(path, place) if folder in self._plan.standing else place

    def _write_one(self, path: bytes, entry: tree.Entry, place: bytes, data: dict[bytes, bytes]) -> None:
        if entry.kind == tree.DIRECTORY:
            os.mkdir(place)
            self._folders[path] = place
            return
        if entry.kind == tree.LINK:
            os.symlink(entry.target, place)
        else:
            descriptor = os.open(place, _NEW, 0o777 if entry.kind == tree.EXECUTABLE else 0o666)
            try:
                if entry.size > contents.SMALL:
                    contents.copy_large(self._store, entry.blob, descriptor)
                else:
                    _write_all(descriptor, data[entry.blob])
            finally:
                os.close(descriptor)
        self._plan.result.files += 1
        self._plan.result.bytes += entry.size

    def _aside(self, path: bytes, final: bytes) -> bytes:
        aside = b"%s/%s-%d" % (os.path.dirname(final), self._mark, len(self._moves))
        self._moves.append((aside, path, final))
        return aside

    def move(self) -> None:
        while self._moves:
            aside, path, final = self._moves[-1]
            try:
                self._move_one(aside, path, final)
            except OSError as error:
                raise _as_snapshot_exception(os.path.join(self._plan.root, path), error) from error
            self._moves.pop()

    def _move_one(self, aside: bytes, path: bytes, final: bytes) -> None:
        if path in self._plan.replaced:
            _make_way(final, stat.S_ISDIR(os.lstat(aside).st_mode))
        elif os.path.lexists(final):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.replace(aside, final)

    def tidy(self) -> None:
        """Remove what was not moved."""
        for aside, _, _ in self._moves:
            if os.path.isdir(aside) and not os.path.islink(aside):
                import shutil

                shutil.rmtree(aside, ignore_errors=True)
            elif os.path.lexists(aside):
                os.unlink(aside)


def _refuse_what_none_captures(path: bytes, entry: tree.Entry) -> None:
    """A made-up snapshot could bring hooks that git runs, or records of runs."""
    name = path.rpartition(b"/")[2]
    # Where the file system ignores case, another spelling would do the same harm.
    name = name if sys.platform == "linux" else name.lower()
    if name == b".git" or (name == b".localexp" and entry.kind == tree.DIRECTORY):
        raise SnapshotException(
            f"the snapshot holds {os.fsdecode(path)}, which localexp never captures; it comes from something else, "
            "so look at it with 'localexp snapshot ls' first"
        )


def _make_way(path: bytes, for_directory: bool) -> None:
    """Remove what a rename would not replace."""
    is_directory = stat.S_ISDIR(os.lstat(path).st_mode)
    if is_directory:
        os.rmdir(path)
    elif for_directory:
        os.unlink(path)


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    """Items in pieces, of whose small files all bytes fit into memory."""
    start, size = 0, 0
    for place, (_, entry) in enumerate(items):
        if size > _BATCH_BYTES or place - start >= _BATCH_ITEMS:
            yield items[start:place]
            start, size = place, 0
        size += entry.size if entry.size <= contents.SMALL else _BATCH_BYTES
    if items[start:]:
        yield items[start:]


def _status_of(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _as_snapshot_exception(path, error) from error


def _is_equal(path: bytes, entry: tree.Entry, status: os.stat_result) -> bool:
    if entry.kind == tree.LINK:
        return stat.S_ISLNK(status.st_mode) and os.readlink(path) == entry.target
    if not stat.S_ISREG(status.st_mode) or not entry.is_file or status.st_size != entry.size:
        return False
    is_executable = bool(status.st_mode & stat.S_IXUSR)
    return is_executable == (entry.kind == tree.EXECUTABLE) and _digest_of(path) == (entry.digest, entry.size)


def _digest_of(path: bytes) -> tuple[bytes, int]:
    with _explained(path):
        descriptor = os.open(path, _OLD)
    try:
        return contents.hashed(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def _explained(path: bytes) -> Iterator[None]:
    try:
        yield
    except SnapshotException:
        raise
    except OSError as error:
        raise _as_snapshot_exception(path, error) from error


def _as_snapshot_exception(path: bytes, error: OSError) -> SnapshotException:
    name = os.fsdecode(path)
    if error.errno in _FULL:
        return SnapshotException(f"cannot write {name}: the disk is full; free some space and try again")
    if error.errno in _CANNOT_BE_NAMED:
        return SnapshotException(
            f"the file system cannot hold the name {name} ({error.strerror}); restore into a directory on another, "
            "or with a shorter path"
        )
    if error.errno == errno.EEXIST:
        return SnapshotException(
            f"cannot write {name}: something by that name came up meanwhile, or the file system ignores case and "
            "takes it for another file of the snapshot; restore into another directory"
        )
    return SnapshotException(f"cannot write {name}: {error.strerror}; restore into another directory")
