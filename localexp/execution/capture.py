"""Move what a script made in its checkout into the folder of its run."""

from __future__ import annotations

import errno
import os

from localexp.errors import SnapshotException
from localexp.snapshot import checkout, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.journal.writer import JournalWriter
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.layout import RunLayout
    from localexp.store.store import Store

LIVE_FOLDERS = ("outputs", "logs")
_PIECE = 2**20
_NAMED, _LONGEST_TEXT = 3, 200


def capture(store: Store, layout: RunLayout, tree: CheckoutRecord, writer: JournalWriter) -> None:
    """Move files that are not as the snapshot had them to the run's artifacts, and record them.

    Their names are their paths in the checkout. Compiled bytecode stays; links are followed only to files inside.

    :raises SnapshotException: some could not be kept; all others are.
    """
    root = store.layout.checkout(tree.folder)
    if tree.ready_at is None or os.path.islink(root) or not os.path.isdir(root):
        return
    changes = list(fitting.changes(os.fsencode(root), checkout.records(store, tree)))
    problems = []
    # Links first, as long as what they lead to is in its place.
    for change in sorted(changes, key=lambda change: change.kind != fitting.LINK):
        try:
            _capture_change(layout, os.fsencode(root), change, writer)
        except OSError as error:
            problems.append(f"{_shortened(_name(change.path))}: {error.strerror or _shortened(str(error))}")
    if problems:
        more = f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise SnapshotException("; ".join(problems[:_NAMED]) + more)
    _remove_new_folders(os.fsencode(root), changes)


def _capture_change(layout: RunLayout, root: bytes, change: fitting.Change, writer: JournalWriter) -> None:
    if change.kind == fitting.LINK:
        _capture_link(layout, root, change.path, writer)
    elif change.kind == fitting.FILE:
        _capture_file(layout, os.path.join(root, change.path), change, writer)
    elif change.kind == fitting.SPECIAL:
        message = f"{_name(change.path)} is neither a file nor a link, and was not kept"
        writer.say(warning=message, source="capture")
    elif change.kind == fitting.UNREADABLE:
        raise SnapshotException(change.problem)


def _remove_new_folders(root: bytes, changes: list[fitting.Change]) -> None:
    """What was in them is kept by now; with them gone the next run finds the tree as it was."""
    for change in reversed(changes):
        if change.kind == fitting.FOLDER:
            try:
                os.rmdir(os.path.join(root, change.path))
            except OSError:
                # Something that is not kept is still in it. Whoever leases the tree removes both.
                continue


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def record_artifact(layout: RunLayout, name: str, writer: JournalWriter, digest: str | None = None) -> None:
    """Record a file that already lies where the artifact of that name does."""
    path = layout.artifact(name)
    writer.say(artifact=name, size=os.stat(path).st_size, hash=digest or _digest(path))


def live_files(root: str) -> Iterator[tuple[str, str]]:
    """(artifact name, path) of what a running script has in its output folders by now."""
    for top in LIVE_FOLDERS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                full = os.path.join(folder, name)
                if os.path.isfile(full):
                    yield _name(os.fsencode(os.path.relpath(full, root))), full


def _digest(path: bytes | str) -> str:
    from xxhash import xxh3_128

    state = xxh3_128()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            state.update(piece)
    return state.hexdigest()


def _name(path: bytes) -> str:
    """The artifact name of a path; bytes that are no UTF-8 are written as ``%ff``, as are ``\\`` and ``:``."""
    text = path.replace(os.sep.encode(), b"/").decode("utf-8", "surrogateescape")
    plain = "".join(f"%{ord(c) - 0xDC00:02x}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
    # Windows would take these for something else than a part of a name.
    return plain.replace("\\", "%5c").replace(":", "%3a")


def _capture_file(layout: RunLayout, path: bytes, change: fitting.Change, writer: JournalWriter) -> None:
    if change.original is None or _digest(path) != change.original.hex():
        _keep(layout, path, _name(change.path), writer)


def _capture_link(layout: RunLayout, root: bytes, path: bytes, writer: JournalWriter) -> None:
    lands = os.path.realpath(os.path.join(root, path))
    is_inside = lands.startswith(os.path.realpath(root) + os.sep.encode())
    if not is_inside or not os.path.isfile(lands):
        writer.say(warning=f"the link {_name(path)} leads to no file of the run, and was not kept", source="capture")
        return
    os.makedirs(layout.folder, exist_ok=True)
    aside = _aside(layout)
    _copy(lands, aside)
    _keep(layout, aside, _name(path), writer)


def _keep(layout: RunLayout, path: bytes, name: str, writer: JournalWriter) -> None:
    digest = _digest(path)
    for candidate in _candidates(name):
        if not _is_placed(layout, path, layout.artifact(candidate), digest):
            continue
        if candidate != name:
            message = f"{name} had been uploaded with other bytes; what the script left there is kept as {candidate}"
            writer.say(warning=message, source="capture")
        # Before it goes from where it was: whoever takes over from a process that dies here does this again.
        record_artifact(layout, candidate, writer, digest)
        os.unlink(path)
        return
    raise SnapshotException(f"cannot find a free name for the artifact {name}")


def _candidates(name: str) -> Iterator[str]:
    yield name
    yield from (f"captured-{number}/{name}" for number in range(1, 1000))


def _is_placed(layout: RunLayout, path: bytes, target: str, digest: str) -> bool:
    """Have a file stand at another place too, without ever replacing one; False if something else is there."""
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            os.link(path, target, follow_symlinks=False)
        except (FileExistsError, NotADirectoryError):
            raise
        except (OSError, NotImplementedError):
            # Another file system, or one without links to files.
            _copy_whole(layout, path, target)
    except (FileExistsError, NotADirectoryError):
        return os.path.isfile(target) and _digest(target) == digest
    return True


def _copy_whole(layout: RunLayout, path: bytes, target: str) -> None:
    """Copy a file aside first, so that never a part of it stands where it is to be."""
    aside = _aside(layout)
    try:
        _copy(path, aside)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        os.rename(aside, target)
    finally:
        if os.path.lexists(aside):
            os.unlink(aside)


def _aside(layout: RunLayout) -> bytes:
    return os.path.join(os.fsencode(layout.folder), b"aside-" + os.urandom(8).hex().encode())


def _copy(path: bytes, target: bytes) -> None:
    """Copy a file to where none is."""
    import shutil

    with open(path, "rb") as source, open(target, "xb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)
        copy.flush()
        os.fsync(copy.fileno())
