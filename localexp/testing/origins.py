"""Where fixtures are defined whose names are like ours: a conftest may have its own, two plugins had better not."""

from __future__ import annotations

import inspect
import os

import pytest

from localexp.errors import UserErrorException
from localexp.store.values import with_article

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

# A test that fails here is shown with its own line, and not with ours.
__tracebackhide__ = True

_KEY = pytest.StashKey[set[str]]()


def note(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Warn if several plugins would give what has been set up, at the first time."""
    known = request.config.stash.setdefault(_KEY, set())
    if fixturedef.argname not in known:
        known.add(fixturedef.argname)
        _warn_of_others(fixturedef, request)


def checked(request: pytest.FixtureRequest, name: str, value: object, kind: type[T]) -> T:
    """What a fixture that others need has given.

    :raises UserErrorException: it is something else.
    """
    if isinstance(value, kind):
        return value
    place = _place(request._get_active_fixturedef(name))
    raise UserErrorException(
        f"the fixture {name} gives {value!r}, but {request.fixturename} needs a localexp.{kind.__name__} of it; it is "
        f"defined at {place}: give that another name, or have it give {with_article(kind.__name__)}"
    )


def _warn_of_others(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    name = fixturedef.argname
    found = request.session._fixturemanager.getfixturedefs(name, request.node) or ()
    of_plugins = [one for one in found if _is_of_plugin(one)]
    # One that asks for the other by its own name adds to it, on purpose.
    if len(of_plugins) < 2 or name in of_plugins[-1].argnames:
        return
    *others, last = map(_place, of_plugins)
    request.node.warn(
        pytest.PytestWarning(
            f"several plugins define the fixture {name}: the one at {last} is used unless a conftest.py has its own, "
            f"and not that at {', '.join(others)}; rename one, or load one of the plugins with '-p no:NAME'"
        )
    )


def _is_of_plugin(fixturedef: pytest.FixtureDef[object]) -> bool:
    # A module or class of tests has a node id, and so may a conftest.py have none.
    return not fixturedef.baseid and os.path.basename(_file(fixturedef)) != "conftest.py"


def _place(fixturedef: pytest.FixtureDef[object]) -> str:
    function = inspect.unwrap(fixturedef.func)
    code = getattr(function, "__code__", None)
    return _file(fixturedef) if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _file(fixturedef: pytest.FixtureDef[object]) -> str:
    try:
        return inspect.getfile(inspect.unwrap(fixturedef.func))
    except TypeError:
        # A partial, or an object that can be called.
        return str(getattr(fixturedef.func, "__module__", "an unknown file"))
