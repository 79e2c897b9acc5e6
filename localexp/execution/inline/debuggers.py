"""Debuggers find a file of the script by its name alone, and step from line to line of it, as they do elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache

from localexp.execution.inline import streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from localexp.execution.inline.places import Places


@contextmanager
def of_source(places: Places) -> Iterator[None]:
    """Within the block a breakpoint in a file of the checkout is one in the user's own file, as which code is known.

    They do not step into what shows the output of the script, which elsewhere is no Python code.
    """
    from bdb import Bdb

    # They ask with every call that they trace.
    canonic, stop_here, known_as = Bdb.canonic, Bdb.stop_here, cache(places.known_as)
    Bdb.canonic = lambda self, filename: canonic(self, known_as(filename))  # type: ignore[method-assign]
    Bdb.stop_here = lambda self, frame: not _is_output(frame) and stop_here(self, frame)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Bdb.canonic, Bdb.stop_here = canonic, stop_here  # type: ignore[method-assign]


def _is_output(frame: FrameType) -> bool:
    """Also what is called for it, as a codec."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals.get("__name__") != streams.__name__:
        caller = caller.f_back
    return caller is not None
