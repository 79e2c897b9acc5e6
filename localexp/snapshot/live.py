"""Which trees and blobs are needed: those that can be reached from roots."""

from __future__ import annotations

from localexp.errors import SnapshotException
from localexp.snapshot import tree
from localexp.store import blobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable


class Live:
    """The names of the ``trees`` and ``blobs`` that are needed."""

    def __init__(self) -> None:
        self.trees: set[bytes] = set()
        self.blobs: set[bytes] = set()

    def add(self, db: sqlite3.Connection, roots: Iterable[bytes], may_be_incomplete: bool = False) -> None:
        """Add trees and all that is below them.

        :param may_be_incomplete: what is missing or damaged needs nothing; by default that is an error.
        :raises SnapshotException: a tree is missing or damaged.
        """
        waiting = {*roots} - self.trees
        while waiting:
            found = dict(blobs.read_trees(db, waiting))
            below: set[bytes] = set()
            for name in waiting:
                entries = _entries(name, found.get(name))
                if entries is None and not may_be_incomplete:
                    raise SnapshotException(_unknown(name, found))
                for entry in entries or []:
                    if entry.kind == tree.DIRECTORY:
                        below.add(entry.digest)
                    elif entry.kind != tree.LINK:
                        self.blobs.add(entry.blob)
            self.trees |= waiting
            waiting = below - self.trees


def needing(db: sqlite3.Connection, names: Iterable[bytes]) -> set[bytes]:
    """The stored trees that need one of these trees and blobs, at whatever depth."""
    parents: dict[bytes, list[bytes]] = {}
    for name, data in blobs.read_trees(db, [name for name, _, _ in blobs.all_trees(db)]):
        for entry in _entries(name, data) or []:
            if entry.kind != tree.LINK:
                below = entry.digest if entry.kind == tree.DIRECTORY else entry.blob
                parents.setdefault(below, []).append(name)
    found, waiting = set[bytes](), list(names)
    while waiting:
        above = [parent for parent in parents.get(waiting.pop(), []) if parent not in found]
        found.update(above)
        waiting += above
    return found


def parents_first(db: sqlite3.Connection, trees: Collection[bytes]) -> list[bytes]:
    """These trees in an order in which each comes before those that are in it."""
    below = {}
    for name, data in blobs.read_trees(db, trees):
        entries = _entries(name, data) or []
        below[name] = [one.digest for one in entries if one.kind == tree.DIRECTORY and one.digest in trees]
    done: dict[bytes, None] = {}
    for root in trees:
        waiting = [root]
        while waiting:
            name = waiting[-1]
            if name in done:
                waiting.pop()
                continue
            rest = [child for child in below.get(name, []) if child not in done]
            if rest:
                waiting += rest
            else:
                done[waiting.pop()] = None
    return list(reversed(done))


def _entries(name: bytes, data: object) -> list[tree.Entry] | None:
    """What is in a tree, None of one that is missing or damaged."""
    if not isinstance(data, bytes) or tree.digest_of(data) != name:
        return None
    try:
        return tree.decoded(data)
    except SnapshotException:
        return None


def _unknown(name: bytes, found: dict[bytes, bytes]) -> str:
    state = "damaged" if name in found else "missing"
    return (
        f"the stored tree {name.hex()} is {state}, so that nobody can say what it needs: nothing is removed; 'localexp "
        "fsck' says which runs that touches: submit their source again, or delete them"
    )
