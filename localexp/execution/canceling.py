"""Cancel a run that has a supervisor: say so in its row, which the supervisor reads, and ask the script to end."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.execution import processes
from localexp.store import clock, runs
from localexp.store.owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


def request_cancel(store: Store, record: RunRecord) -> RunRecord:
    """Have a submitted run end as Canceled, and return it as it stands now.

    :raises RunNotFound: it was deleted.
    :raises UserErrorException: it has ended or is just being ended, or it is an interactive run.
    """
    if record.type is None and not record.has_ended:
        raise UserErrorException(
            f"run {record.id} is an interactive run of another process: only that one can end it, and its death does"
        )
    with store.main.writing() as db:
        found = runs.anew(db, record)
        is_asked = found.owner is not None and runs.move(
            db, found.key, found.owner, "CancelRequested", time=clock.now()
        )
        if not is_asked:
            raise UserErrorException(f"run {record.id} is {found.status}: only a run that goes on can be canceled")
        found = runs.by_key(db, record.key)
    if found.process is not None:
        processes.terminate_group(Owner.parse(found.process))
    return found
