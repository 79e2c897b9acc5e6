"""Move what a script made in its checkout into the folder of its run."""

from __future__ import annotations

import os
import stat

from localexp.errors import SnapshotException
from localexp.snapshot import restore, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.journal.writer import JournalWriter
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.layout import RunLayout
    from localexp.store.store import Store

LIVE_FOLDERS = ("outputs", "logs")
_PIECE = 2**20
# Times of files are read off a clock that may tick some milliseconds behind the one that processes read.
_TICK_NANOSECONDS = 20_000_000


def capture(store: Store, layout: RunLayout, checkout: CheckoutRecord, writer: JournalWriter) -> None:
    """Move files that are not as the snapshot had them to the run's artifacts, and record them.

    Their names are their paths in the checkout. Compiled bytecode stays; links are followed only to files inside.
    """
    root = store.layout.checkout(checkout.folder)
    if checkout.ready_at is None or not os.path.isdir(root):
        return
    written = checkout.ready_at * 1000 + 999 - _TICK_NANOSECONDS
    original = dict(restore.entries_below(store, checkout.snapshot))
    found = list(_everything(os.fsencode(root)))
    # Links first, as long as what they lead to is in its place.
    for path, status in found:
        entry = original.get(path)
        if stat.S_ISLNK(status.st_mode) and (entry is None or entry.kind != tree.LINK):
            _capture_link(layout, os.fsencode(root), path, writer)
    for path, status in found:
        entry = original.get(path)
        if stat.S_ISREG(status.st_mode):
            if entry is None or (status.st_ctime_ns > written and not _is_as_stored(root, path, status, entry)):
                _keep(layout, os.path.join(os.fsencode(root), path), _name(path), writer)
        elif not stat.S_ISLNK(status.st_mode):
            writer.say(warning=f"{_name(path)} is neither a file nor a link, and was not kept", source="capture")


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


def _everything(root: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            path = folder + b"/" + entry.name if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name != b"__pycache__":
                    waiting.append(path)
            else:
                yield path, entry.stat(follow_symlinks=False)


def _is_as_stored(root: str, path: bytes, status: os.stat_result, entry: tree.Entry) -> bool:
    if not entry.is_file or status.st_size != entry.size:
        return False
    return _digest(os.path.join(os.fsencode(root), path)) == entry.digest.hex()


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


def _capture_link(layout: RunLayout, root: bytes, path: bytes, writer: JournalWriter) -> None:
    lands = os.path.realpath(os.path.join(root, path))
    is_inside = lands.startswith(os.path.realpath(root) + os.sep.encode())
    if not is_inside or not os.path.isfile(lands):
        writer.say(warning=f"the link {_name(path)} leads to no file of the run, and was not kept", source="capture")
        return
    os.makedirs(layout.folder, exist_ok=True)
    aside = os.path.join(os.fsencode(layout.folder), b"link-" + os.urandom(8).hex().encode())
    _copy(lands, aside)
    _keep(layout, aside, _name(path), writer)


def _keep(layout: RunLayout, path: bytes, name: str, writer: JournalWriter) -> None:
    digest = _digest(path)
    for candidate in _candidates(name):
        target = layout.artifact(candidate)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            _move(path, target)
        except (FileExistsError, NotADirectoryError):
            if os.path.isfile(target) and _digest(target) == digest:
                os.unlink(path)
                return
            continue
        if candidate != name:
            message = f"{name} had been uploaded with other bytes; what the script left there is kept as {candidate}"
            writer.say(warning=message, source="capture")
        record_artifact(layout, candidate, writer, digest)
        return
    raise SnapshotException(f"cannot find a free name for the artifact {name}")


def _candidates(name: str) -> Iterator[str]:
    yield name
    yield from (f"captured-{number}/{name}" for number in range(1, 1000))


def _move(path: bytes, target: str) -> None:
    """Move a file without ever replacing one."""
    try:
        os.link(path, target, follow_symlinks=False)
    except (FileExistsError, NotADirectoryError):
        raise
    except (OSError, NotImplementedError):
        # Another file system, or one without links to files.
        _copy(path, os.fsencode(target))
    os.unlink(path)


def _copy(path: bytes, target: bytes) -> None:
    """Copy a file to where none is."""
    import shutil

    with open(path, "rb") as source, open(target, "xb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)
        copy.flush()
        os.fsync(copy.fileno())
