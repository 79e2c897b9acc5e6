"""The end of a run, whoever brings it about: what it made is kept, what it said is folded, what it took is freed."""

from __future__ import annotations

import os

from localexp.errors import LocalexpError
from localexp.execution import handover
from localexp.journal.writer import JournalWriter
from localexp.store import checkouts, clock, runs, states, warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.snapshot.known import Record
    from localexp.store.checkouts import CheckoutRecord
    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store


class Outcome:
    """How a run ended; ``error`` is what ``get_details()["error"]`` gives, ``warning`` what is to be known besides.

    ``ended_at`` is when, if that is not now.
    """

    def __init__(
        self,
        status: str,
        exit_code: int | None = None,
        error: dict[str, object] | None = None,
        ended_at: int | None = None,
    ) -> None:
        self.status = status
        self.exit_code = exit_code
        self.error = error
        self.warning: str | None = None
        self.ended_at = ended_at


def completed() -> Outcome:
    return Outcome("Completed", 0)


def canceled(exit_code: int | None = None, why: str | None = None) -> Outcome:
    """Of what somebody has asked for there is no more to be said; ``why`` is for what nobody did."""
    return Outcome("Canceled", exit_code, None if why is None else failed(why, exit_code).error)


def failed(message: str, exit_code: int | None = None, code: str = "UserError", **facts: str | None) -> Outcome:
    """A failure in Azure ML's shape, with the exit code of the script beside it, and what else is known of it."""
    inner: dict[str, object] = {"code": code, "message": message, "exitCode": exit_code, **facts}
    known = {name: value for name, value in inner.items() if value is not None}
    return Outcome("Failed", exit_code, {"error": known, "time": clock.iso(clock.now())})


def told_to_end() -> Outcome:
    return failed(
        "the supervisor of the run was told to end by SIGTERM, as all processes are when the machine is shut down",
        code="SystemError",
    )


def with_hint(outcome: Outcome, hint: str, path: str) -> Outcome:
    """A failure whose message ends in a hint, which the error has by itself too, with the input that it names."""
    inner = (outcome.error or {}).get("error")
    assert isinstance(inner, dict)
    hinted = {**inner, "message": f"{inner['message']}; {hint}", "hint": hint, "input": path}
    return Outcome(outcome.status, outcome.exit_code, {**(outcome.error or {}), "error": hinted})


def error_text(details: object) -> str:
    """What a caller who declares a run failed says of the reason, as a text.

    :raises TypeError: it is neither a text nor an exception.
    """
    if isinstance(details, SystemExit):
        return f"the script exited with {details.code!r}"
    if isinstance(details, BaseException):
        return f"{type(details).__name__}: {details}".removesuffix(": ")
    if details is not None and not isinstance(details, str):
        raise TypeError(f"error_details is a text or an exception, not {details!r}")
    return details or "the run was declared failed"


def message_of(error: dict[str, object] | None) -> str:
    """The message in an error of Azure ML's shape."""
    inner = (error or {}).get("error")
    return str(inner["message"]) if isinstance(inner, dict) else "no reason is known"


def journal_writer(store: Store, record: RunRecord) -> JournalWriter:
    """A writer for a run that this process owns."""
    layout = store.layout.run(record.experiment_name, record.id)
    return JournalWriter(layout, record.id, lambda: make_journal_folder(store, layout))


def make_journal_folder(store: Store, layout: RunLayout) -> None:
    """Make the folder of a run's journals, but never one of a store that somebody has deleted or moved."""
    if not store.exists():
        raise FileNotFoundError(f"the store {store.layout.root} is gone")
    os.makedirs(layout.journals, exist_ok=True)


