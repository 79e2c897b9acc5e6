"""Take out of the store what is damaged, so that the next snapshot that has the same content stores it again."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.store import blobs, snapshots
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.verify import Report
    from localexp.store.store import Store


def remove_damaged(store: Store, report: Report) -> None:
    """Remove the damaged blobs and trees of a report, and the trees that need what is damaged or missing.

    A stored tree vouches for all below it, so with these gone a snapshot looks for every blob anew.

    :raises SnapshotException: a snapshot is being taken, which might count on what is to go.
    """
    damaged = {bytes.fromhex(problem.name) for problem in report.problems if problem.kind == "damaged blob"}
    trees = {bytes.fromhex(problem.name) for problem in report.problems if problem.kind == "damaged tree"}
    # As long as this is open no other process begins a snapshot.
    with store.main.writing() as main:
        if any(not Owner.parse(owner).is_known_dead() for _, owner in snapshots.in_the_making(main)):
            raise SnapshotException("a snapshot is being taken at this moment; try again when that is done")
        with store.blobs.writing(durable=True) as db:
            blobs.remove(db, damaged)
            blobs.remove_trees(db, trees.union(report.unusable_trees))
        for name in damaged:
            path = store.layout.object_file(name.hex())
            if os.path.exists(path):
                os.unlink(path)
