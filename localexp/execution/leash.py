"""Processes without which a run is not to go on.

The test session in which it was submitted is one, the maker of the ephemeral workspace that it is in another.
"""

from __future__ import annotations

from localexp.execution import ending
from localexp.observing import LEASH
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from localexp.execution.ending import Outcome

# No system call takes more.
_LARGEST_ID = (1 << 31) - 1


class Leash:
    """What an environment and a store say of them.

    The environment is that of whoever submitted the run, since anybody may start it from the queue; ``goes_with`` is
    that of the layout of the store.
    """

    def __init__(self, environment: Mapping[str, str], goes_with: str = "") -> None:
        self._session, self._maker = _owner(environment.get(LEASH, "")), _owner(goes_with)

    def is_let_go(self) -> bool:
        """Whether a holder is known to have ended; never without one, or of one that cannot be judged from here."""
        return _has_ended(self._session) or _has_ended(self._maker)

    def outcome(self) -> Outcome:
        """How the run ends if this is let go: nobody waits for it any more, and it has done nothing wrong."""
        if self._session is not None and _has_ended(self._session):
            session = f"the test session that it was submitted in (process {self._session.pid}) has ended"
            # As of a terminal that a test has opened and that stays.
            return ending.canceled(why=f"{session}; unset {LEASH} in what is to submit runs after that")
        assert self._maker is not None
        return ending.canceled(why=f"the process {self._maker.pid} that made the ephemeral workspace has ended")


def _has_ended(holder: Owner | None) -> bool:
    return holder is not None and holder.is_known_dead()


def _owner(text: str) -> Owner | None:
    try:
        holder = Owner.parse(text)
    except ValueError:
        # There is none, or it is somebody's variable of the same name; no run is to fail for it.
        return None
    return holder if 0 < holder.pid <= _LARGEST_ID else None