def end(
    store: Store, record: RunRecord, owner: str, outcome: Outcome, writer: JournalWriter, is_tree_clean: bool = False
) -> bool:
    """End a run that ``owner``, which is this process, answers for; False if it is not its run any more.

    A run that was to be canceled is Canceled. The writer is closed; what it lost becomes a warning on the run.

    :param is_tree_clean: nothing is at work in the run's tree any more, so that another run may have it.
    """
    # Not before a script has been started, which this would delay.
    from localexp.journal import fold

    layout = store.layout.run(record.experiment_name, record.id)
    checkout = _checkout(store, record)
    _record_build_log(layout, writer)
    problem = None if checkout is None else _problem_with_files(store, record, checkout, writer)
    lost, warning = writer.close(), outcome.warning
    fold.fold_unless_little(store, record.key, layout)
    with store.main.writing(durable=True) as db:
        fold.say_emptied(db, store)
        now = clock.now()
        if states.is_cancel_requested(db, record.key):
            error = outcome.error if outcome.status == "Canceled" else None
            outcome = Outcome("Canceled", outcome.exit_code, error, outcome.ended_at)
        if not states.move(db, record.key, owner, outcome.status, time=outcome.ended_at or now):
            return False
        if outcome.exit_code is not None or outcome.error is not None:
            runs.set_outcome(db, record.key, outcome.exit_code, outcome.error)
        if not record.keeps_snapshot:
            runs.forget_snapshot(db, record.key)
        if lost:
            warnings.add(db, record.key, "journal", fold.lost_message(lost, "see the log"), (now, 0, 0))
        if warning is not None:
            warnings.add(db, record.key, "supervisor", warning, (now, 0, 2))
        if problem is not None:
            warnings.add(db, record.key, "capture", problem, (now, 0, 1))
        done = fold.mark_done(db, record.key, layout)
        if checkout is not None:
            _let_go(db, checkout, is_tree_clean, is_to_stay=problem is not None)
    handover.forget(layout)
    if checkout is not None and problem is None:
        _tidy(store, checkout, is_tree_clean)
    fold.remove_done(store, record.key, layout, done)
    return True


def _checkout(store: Store, record: RunRecord) -> CheckoutRecord | None:
    if record.type is None:
        # What an interactive run executes lies where it was started.
        return None
    with store.main.reading() as db:
        return checkouts.of_run(db, record.key)


def _let_go(db: sqlite3.Connection, checkout: CheckoutRecord, is_tree_clean: bool, is_to_stay: bool) -> None:
    if is_to_stay:
        checkouts.remove(db, checkout.key)
    else:
        (checkouts.release if is_tree_clean else checkouts.condemn)(db, checkout.key)


def _record_build_log(layout: RunLayout, writer: JournalWriter) -> None:
    if not os.path.exists(layout.build_log):
        return
    from localexp.execution.capture import record_artifact
    from localexp.execution.files import BUILD_LOG_NAME

    try:
        record_artifact(layout, BUILD_LOG_NAME, writer)
    except (LocalexpError, OSError):
        # The run has to end all the same; the log lies where it is.
        return


def _problem_with_files(store: Store, record: RunRecord, checkout: CheckoutRecord, writer: JournalWriter) -> str | None:
    """Keep what the script made; what is returned is what was in the way, if not all of it could be kept."""
    from localexp.snapshot.checkout import records

    place = store.layout.checkout(checkout.folder)
    try:
        _remove_links_to_inputs(store, record, checkout)
        is_made = checkout.ready_at is not None and not os.path.islink(place) and os.path.isdir(place)
        layout = store.layout.run(record.experiment_name, record.id)
        return problem_with_files(layout, place, records(store, checkout) if is_made else None, writer)
    except (LocalexpError, OSError) as error:
        return _not_kept(error, place)


def problem_with_files(
    layout: RunLayout, place: str, records: dict[bytes, Record] | None, writer: JournalWriter
) -> str | None:
    """Keep the log, and what the script made in its checkout unless that was not made itself, as artifacts.

    What is returned is what was in the way, if not all of it could be kept.
    """
    from localexp.execution.capture import capture, record_artifact

    try:
        for name in layout.logs():
            record_artifact(layout, name, writer)
        if records is not None:
            capture(layout, place, records, writer)
    except (LocalexpError, OSError) as error:
        # The run has to end all the same, and nothing that it made may go with its tree.
        return _not_kept(error, place)
    return None


def _not_kept(error: Exception, place: str) -> str:
    return f"files of the run could not be moved to its artifacts: {error}; {place} has them"


def _remove_links_to_inputs(store: Store, record: RunRecord, checkout: CheckoutRecord) -> None:
    definition = record.definition_parts()
    # A run of an earlier version has none.
    paths = definition.get("inputs")
    if not isinstance(paths, list) or not paths:
        return
    from localexp.execution.inputs import remove_links

    remove_links(store.layout.checkout(checkout.folder), str(definition["sourceDirectory"]), paths)


def _tidy(store: Store, checkout: CheckoutRecord, is_tree_clean: bool) -> None:
    from localexp.snapshot.checkout import retire, trim

    if is_tree_clean:
        trim(store)
    else:
        retire(store, checkout)
