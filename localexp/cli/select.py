"""Which run a command means."""

from __future__ import annotations

from localexp.errors import AmbiguousRun, RunNotFound, UserErrorException
from localexp.run import Run
from localexp.store import runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.workspace import Workspace

_MOST_MATCHES = 10


def find_run(workspace: Workspace, wanted: str) -> Run:
    """The run with this id, with an id that begins so, or for ``latest`` the newest that is no child of another.

    :raises RunNotFound: there is none.
    :raises AmbiguousRun: several ids begin so.
    """
    with workspace._store.main.reading() as db:
        if runs.find(db, wanted) is not None:
            matches = [wanted]
        elif wanted == "latest":
            matches = runs.newest_top_ids(db, 1)
        else:
            matches = runs.ids_beginning_with(db, wanted, _MOST_MATCHES + 1)
        close = [] if matches else runs.ids_like(db, wanted)
    if not matches and wanted == "latest":
        raise UserErrorException("there is no latest run, for there are no runs yet; 'localexp submit' makes one")
    if not matches:
        raise RunNotFound(wanted, close)
    if len(matches) > 1:
        raise AmbiguousRun(wanted, matches[:_MOST_MATCHES], has_more=len(matches) > _MOST_MATCHES)
    return Run.get(workspace, matches[0])
