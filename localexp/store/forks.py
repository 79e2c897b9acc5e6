"""No SQLite connection may be open when the process forks.

A child inherits SQLite's belief to hold locks that are its parent's, takes none of its own, and other processes
then remove the log of writes under it. So before a fork, uses of databases by other threads are waited for, and idle
connections are closed; both processes open new ones afterwards.

A thread that is just importing a module is waited for too: a child would inherit the lock of that import, which nobody
opens there, and stop for ever at the same import.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Forkable(Protocol):
        """Something with connections: what to do with them in the parent before, and in the child after a fork."""

        def close(self) -> None: ...

        def leave_to_parent(self) -> None: ...


_PATIENCE_SECONDS = 30.0
# What others import may take long and may be none of ours; they would fork without waiting at all.
_PATIENCE_WITH_IMPORTS_SECONDS, _PAUSE_SECONDS = 2.0, 0.0005

_everyone: weakref.WeakSet[Forkable] = weakref.WeakSet()
_gate = threading.Condition(threading.RLock())
_uses: dict[int, int] = {}
_forking_thread: int | None = None


def register(one: Forkable) -> None:
    """Have a database told of forks."""
    _everyone.add(one)


def begin_use() -> None:
    """Say that this thread uses a connection from now on; waits while another thread forks."""
    thread = threading.get_ident()
    with _gate:
        # Who uses one already may use another: the fork waits for that use to end.
        while _forking_thread not in (None, thread) and thread not in _uses:
            _gate.wait(_PATIENCE_SECONDS)
        _uses[thread] = _uses.get(thread, 0) + 1


def end_use() -> None:
    """Say that this thread has done with a connection."""
    thread = threading.get_ident()
    with _gate:
        _uses[thread] -= 1
        if not _uses[thread]:
            del _uses[thread]
        _gate.notify_all()


def _before() -> None:
    global _forking_thread
    _gate.acquire()
    thread, deadline = threading.get_ident(), time.monotonic() + _PATIENCE_SECONDS
    _forking_thread = thread
    while any(user != thread for user in _uses) and time.monotonic() < deadline:
        _gate.wait(_PATIENCE_SECONDS)
    for one in list(_everyone):
        one.close()
    deadline = time.monotonic() + _PATIENCE_WITH_IMPORTS_SECONDS
    while _is_another_importing(thread) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)


def _is_another_importing(thread: int) -> bool:
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    return any(getattr(lock(), "owner", None) not in (None, thread) for lock in [*locks.values()])


def _after_in_parent() -> None:
    global _forking_thread
    _forking_thread = None
    _gate.notify_all()
    _gate.release()


def _after_in_child() -> None:
    global _gate, _forking_thread
    _gate = threading.Condition(threading.RLock())
    _forking_thread = None
    for user in [*_uses]:
        if user != threading.get_ident():
            del _uses[user]
    for one in list(_everyone):
        one.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
