"""The end of a run, whoever brings it about: what it made is kept, what it said is folded, what it took is freed."""

from __future__ import annotations

import os

from localexp.errors import LocalexpError
from localexp.journal import fold
from localexp.journal.writer import JournalWriter
from localexp.store import checkouts, clock, runs, warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


class Outcome:
    """How a run ended; ``error`` is what ``get_details()["error"]`` gives."""

    def __init__(self, status: str, exit_code: int | None = None, error: dict[str, object] | None = None) -> None:
        self.status = status
        self.exit_code = exit_code
        self.error = error


def completed() -> Outcome:
    return Outcome("Completed", 0)


def failed(message: str, exit_code: int | None = None, code: str = "UserError") -> Outcome:
    """A failure in Azure ML's shape, with the exit code of the script beside it."""
    inner: dict[str, object] = {"code": code, "message": message}
    if exit_code is not None:
        inner["exitCode"] = exit_code
    return Outcome("Failed", exit_code, {"error": inner, "time": clock.iso(clock.now())})


def error_text(details: str | BaseException | None) -> str:
    """What a caller who declares a run failed says of the reason, as a text."""
    if isinstance(details, SystemExit):
        return f"the script exited with {details.code!r}"
    if isinstance(details, BaseException):
        return f"{type(details).__name__}: {details}"
    return details or "the run was declared failed"


def journal_writer(layout: RunLayout, run_id: str) -> JournalWriter:
    """A writer for a run that this process owns."""
    return JournalWriter(layout, run_id, lambda: os.makedirs(layout.journals, exist_ok=True))


def end(
    store: Store, record: RunRecord, owner: str, outcome: Outcome, writer: JournalWriter, is_tree_clean: bool = False
) -> bool:
    """End a run that ``owner``, which is this process, answers for; False if it is not its run any more.

    The writer is closed; what it lost becomes a warning on the run.

    :param is_tree_clean: nothing is at work in the run's tree any more, so that another run may have it.
    """
    layout = store.layout.run(record.experiment_name, record.id)
    with store.main.reading() as db:
        checkout = checkouts.of_run(db, record.key)
    if checkout is not None and not _are_files_kept(store, layout, checkout, writer):
        with store.main.writing() as db:
            checkouts.remove(db, checkout.key)
        checkout = None
    lost = writer.close()
    fold.fold(store, record.key, layout)
    with store.main.writing(durable=True) as db:
        now = clock.now()
        if not runs.move(db, record.key, owner, outcome.status, time=now):
            return False
        runs.set_outcome(db, record.key, outcome.exit_code, outcome.error)
        if not record.keeps_snapshot:
            runs.forget_snapshot(db, record.key)
        if lost:
            warnings.add(db, record.key, "journal", fold.lost_message(lost, "see the log"), (now, 0, 0))
        fold.mark_done(db, record.key, layout)
        if checkout is not None:
            (checkouts.release if is_tree_clean else checkouts.condemn)(db, checkout.key)
    if checkout is not None:
        _tidy(store, checkout, is_tree_clean)
    fold.remove_done(store, record.key, layout)
    return True


def _are_files_kept(store: Store, layout: RunLayout, checkout: CheckoutRecord, writer: JournalWriter) -> bool:
    from localexp.execution.capture import capture, record_artifact

    try:
        if os.path.exists(layout.log):
            record_artifact(layout, "user_logs/std_log.txt", writer)
        capture(store, layout, checkout, writer)
    except (LocalexpError, OSError) as error:
        # The run has to end all the same, and nothing that it made may go with its tree.
        place = store.layout.checkout(checkout.folder)
        writer.say(
            warning=f"files of the run could not be moved to its artifacts: {error}; {place} has them", source="capture"
        )
        return False
    return True


def _tidy(store: Store, checkout: CheckoutRecord, is_tree_clean: bool) -> None:
    from localexp.snapshot.checkout import retire, trim

    if is_tree_clean:
        trim(store)
    else:
        retire(store, checkout)
