"""Keep tests from workspaces that are not theirs."""

from __future__ import annotations

import os

from localexp.errors import OutsideWorkspaceError
from localexp.execution.fence import ALLOW, SWITCH_OFF, lies_in, outside
from localexp.store.layout import Layout
from localexp.testing.guards import places
from localexp.testing.guards.problems import Problem
from localexp.testing.plugin import OUTSIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.testing.guards.places import Place
    from localexp.testing.session import Session


def check(session: Session, root: str) -> None:
    """Refuse a store in whose folder this session has no business; what is refused is remembered until it was seen.

    :raises OutsideWorkspaceError: it is refused.
    """
    __tracebackhide__ = True
    if session.item is not None and session.item.get_closest_marker(OUTSIDE) is not None:
        return
    temporary = _temporary_folder(session)
    if (temporary is not None and lies_in(root, temporary)) or Layout(root).is_ephemeral:
        return
    place, folder = places.of_caller(session.config, session.item), os.path.dirname(root)
    message = _message(session, folder, temporary, place)
    test = None if session.item is None else session.item.nodeid
    session.refused.setdefault(place.text, (test, message))
    raise OutsideWorkspaceError(message, folder, place.text)


def seen(session: Session, error: BaseException) -> None:
    """Note that an error has failed a test, or a module that was to be collected: it is told there."""
    for one in _with_causes(error):
        if isinstance(one, OutsideWorkspaceError):
            session.refused.pop(one.place, None)


def unseen(session: Session, told: str = "", is_over: bool = False) -> list[Problem]:
    """What was refused and caught by somebody, in a test, or anywhere if the session is over; it is forgotten.

    Nothing is said again that has been ``told``.
    """
    found = []
    for place, (test, message) in list(session.refused.items()):
        if test is not None or is_over:
            del session.refused[place]
            if message in told:
                continue
            text = f"localexp: {message}\n  this was raised as OutsideWorkspaceError, which somebody has caught"
            found.append(Problem(test or place, "code outside of tests", text))
    return found


def _temporary_folder(session: Session) -> str | None:
    # pytest has no other way to it but through a fixture, and none before it is configured.
    factory = getattr(session.config, "_tmp_path_factory", None)
    return None if factory is None else str(factory.getbasetemp())


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """An error with all those that pytest shows with it."""
    waiting, known = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in known:
            continue
        known.add(id(one))
        yield one
        shown = one.__cause__, None if one.__suppress_context__ else one.__context__
        # Of a group of them, and of a doctest.
        within = *getattr(one, "exceptions", ()), *getattr(one, "exc_info", ())
        waiting += (other for other in (*shown, *within) if isinstance(other, BaseException))


def _message(session: Session, folder: str, temporary: str | None, place: Place) -> str:
    lines = [
        outside(folder),
        f"  where: {place.text}{', as this module was imported' if place.is_import else ''}",
        f"  test: {'none is running' if session.item is None else session.item.nodeid}",
        f"  temporary folder: {temporary or 'not made yet'}",
        f"  instead: {_way_out(session, place)}",
        f"  if it is meant: {_way_around(session)}",
    ]
    return "\n".join(lines)


def _way_out(session: Session, place: Place) -> str:
    fixture = (
        "use the fixture localexp_workspace (Workspace.from_config() and the command line find it too), "
        "Workspace(tmp_path), or Workspace.ephemeral()"
    )
    if session.item is None or place.is_import:
        where = "from the top of the module into a function or a fixture" if place.is_import else "into a fixture"
        return f"move this {where}; in tests {fixture}"
    return fixture


def _way_around(session: Session) -> str:
    marker = "" if session.item is None else f"{ALLOW}; "
    return f"{marker}{SWITCH_OFF}"
