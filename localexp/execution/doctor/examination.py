"""Look for all that may be wrong, and mend what can be mended."""

from __future__ import annotations

import time

from localexp.errors import LocalexpError, StoreError
from localexp.execution import emptied
from localexp.execution.doctor import databases, folders, place, runs
from localexp.execution.doctor.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store

MOMENT_SECONDS = 0.2


def examined(store: Store) -> list[Finding]:
    """All that is wrong. Nothing is changed by it."""
    found = {finding.identity for finding in _looked_at(store)}
    if not found:
        return []
    # What others are just about, as a deletion, looks wrong for a moment: what is still so a moment later counts.
    _let_others_finish(store)
    return [finding for finding in _looked_at(store) if finding.identity in found]


def _let_others_finish(store: Store) -> None:
    if not store.is_read_only:
        try:
            with store.main.writing():
                pass
        except StoreError:
            # What keeps it from being written is found by looking.
            return
    time.sleep(MOMENT_SECONDS)


def _looked_at(store: Store) -> list[Finding]:
    of_record = list(databases.record_findings(store))
    if _is_unreadable(store.layout.database, of_record):
        return [*of_record, *place.findings(store)]
    is_emptied = emptied.message(store)
    if is_emptied is not None:
        # Compared with such a record all that is there would look as if nobody needed it.
        finding = Finding("emptied-record", store.layout.database, is_emptied, emptied.ADVICE)
        return [*of_record, finding, *place.findings(store)]
    of_others = list(databases.other_findings(store))
    found = [*of_record, *of_others, *runs.findings(store), *place.findings(store), *folders.findings(store)]
    if not _is_unreadable(store.layout.blob_database, of_others):
        found += folders.snapshot_findings(store)
    return found


def _is_unreadable(path: str, found: list[Finding]) -> bool:
    return any(one.subject == path and one.kind in ("damaged-database", "newer-format") for one in found)


def repaired(store: Store, found: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Mend what can be; (what was wrong and is not any more, what is wrong now).

    :raises StoreError: the store may only be read.
    """
    if store.is_read_only:
        raise StoreError(
            f"{store.layout.root} may only be read, and nothing in it can be mended; copy it, and mend that"
        )
    for finding in found:
        if finding.mend is not None:
            try:
                finding.mend()
            except (LocalexpError, OSError) as error:
                # It is found again below, and this says why.
                finding.advice = f"--repair failed: {error}"
    now = examined(store)
    before, left = {one.identity: one for one in found}, {one.identity for one in now}
    for finding in now:
        finding.advice = before.get(finding.identity, finding).advice
    return [one for one in found if one.identity not in left], now
