"""Have a virtual environment be there for a run: one process builds it, others wait, and all that come later use it."""

from __future__ import annotations

import os
import time

from localexp.errors import LocalexpError, UserErrorException
from localexp.execution.environments import removal
from localexp.store import builds, clock
from localexp.store.layout import interpreter_of, packages_of
from localexp.store.owners import Owner, this_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from localexp.execution.environments.wanted import Wanted
    from localexp.store.builds import BuildRecord
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_PAUSE_SECONDS = 0.05


def is_there(store: Store, identifier: str) -> bool:
    """Whether the virtual environment of this id has been built, and can be used."""
    with store.main.reading() as db:
        build = builds.find(db, identifier)
    return build is not None and _interpreter(store, build) is not None


def packages(store: Store, identifier: str) -> dict[str, str] | None:
    """The version of each package in the virtual environment of this id; None if it cannot be used."""
    with store.main.reading() as db:
        build = builds.find(db, identifier)
    if build is None or _interpreter(store, build) is None:
        return None
    from localexp.execution.facts.packages import installed

    return installed(packages_of(build.folder(store.layout)))


def ready(
    store: Store,
    record: RunRecord,
    wanted: Wanted,
    environment: dict[str, str],
    is_canceled: Callable[[], bool],
) -> str | None:
    """The interpreter of the virtual environment that a run wants; None if the run was canceled before that was there.

    :param environment: that of whoever submitted the run, where the tools that build it are and how they are set up.
    :raises UserErrorException: it cannot be built; the message has what the tool says, and nothing is left of it.
    """
    while not is_canceled():
        with store.main.reading() as db:
            build = builds.find(db, wanted.id)
        interpreter = None
        if build is None:
            if (place := _begun(store, wanted)) is not None:
                interpreter = _built(store, record, wanted, environment, place, is_canceled)
        elif (found := _interpreter(store, build)) is not None:
            interpreter = found if _is_used(store, build) else None
        elif build.ready_at is not None or Owner.parse(build.owner).is_known_dead():
            removal.forget(store, build)
        else:
            time.sleep(_PAUSE_SECONDS)
        if interpreter is not None:
            return interpreter
    return None


def _interpreter(store: Store, build: BuildRecord) -> str | None:
    """That of a build which is ready, and stands where it was made; None if a run has no use for what is there."""
    if build.ready_at is None or not build.is_where_it_was_made(store.layout):
        return None
    interpreter = interpreter_of(build.folder(store.layout))
    # It is a link to the Python that it was made with, which may have gone since.
    return interpreter if os.access(interpreter, os.X_OK) else None


def _is_used(store: Store, build: BuildRecord) -> bool:
    with store.main.writing() as db:
        return builds.use(db, build, clock.now())


def _begun(store: Store, wanted: Wanted) -> str | None:
    """The folder in which this process is to build it; None if another has begun just before."""
    # A new name each time: whatever still goes on in the folder of a dead builder cannot meet this one.
    place = store.layout.environment(f"{wanted.id}-{os.urandom(3).hex()}")
    with store.main.writing() as db:
        is_mine = builds.begin(db, wanted.id, place, wanted.requirements, str(this_process()), clock.now())
    return place if is_mine else None


def _built(
    store: Store,
    record: RunRecord,
    wanted: Wanted,
    environment: dict[str, str],
    place: str,
    is_canceled: Callable[[], bool],
) -> str | None:
    from localexp.execution.environments import making

    is_ready = False
    try:
        removal.sweep(store, record.id)
        is_ready = making.is_made(store, record, wanted, environment, place, is_canceled) and _is_recorded(
            store, wanted, place
        )
    except LocalexpError:
        raise
    except OSError as error:
        raise UserErrorException(f"the environment cannot be built: {error}; see to that, and submit again") from error
    finally:
        if not is_ready:
            removal.give_up(store, wanted.id, place)
    return interpreter_of(place) if is_ready else None


def _is_recorded(store: Store, wanted: Wanted, place: str) -> bool:
    size = sum(map(_bytes_in, os.walk(place)))
    if hasattr(os, "sync"):
        # Whoever finds it ready looks at nothing else, be it after a power failure.
        os.sync()
    with store.main.writing(durable=True) as db:
        return builds.set_ready(db, wanted.id, place, size, clock.now())


def _bytes_in(listing: tuple[str, list[str], list[str]]) -> int:
    return sum(os.lstat(os.path.join(listing[0], name)).st_size for name in listing[2])
