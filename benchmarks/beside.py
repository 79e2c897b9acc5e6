"""Rows of localexp beside the peers that keep trees of files."""

from __future__ import annotations

from time import perf_counter

from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.keepers import Peer

    Turn = Callable[[], float]


def milliseconds(action: Callable[[], object]) -> float:
    """What it takes to do something once."""
    started = perf_counter()
    action()
    return (perf_counter() - started) * 1e3


def beside(
    peer: Peer,
    name: str,
    measured: str,
    does: str,
    ours: Turn,
    theirs: Turn,
    pairs: int,
    *,
    goal: float | None = None,
) -> Row:
    """Our turns and those of a peer, in milliseconds; without the peer the row says that it is not installed.

    :param does: what the peer does in its turns.
    :param goal: the row of a goal has a name of its own, any other has the peer's in its name.
    """
    name = name if goal is not None else f"{name} / {peer.name}"
    if not peer.is_installed:
        return Row(name, measured, does, goal=goal, note=f"{peer.program} is not installed")
    return compared(name, measured, does, "ms", *in_turns(ours, theirs, pairs), goal=goal, note=peer.version())
