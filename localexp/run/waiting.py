"""Wait for many runs at once."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.execution.waiting import check_can_be_waited_for, wait_for_all
from localexp.report.page import rewrite_page
from localexp.run.run import Run
from localexp.snapshot.progress import ProgressLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from localexp.store.runs import RunRecord
    from localexp.workspace import Workspace


def waited_for(
    workspace: Workspace, runs: Iterable[Run | str], when_ended: Callable[[RunRecord], None] = lambda _: None
) -> list[Run]:
    """What ``Workspace.wait`` does; ``when_ended`` is called for each run as soon as it has ended."""
    store, found = workspace._store, _distinct(workspace, runs)
    for run in found:
        check_can_be_waited_for(store, run.id)
    has_ended: set[str] = set()
    with ProgressLine() as line:

        def look(records: Sequence[RunRecord]) -> None:
            for record in records:
                if record.has_ended and record.id not in has_ended:
                    has_ended.add(record.id)
                    line.wipe()
                    when_ended(record)
            if line.is_due():
                line.show(_standing(records))

        records = wait_for_all(store, [run._known() for run in found], look)
    for run, record in zip(found, records, strict=True):
        run._record = record
        rewrite_page(store, record)
    return found


def _distinct(workspace: Workspace, runs: object) -> list[Run]:
    # A text has elements too.
    if isinstance(runs, str) or not hasattr(runs, "__iter__"):
        raise UserErrorException(f"wait takes a list of runs or their ids, not {runs!r}")
    found: dict[str, Run] = {}
    for wanted in runs:
        run = _run(workspace, wanted)
        found.setdefault(run.id, run)
    return list(found.values())


def _run(workspace: Workspace, wanted: object) -> Run:
    if isinstance(wanted, str):
        return Run.get(workspace, wanted)
    if not isinstance(wanted, Run):
        raise UserErrorException(f"{wanted!r} cannot be waited for: give a run or its id")
    if wanted._workspace._store.layout.root != workspace._store.layout.root:
        raise UserErrorException(
            f"run {wanted.id} is in the workspace {wanted._workspace.path}, not in {workspace.path}: wait for it there"
        )
    return wanted


def _standing(records: Sequence[RunRecord]) -> str:
    """As ``3 of 10 ended, 2 running, 5 queued``."""
    ended = sum(record.has_ended for record in records)
    queued = sum(record.status == "Queued" for record in records)
    counts = {"running": len(records) - ended - queued, "queued": queued}
    rest = "".join(f", {count} {what}" for what, count in counts.items() if count)
    return f"{ended} of {len(records)} ended{rest}"
