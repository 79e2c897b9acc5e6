"""What is said of a run that waits in the queue, or has ended."""

from __future__ import annotations

import click

from localexp.cli.table import one_line
from localexp.execution import ending
from localexp.execution.ownership import settled
from localexp.store import queue, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.run import Run
    from localexp.store.runs import RunRecord


def say_if_queued(run: Run) -> None:
    """Say on standard error why a run does not begin yet."""
    store = run._workspace._store
    # What it has logged by now has nothing to do with it, and cannot be brought into the record on a full disk.
    record = settled(store, run._refresh())
    if record.status != "Queued" or record.owner is not None:
        return
    with store.main.reading() as db:
        at_work, most = len(queue.at_work(db)), settings.number(db, settings.CONCURRENT_RUNS)
    # There may be more than there should be, as after the limit was lowered.
    standing = f"{at_work} of {most} runs are" if at_work <= most else f"{at_work} runs, of at most {most}, are"
    click.echo(f"The run waits in the queue: {standing} at work ({settings.CONCURRENT_RUNS}).", err=True)


def ended(record: RunRecord) -> str:
    """How a run has ended, in a line, with the reason if one is known."""
    error = record.error_parts()
    reason = "" if error is None else f": {one_line(ending.message_of(error))}"
    return f"The run is {record.status}{reason or '.'}"
