"""Remove virtual environments: on demand, and those that nobody will ever use."""

from __future__ import annotations

import os
from functools import partial

from localexp.errors import StoreError, UserErrorException
from localexp.execution import processes
from localexp.execution.ownership import settled
from localexp.snapshot.fitting import size_of_tree
from localexp.store import builds
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.builds import BuildRecord
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# Whatever is at work on an environment has the path of that in this variable.
MARK = "LOCALEXP_BUILD"


def users(store: Store) -> dict[str, list[str]]:
    """The ids of the runs that go on, or wait, by the id of the build that runs them."""
    with store.main.reading() as db:
        records = builds.runs_that_want_one(db)
    found: dict[str, list[str]] = {}
    for record in records:
        if not settled(store, record).has_ended:
            found.setdefault(str(builds.wanted_by(record)), []).append(record.id)
    return found


def remove(store: Store, build_id: str) -> None:
    """Remove a virtual environment; the next run that wants it builds it anew.

    :raises UserErrorException: there is none of this id, or a run that goes on or waits is to be run by it.
    :raises StoreError: the workspace may not be written, or the folder cannot be removed.
    """
    # First those are ended whose supervisors have died.
    users(store)
    with store.main.writing() as db:
        build = builds.find(db, build_id)
        if build is None:
            raise UserErrorException(f"no environment {build_id!r} was built; 'localexp env ls' lists those that were")
        _check_is_free(build, builds.runs_that_want_one(db))
        builds.remove(db, build)
    folder = build.folder(store.layout)
    if not _is_gone(folder):
        raise StoreError(f"{folder} cannot be removed altogether; see to its permissions and remove it")


def _check_is_free(build: BuildRecord, records: list[RunRecord]) -> None:
    names = [f"{record.id} ({record.status})" for record in records if builds.wanted_by(record) == build.id]
    if names:
        raise UserErrorException(
            f"the environment {build.id} is used by {', '.join(names)}; cancel it or wait for its end, and try again"
        )
    if build.ready_at is None and not Owner.parse(build.owner).is_known_dead():
        raise UserErrorException(f"the environment {build.id} is just being built; wait for that, and try again")


def give_up(store: Store, build_id: str, place: str) -> None:
    """Leave nothing of an environment that this process was to build."""
    # Before its row goes: on a full disk that needs the room.
    _is_gone(place)
    try:
        with store.main.writing() as db:
            build = builds.find(db, build_id)
            if build is not None and build.folder(store.layout) == place:
                builds.remove(db, build)
    except StoreError:
        # The next builder forgets it, once this process has ended; why it was given up is what has to be said now.
        return


def forget(store: Store, build: BuildRecord) -> None:
    """Have it be built anew, which no run here can use; of one that is half built nothing is left."""
    with store.main.writing() as db:
        is_mine = builds.remove(db, build)
    if is_mine and build.ready_at is None:
        _clear(build.folder(store.layout))


def sweep(store: Store, run_id: str) -> None:
    """Remove what builders left who have died, and what could not be removed earlier.

    What is nobody's, as the workspace has another path here, may have been ready, and run another run than this one.
    """
    folders = _listed(store.layout.environments)
    # First those are ended whose supervisors have died.
    users(store)
    with store.main.writing() as db:
        in_use = {builds.wanted_by(record) for record in builds.runs_that_want_one(db) if record.id != run_id}
        dead = [build for build in builds.every(db) if _is_given_up(build) and builds.remove(db, build)]
        kept = {os.path.basename(build.place) for build in builds.every(db)}
    kept.update(name for name in folders if name.rpartition("-")[0] in in_use)
    for name in {*folders} - kept | {os.path.basename(build.place) for build in dead}:
        _clear(store.layout.environment(name))


def clear(store: Store, dry_run: bool) -> tuple[int, int]:
    """Remove environments that no run of the record was or is to be run by: how many, and their bytes.

    With them goes what ``sweep`` removes.
    """
    folders = _listed(store.layout.environments)
    with store.main.reading() as db:
        known = builds.every(db)
    if not folders and not known:
        return 0, 0
    with store.main.reading() if dry_run else store.main.writing() as db:
        wanted = builds.wanted_by_any(db)
        known = builds.every(db)
        unneeded = [one for one in known if _is_given_up(one) or (one.ready_at is not None and one.id not in wanted)]
        kept = {os.path.basename(one.place) for one in known if one not in unneeded}
        if not dry_run:
            for build in unneeded:
                builds.remove(db, build)
    kept.update(name for name in folders if name.rpartition("-")[0] in wanted)
    places = [store.layout.environment(name) for name in sorted({*folders} - kept)]
    sizes = [size_of_tree(place) for place in places]
    for place in places if not dry_run else []:
        _clear(place)
    return len(places), sum(sizes)


def _is_given_up(build: BuildRecord) -> bool:
    return build.ready_at is None and Owner.parse(build.owner).is_known_dead()


def _clear(folder: str) -> None:
    processes.kill_marked(partial(_is_at_work_on, os.path.basename(folder)))
    _is_gone(folder)


def _is_at_work_on(name: str, variables: dict[str, str]) -> bool:
    # The rest of the path may be another, where the workspace has several.
    return os.path.basename(variables.get(MARK, "")) == name


def _listed(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def _is_gone(folder: str) -> bool:
    import shutil

    # Another may be removing it too, or not all of it may be ours to remove: then the next sweep tries again.
    shutil.rmtree(folder, ignore_errors=True)
    return not os.path.lexists(folder)
