"""Is all there that snapshots need? Only names and sizes are looked at: what the bytes are is for ``verify`` to say."""

from __future__ import annotations

from localexp.errors import SnapshotException
from localexp.snapshot import contents, stored, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.store import Store


def incomplete(store: Store, snapshots: Iterable[str]) -> list[str]:
    """The ids of the snapshots that cannot be restored, as trees or blobs are not there."""
    below: dict[bytes, list[bytes]] = {}
    blobs: dict[bytes, set[bytes]] = {}
    lacking = set[bytes]()
    roots = {identifier: stored.root_of(identifier) for identifier in snapshots}
    waiting = list(roots.values())
    while waiting:
        name = waiting.pop()
        if name in below:
            continue
        try:
            entries = stored.entries_of(store, name)
        except SnapshotException:
            entries = []
            lacking.add(name)
        below[name] = [entry.digest for entry in entries if entry.kind == tree.DIRECTORY]
        blobs[name] = {entry.blob for entry in entries if entry.is_file}
        waiting += below[name]
    missing = contents.missing(store, set[bytes]().union(*blobs.values()))
    lacking |= {name for name, own in blobs.items() if not own.isdisjoint(missing)}
    return [identifier for identifier, root in roots.items() if not lacking.isdisjoint(_reached(root, below))]


def _reached(root: bytes, below: dict[bytes, list[bytes]]) -> set[bytes]:
    found, waiting = {root}, [root]
    while waiting:
        new = [name for name in below[waiting.pop()] if name not in found]
        found.update(new)
        waiting += new
    return found
