"""Delete runs, and have no page show them any more."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def delete_runs(store: Store, wanted: Iterable[RunRecord]) -> list[RunRecord]:
    """Delete runs with their descendants and the files of all, and return them: all of them or none.

    :raises RunNotFound: one was deleted meanwhile.
    :raises UserErrorException: one goes on.
    :raises StoreError: files cannot be moved, the store cannot be written, or a backup is made.
    """
    from localexp.execution import deletion
    from localexp.report.experiment_page import rewrite_experiment_page

    deleted = deletion.delete_runs(store, wanted)
    for experiment in {record.experiment for record in deleted}:
        rewrite_experiment_page(store, experiment)
    return deleted
