"""Move what a script made in its checkout into the folder of its run."""

from __future__ import annotations

import os
from contextlib import contextmanager

from localexp.errors import SnapshotException
from localexp.execution import placing
from localexp.snapshot import fitting
from localexp.store.layout import LIVE_FOLDERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.journal.writer import JournalWriter
    from localexp.snapshot.known import Record
    from localexp.store.layout import RunLayout

_NAMED, _LONGEST_TEXT = 3, 200


def capture(layout: RunLayout, root: str, records: dict[bytes, Record], writer: JournalWriter) -> None:
    """Move files of a checkout that are not as recorded to the run's artifacts, and record them.

    Their names are their paths in the checkout. Compiled bytecode stays; links are followed only to files inside.

    :raises SnapshotException: some could not be kept; all others are.
    """
    changes = list(fitting.changes(os.fsencode(root), records))
    problems = []
    # Links first, as long as what they lead to is in its place.
    for change in sorted(changes, key=lambda change: change.kind != fitting.LINK):
        try:
            _capture_change(layout, os.fsencode(root), change, writer)
        except OSError as error:
            problems.append(f"{_shortened(_name(change.path))}: {error.strerror or _shortened(str(error))}")
        except RecursionError:
            problems.append(f"{_shortened(_name(change.path))}: it lies in too many folders, one in the other")
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
    """Record a file that already lies where the artifact of that name does.

    :raises OSError: the word of it could not be kept; without it nobody would find the file.
    """
    path, lost = layout.artifact(name), writer.lost
    is_said = writer.say(artifact=name, size=os.stat(path).st_size, hash=digest or placing.digest_of(path))
    if not is_said or writer.lost > lost:
        raise OSError(f"it could not be recorded: {writer.problem}")


def live_files(root: str) -> Iterator[tuple[str, str]]:
    """(artifact name, path) of what a running script has in its output folders by now."""
    waiting = [os.path.join(root, top) for top in LIVE_FOLDERS]
    while waiting:
        # Folder by folder: before Python 3.12 a walk cannot go deeper than functions can call each other.
        folder, folders, names = next(os.walk(waiting.pop()), ("", [], []))
        below = [os.path.join(folder, name) for name in folders]
        waiting += [path for path in below if not os.path.islink(path)]
        for name in sorted(names):
            full = os.path.join(folder, name)
            if os.path.isfile(full):
                yield _name(os.fsencode(os.path.relpath(full, root))), full


def _name(path: bytes) -> str:
    """The artifact name of a path; bytes that are no UTF-8 are written as ``%ff``, as are ``\\`` and ``:``."""
    text = path.replace(os.sep.encode(), b"/").decode("utf-8", "surrogateescape")
    plain = "".join(f"%{ord(c) - 0xDC00:02x}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)
    # Windows would take these for something else than a part of a name.
    return plain.replace("\\", "%5c").replace(":", "%3a")


def _capture_file(layout: RunLayout, path: bytes, change: fitting.Change, writer: JournalWriter) -> None:
    original = None if change.original is None else change.original.hex()
    digest = placing.digest_of(path, original)
    if digest != original:
        _keep(layout, path, _name(change.path), digest, writer)


def _capture_link(layout: RunLayout, root: bytes, path: bytes, writer: JournalWriter) -> None:
    capture_copy(layout, root, path, path, writer)


def capture_copy(layout: RunLayout, root: bytes, path: bytes, name: bytes, writer: JournalWriter) -> None:
    """Keep a file of a folder as an artifact, and leave it where it is; a link is followed only to a file inside."""
    full = os.path.join(root, path)
    lands = os.path.realpath(full)
    is_link = os.path.islink(full)
    if is_link and not (lands.startswith(os.path.realpath(root) + os.sep.encode()) and os.path.isfile(lands)):
        writer.say(warning=f"the link {_name(name)} leads to no file of the run, and was not kept", source="capture")
    elif not os.path.isfile(lands):
        writer.say(warning=f"{_name(name)} is neither a file nor a link, and was not kept", source="capture")
    else:
        with _copied_aside(layout, lands) as (aside, digest):
            _keep(layout, aside, _name(name), digest, writer)


def _keep(layout: RunLayout, path: str | bytes, name: str, digest: str, writer: JournalWriter) -> None:
    for candidate in _candidates(name):
        if not _is_placed(layout, path, candidate, digest):
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


def _is_placed(layout: RunLayout, path: str | bytes, name: str, digest: str) -> bool:
    """Have a file stand as an artifact too, without ever replacing one; False if something else is there.

    It stays where it was, unlike with ``placing.is_placed``, until it is recorded.
    """
    target = layout.artifact(name)
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if _is_linked(path, target) or _is_copy_placed(layout, path, name):
            return True
    except (FileExistsError, NotADirectoryError):
        # Something has the name, or is where a folder of it would be.
        pass
    return os.path.isfile(target) and placing.digest_of(target, digest) == digest


def _is_linked(path: str | bytes, target: str) -> bool:
    try:
        os.link(path, target, follow_symlinks=False)
    except (FileExistsError, NotADirectoryError):
        raise
    except (OSError, NotImplementedError):
        # Another file system, or one without links to files.
        return False
    return True


def _is_copy_placed(layout: RunLayout, path: str | bytes, name: str) -> bool:
    with _copied_aside(layout, path) as (aside, _):
        return placing.is_placed(layout, aside, name)


@contextmanager
def _copied_aside(layout: RunLayout, path: str | bytes) -> Iterator[tuple[str, str]]:
    """A copy of a file in the folder of the run, and its hash, so that never a part of it stands where it is to be."""
    with placing.aside(layout, lambda: os.makedirs(layout.folder, exist_ok=True)) as (aside, copy):
        with open(path, "rb", buffering=0) as source:
            _, digest = placing.write(layout, copy, iter(lambda: source.read(placing.PIECE), b""))
        yield aside, digest
