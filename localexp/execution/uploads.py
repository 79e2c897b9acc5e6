"""Files that a caller gives to a run: copied, hashed, put into place exclusively, and only then recorded."""

from __future__ import annotations

import errno
import os

from localexp.errors import LocalexpError, StoreError, UserErrorException
from localexp.execution import placing, sources
from localexp.store import artifacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from localexp.journal.writer import JournalWriter
    from localexp.store.layout import RunLayout

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Recorder:
    """Says of a run in a journal what must not be lost, unlike what is logged: a word that is not kept is an error.

    Used as a context, at whose end the journal is closed that was begun for it.

    :param prepare: sees to it that the folder of the run is there; raises if the run has been deleted.
    :param own: the journal of this process, if it has one.
    :param attach: begins a journal if there is no own one, or that has been closed.
    """

    def __init__(
        self, prepare: Callable[[], None], own: JournalWriter | None, attach: Callable[[], JournalWriter]
    ) -> None:
        self.prepare = prepare
        self._own = own
        self._attach = attach
        self._attached: JournalWriter | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._attached is not None:
            self._attached.close()

    def __call__(self, **words: object) -> None:
        """:raises StoreError: it could not be kept."""
        if self._own is not None and _is_said(self._own, words):
            return
        if self._attached is None:
            self._attached = self._attach()
        if not _is_said(self._attached, words):
            # Only the end of the interpreter closes a journal that nobody else has.
            raise StoreError("what was said of the run could not be kept, for the interpreter is ending")


def _is_said(writer: JournalWriter, words: dict[str, object]) -> bool:
    """False if the journal has been closed."""
    lost = writer.lost
    if not writer.say(**words):
        return False
    if writer.lost > lost:
        raise StoreError(f"what was said of the run could not be kept: {writer.problem}; try again")
    return True


def store(layout: RunLayout, record: Recorder, name: str, source: object) -> str:
    """Keep a file of a run, and return its name. The same bytes under the same name once more are fine.

    :param source: a path, or a binary or text stream, read from where it stands.
    :raises UserErrorException: it cannot have this name, or another file has; or the source cannot be read.
    :raises StoreError: it cannot be written.
    """
    plain = artifacts.checked_new_name(name)
    return _stored(layout, record, source, iter([plain]))


def store_numbered(layout: RunLayout, record: Recorder, name: str, source: object) -> str:
    """As ``store``; but where another file has the name, ``stem_1.ending``, ``stem_2.ending``, … is taken.

    ``artifacts.name_of`` makes a name of any text.
    """
    plain = artifacts.checked_new_name(name)
    return _stored(layout, record, source, _numbered_names(layout, plain))


def _stored(layout: RunLayout, record: Recorder, source: object, names: Iterator[str]) -> str:
    with sources.opened(source) as pieces:
        try:
            with placing.aside(layout, record.prepare) as (path, file):
                size, digest = placing.write(layout, file, pieces)
                return _placed(layout, record, path, names, size, digest)
        except LocalexpError:
            raise
        except OSError as error:
            raise _explained(error, layout) from error


def _placed(layout: RunLayout, record: Recorder, path: str, names: Iterator[str], size: int, digest: str) -> str:
    name = ""
    for name in names:
        if placing.is_placed(layout, path, name) or _is_same(layout.artifact(name), size, digest):
            record(artifact=name, size=size, hash=digest)
            return name
    if os.path.isdir(layout.artifact(name)):
        raise UserErrorException(f"the run has files below {name!r}; choose a name that is no folder of it")
    raise UserErrorException(
        f"the run has a file {name!r} already, with other bytes, and files of a run are never replaced; choose another "
        "name"
    )


def _is_same(path: str, size: int, digest: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) == size and placing.digest_of(path, digest) == digest


def _numbered_names(layout: RunLayout, name: str) -> Iterator[str]:
    """The name, then that with the highest number that is taken, then those that are free."""
    name = _below_no_file(layout, name)
    yield name
    number = _last_taken(layout, name)
    if number:
        yield _numbered(name, number)
    while True:
        number += 1
        yield _numbered(name, number)


def _numbered(name: str, number: int) -> str:
    folder, slash, last = name.rpartition("/")
    stem, ending = os.path.splitext(last)
    return f"{folder}{slash}{stem}_{number}{ending}"


def _last_taken(layout: RunLayout, name: str) -> int:
    """Found by halving, for there may be one a step of a training loop."""
    low, high = 0, 1
    while os.path.lexists(layout.artifact(_numbered(name, high))):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if os.path.lexists(layout.artifact(_numbered(name, middle))):
            low = middle
        else:
            high = middle
    return low


def _below_no_file(layout: RunLayout, name: str) -> str:
    """The name, with a number at each folder of it that would have to be where a file is."""
    *folders, last = name.split("/")
    path = ""
    for folder in folders:
        number, free = 0, path + folder
        while os.path.isfile(layout.artifact(free)):
            number += 1
            free = f"{path}{folder}_{number}"
        path = f"{free}/"
    return path + last


def _explained(error: OSError, layout: RunLayout) -> LocalexpError:
    if isinstance(error, NotADirectoryError):
        return UserErrorException(f"a file of the run cannot have this name: {error}; choose another")
    if error.errno in _NO_NAME:
        return UserErrorException(f"a file of the run cannot have this name here: {error.strerror}; choose another")
    if error.errno in _FULL:
        return StoreError(f"cannot write into {layout.folder}: the disk is full; free some space and try again")
    if error.errno in _FORBIDDEN:
        return StoreError(f"{layout.folder} may not be written: {error.strerror}; copy the workspace to where you may")
    if isinstance(error, FileNotFoundError):
        return StoreError(f"the folder of the run, {layout.folder}, is gone; has the run been deleted?")
    return StoreError(f"cannot write into {layout.folder}: {error}; see to what the system says, and try again")
