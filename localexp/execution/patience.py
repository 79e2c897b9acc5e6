"""End a run though something is in the way for some time, as a full disk or a lock that somebody keeps."""

from __future__ import annotations

import os
import time

from localexp.errors import FullDiskError, LocalexpError, ReplacedStoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.execution.ending import Outcome
    from localexp.execution.homes import Home
    from localexp.journal.writer import JournalWriter

_PATIENCE_SECONDS, _PAUSE_SECONDS = 600.0, 1.0
_LITTLE_ROOM = 64 * 1024
_WITHOUT_ROOM = (
    "the disk was full when the script ended: of what it logged, printed and wrote last some may be missing; free some "
    "space, and run it again"
)


def end(
    home: Home, outcome: Outcome, writer: JournalWriter, has_run: bool, may_wait: Callable[[Exception], bool]
) -> None:
    """End a run of this process; until then it goes on, and has this owner.

    :param has_run: as for ``Home.end``.
    :param may_wait: is told of each error, and says whether to go on after it.
    :raises LocalexpError: it cannot be ended.
    :raises OSError: as above.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    if has_no_room(home.layout.root):
        outcome.warning = _WITHOUT_ROOM
    while True:
        try:
            home.say_finalizing(outcome)
            if writer.is_closed:
                # By an end that failed: what is there to be kept by now has to be said once more.
                writer = home.writer()
            home.end(outcome, writer, has_run)
            return
        except ReplacedStoreError:
            raise
        except (LocalexpError, OSError) as error:
            if not may_wait(error) or time.monotonic() > deadline:
                raise
            if isinstance(error, FullDiskError):
                outcome.warning = _WITHOUT_ROOM
        time.sleep(_PAUSE_SECONDS)


def has_no_room(root: str) -> bool:
    """Whether the disk on which a folder lies is full, as far as the system tells."""
    if not hasattr(os, "statvfs"):
        return False
    status = os.statvfs(root)
    # Some room is for root alone.
    blocks = status.f_bfree if os.geteuid() == 0 else status.f_bavail
    # A file system without a size of its own says that it has no blocks at all.
    return status.f_blocks > 0 and blocks * status.f_frsize < _LITTLE_ROOM
