"""Stores that go with the process that made them, and all that is at work in them before."""

from __future__ import annotations

import os
import sys
import time
import weakref
from contextlib import suppress

from localexp.errors import LocalexpError, RunNotFound, StoreError, UserErrorException, WorkspaceException
from localexp.execution.targets import INLINE
from localexp.store import runs
from localexp.store.owners import Owner, this_process
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord

    # Tells a folder from another in its place, or a link to where it was moved.
    _Folder = tuple[int, int]

# Somebody may write into the folder until he notices that it is gone.
_TRIES, _PAUSE_SECONDS = 50, 0.02


def new_folder() -> str:
    """An empty folder among the temporary files.

    :raises WorkspaceException: none can be made there.
    """
    from tempfile import mkdtemp

    try:
        # Whoever looks for a workspace from within asks the system where he is, which knows no links.
        return os.path.realpath(mkdtemp(prefix="localexp-"))
    except OSError as error:
        raise WorkspaceException(
            f"cannot make a temporary folder for the workspace: {error}; set TMPDIR to a folder that you may write to"
        ) from error


class Removal:
    """Removes a store when it is told to, when nobody in this process has the store any more, or with the process."""

    def __init__(self, store: Store) -> None:
        self._pid = os.getpid()
        self._made = _folder_at(store)
        self._finalizer = weakref.finalize(store, _remove_forgotten, store.layout.root, self._made, self._pid)

    def is_due(self) -> bool:
        """Whether it has yet to be done, and by this process: one that was forked has not made the store."""
        return self._finalizer.alive and self._pid == os.getpid()

    def carry_out(self, store: Store) -> None:
        """End what is at work, and remove the folder of the store, unless it or its marker was taken away.

        :raises UserErrorException: it is asked for while a script of the store runs inline in this process.
        :raises WorkspaceException: the folder cannot be removed.
        """
        with suppress(StoreError):
            _refuse_while_inline(store)
        _remove(store, self._made)
        self._finalizer.detach()


def _refuse_while_inline(store: Store) -> None:
    for record in _active(store):
        if record.target == INLINE and record.owner == str(this_process()):
            raise UserErrorException(
                f"run {record.id} of the workspace is a script that runs in this process; close it when that has ended"
            )


def _remove_forgotten(root: str, made: _Folder | None, pid: int) -> None:
    if os.getpid() != pid:
        return
    try:
        _remove(Store(root), made)
    except LocalexpError as error:
        sys.stderr.write(f"localexp: {error}\n")
    except KeyboardInterrupt:
        # Nobody would hear of it from here, and those that are to go after this one would stay.
        sys.stderr.write(f"localexp: interrupted; what was at work in {os.path.dirname(root)} is not waited for\n")


def _remove(store: Store, made: _Folder | None) -> None:
    if not _is_to_go(store, made):
        store.close()
        return
    try:
        _end_what_is_at_work(store)
    except StoreError:
        # Of a store that is damaged or gone nobody can say what that is; a script goes on to its end then.
        pass
    except BaseException:
        _tell_supervisors(store)
        raise
    finally:
        store.retire()
        _remove_folder(store)


def _is_to_go(store: Store, made: _Folder | None) -> bool:
    """Whether the very folder that was made is in its place, and is to be removed still."""
    return _folder_at(store) == made and (os.path.exists(store.layout.ephemeral) or not store.exists())


def _folder_at(store: Store) -> tuple[int, int] | None:
    try:
        status = os.lstat(os.path.dirname(store.layout.root))
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _end_what_is_at_work(store: Store) -> None:
    if not _active(store):
        return
    from localexp.execution import interactive

    interactive.end_all_in(store)
    while found := _submitted(store):
        _cancel(store, found)


def _cancel(store: Store, records: list[RunRecord]) -> None:
    # Not before it is needed: some imports, where Ctrl-C ends the interpreter, make it forget that it was that.
    from localexp.execution import canceling, waiting

    # Those that wait come first: they would be started when others end.
    for record in sorted(records, key=lambda one: one.owner is not None):
        with suppress(UserErrorException, RunNotFound):
            canceling.marked(store, record)
    with suppress(RunNotFound):
        waiting.wait_for_all(store, records, lambda _: None)


def _tell_supervisors(store: Store) -> None:
    """Have them end their scripts though nobody waits for it: where the store is gone, by itself, a script goes on."""
    from localexp.execution import processes

    with suppress(StoreError):
        for record in _submitted(store):
            if record.owner is not None:
                processes.wake(Owner.parse(record.owner))


def _active(store: Store) -> list[RunRecord]:
    with store.main.reading() as db:
        return runs.active(db)


def _submitted(store: Store) -> list[RunRecord]:
    """Those that go on elsewhere than in this process, and can be ended from here."""
    me = str(this_process())
    return [
        record
        for record in _active(store)
        if record.type is not None
        and (record.status == "Queued" if record.owner is None else record.owner != me and _can_be_judged(record.owner))
    ]


def _can_be_judged(owner: str) -> bool:
    return Owner.parse(owner).can_be_judged()


def _remove_folder(store: Store) -> None:
    folder = os.path.dirname(store.layout.root)
    for attempt in range(_TRIES):
        try:
            # The first to go: without it nobody takes what is left for a store, whatever happens to us.
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(store.layout.database)
            remove_tree(folder)
            return
        except OSError as error:
            if attempt == _TRIES - 1:
                raise WorkspaceException(f"the ephemeral workspace {folder} cannot be removed: {error}") from error
        time.sleep(_PAUSE_SECONDS)


def remove_tree(folder: str) -> None:
    import shutil

    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        if os.path.lexists(folder):
            raise
    except PermissionError:
        # It was taken from folders by a script.
        from localexp.snapshot.fitting import remove_tree

        remove_tree(folder)
