"""Remove what no reader of an ended run needs."""

from __future__ import annotations

import os
import time

from localexp.errors import ExperimentExecutionException, StoreError
from localexp.execution.placing import ASIDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# Whoever still writes such a file has touched it later than that.
_AT_WORK_SECONDS = 600


def clean(store: Store, record: RunRecord) -> list[str]:
    """Remove the supervisor's own log, the page, and what an upload that was killed has left; say what was removed.

    :raises ExperimentExecutionException: the run goes on.
    :raises StoreError: the folder may not be written.
    """
    if not record.has_ended:
        raise ExperimentExecutionException(f"run {record.id} is {record.status}; clean() it when it has ended")
    layout = store.layout.run(record.experiment_name, record.id)
    return [f"removed {path}" for path in _unneeded(layout) if _is_removed(path)]


def _unneeded(layout: RunLayout) -> Iterator[str]:
    for path in (layout.supervisor_log, layout.page, layout.rank_ends):
        if os.path.lexists(path):
            yield path
    yield from halves_of_uploads(layout)


def halves_of_uploads(layout: RunLayout) -> Iterator[str]:
    """Paths of files that somebody has left who was killed when he uploaded them."""
    for name in sorted(os.listdir(layout.folder)) if os.path.isdir(layout.folder) else []:
        path = os.path.join(layout.folder, name)
        if name.startswith(ASIDE) and _is_left(path):
            yield path


def _is_left(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_mtime > _AT_WORK_SECONDS
    except FileNotFoundError:
        # The upload has come to its end since the folder was listed.
        return False


def _is_removed(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"cannot remove {path}: {error.strerror}; see to its permissions") from error
    return True
