"""Which run or experiment a command means."""

from __future__ import annotations

import difflib

from localexp.errors import AmbiguousRun, RunNotFound, UserErrorException
from localexp.run import Run
from localexp.store import experiments, runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.experiments import ExperimentRecord
    from localexp.workspace import Workspace

_MOST_MATCHES = 10
_MOST_CLOSE = 3


def find_run(workspace: Workspace, wanted: str) -> Run:
    """The run with this id, with an id that begins so, or for ``latest`` the newest that is no child of another.

    :raises RunNotFound: there is none.
    :raises AmbiguousRun: several ids begin so.
    """
    if not wanted:
        # Every id begins so. It is what a script says whose variable is not set, and with one run it would be that.
        raise UserErrorException("a run is named by its id, and '' is none; 'localexp runs' lists the runs")
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


def find_experiment(workspace: Workspace, wanted: str, *, archived: bool | None = None) -> ExperimentRecord:
    """The experiment with this id, or the only one of this name.

    :param archived: only one that is archived, or is not; None for either. Then no active one is preferred.
    :raises UserErrorException: there is none, or are several.
    """
    with workspace._store.main.reading() as db:
        every = experiments.listed(db, archived=None)
    known = [one for one in every if wanted in (one.id, one.name)]
    matches = [one for one in known if archived is None or archived == (one.archived_at is not None)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(f"{one.id} ({_state(one)})" for one in matches)
        raise UserErrorException(f"{wanted!r} could be any of {ids}; give the id")
    if known:
        raise UserErrorException(f"the experiment {wanted!r} is {_state(known[0])} already")
    close = difflib.get_close_matches(wanted, sorted({one.name for one in every}), _MOST_CLOSE)
    hint = f"did you mean {', '.join(close)}?" if close else "'localexp experiments --all' lists those that there are"
    raise UserErrorException(f"there is no experiment {wanted!r}; {hint}")


def experiment_key(workspace: Workspace, wanted: str | None) -> int | None:
    """The key of the experiment whose runs a command is to look at, None for those of all.

    That is the active one of this name, otherwise what ``find_experiment`` finds.

    :raises UserErrorException: as that.
    """
    if wanted is None:
        return None
    with workspace._store.main.reading() as db:
        active = experiments.active(db, wanted)
    return (active or find_experiment(workspace, wanted)).key


def _state(experiment: ExperimentRecord) -> str:
    return "active" if experiment.archived_at is None else "archived"
