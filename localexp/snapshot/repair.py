"""Take out of the store what is damaged, so that the next snapshot that has the same content stores it again."""

from __future__ import annotations

import os

from localexp.errors import SnapshotException
from localexp.snapshot import held
from localexp.snapshot.live import needing
from localexp.store import blobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.verify import Problem, Report
    from localexp.store.store import Store


def _is_named(problem: Problem) -> bool:
    return problem.kind.endswith(("blob", "tree"))


def remove_damaged(store: Store, report: Report) -> None:
    """Remove the damaged blobs and trees of a report, and the trees that need what is damaged or missing.

    A stored tree vouches for all below it, so with these gone a snapshot looks for every blob anew.

    :raises SnapshotException: a snapshot is being taken, which might count on what is to go, or a backup made.
    """
    damaged = {bytes.fromhex(problem.name) for problem in report.problems if problem.kind == "damaged blob"}
    trees = {bytes.fromhex(problem.name) for problem in report.problems if problem.kind == "damaged tree"}
    # As long as this is open no other process begins a snapshot.
    with store.main.writing() as main:
        if held.makers(main) or held.holder(main) is not None:
            raise SnapshotException(
                "a snapshot is being taken at this moment, or a backup made; try again when that is done"
            )
        with store.blobs.writing(durable=True) as db:
            # Those too that no snapshot needs: the next one might count on them.
            lost = [bytes.fromhex(problem.name) for problem in report.problems if _is_named(problem)]
            blobs.remove(db, damaged, trees.union(report.unusable_trees, needing(db, lost)))
        for name in damaged:
            path = store.layout.object_file(name.hex())
            if os.path.exists(path):
                os.unlink(path)
