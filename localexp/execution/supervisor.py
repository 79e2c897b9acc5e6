"""The process that owns a submitted run: it runs the script, listens, and records how that ended."""

from __future__ import annotations

import os
import sys
import time

from localexp.errors import FullDiskError, LocalexpError, ReplacedStoreError, UserErrorException
from localexp.execution import context, ending, handover, processes, pythonpath, script
from localexp.execution.bell import Bell
from localexp.snapshot import checkout
from localexp.store import checkouts, clock, owners, runs, states
from localexp.store.layout import LIVE_FOLDERS
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.ending import Outcome
    from localexp.execution.handover import Start
    from localexp.execution.script import Script
    from localexp.journal.writer import JournalWriter
    from localexp.store.runs import RunRecord

_PATIENCE_SECONDS, _PAUSE_SECONDS = 600.0, 1.0
_LITTLE_ROOM = 64 * 1024
_WITHOUT_ROOM = (
    "the disk was full when the script ended: of what it logged, printed and wrote last some may be missing; free some "
    "space, and run it again"
)
_NEEDED_AT_THE_END = (
    "json",
    "localexp.execution.capture",
    "localexp.execution.last_words",
    "localexp.execution.missing",
    "localexp.execution.queue",
    "localexp.journal.fold",
)


def main(root: str, run_id: str, starter: str) -> None:
    """Answer for the run until it has ended, and start who waits for its place.

    Nothing is done if the run is neither of ``starter``, who has started this process, nor handed over to it.
    """
    bell, store, me = Bell(), Store(root), str(owners.this_process())
    record = _taken_over(store, run_id, starter, me)
    if record is not None and supervise(store, record, me, bell):
        _start_next(store)
        _remove_if_empty(store.layout.run(record.experiment_name, record.id).supervisor_log)
    store.close()


def supervise(store: Store, record: RunRecord, me: str, bell: Bell) -> bool:
    """Run the script of a run that this process owns, and end the run; False if its workspace is gone meanwhile."""
    writer = ending.journal_writer(store, record)
    has_run = False
    try:
        outcome = _run(store, record, me, writer, bell)
        has_run = True
    except Exception as error:
        _print_traceback()
        outcome = ending.failed(f"localexp could not run the script: {error}", code="SystemError")
    try:
        if store.exists():
            _end_with_patience(store, record, me, outcome, writer, bell, has_run)
            return True
    except ReplacedStoreError:
        # As if there were none: the one that is there now has another run of this key, or none.
        pass
    # Moved or deleted in the meantime. Who reads it where it is now finds this owner dead, and everything else.
    sys.stderr.write(f"{store.layout.root} is gone; run {record.id} cannot be ended as {outcome.status} there\n")
    return False


def _taken_over(store: Store, run_id: str, starter: str, me: str) -> RunRecord | None:
    with store.main.writing() as db:
        record = runs.find(db, run_id)
        if record is None or record.owner not in (starter, me):
            return None
        status = "CancelRequested" if record.status == "CancelRequested" else "Preparing"
        if record.status != "Preparing":
            states.move(db, record.key, record.owner, status, time=clock.now(), new_owner=me)
    return record


def _start_next(store: Store) -> None:
    from localexp.execution.queue import advance

    advance(store)


def _remove_if_empty(path: str) -> None:
    if os.path.getsize(path) == 0:
        os.unlink(path)


def _tidy_blobs(store: Store) -> None:
    """While the script runs nobody waits for this, as a submit would."""
    try:
        store.blobs.tidy()
    except (LocalexpError, OSError):
        # As on a full disk; somebody else will, and the script has nothing to do with it.
        return


def _print_traceback() -> None:
    # It takes a while to import, and hardly any run needs it.
    import traceback

    try:
        traceback.print_exc()
    except OSError:
        # Of a full disk there is to be told, maybe, and on that disk. The run has to end all the same.
        return


def _is_tree_lived_in(store: Store, record: RunRecord) -> bool:
    with store.main.reading() as db:
        tree = checkouts.of_run(db, record.key)
    return tree is not None and processes.any_lives_in(store.layout.checkout(tree.folder))


def _end_with_patience(
    store: Store, record: RunRecord, me: str, outcome: Outcome, writer: JournalWriter, bell: Bell, has_run: bool
) -> None:
    """A full disk or a lock that somebody keeps may pass; until then the run goes on, and has this owner."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    bell.was_told_to_end = False
    if _has_no_room(store):
        outcome.warning = _WITHOUT_ROOM
    while True:
        try:
            with store.main.writing() as db:
                states.move(db, record.key, me, "Finalizing", time=clock.now())
            if writer.is_closed:
                # By an end that failed: what is there to be kept by now has to be said once more.
                writer = ending.journal_writer(store, record)
            is_tree_clean = has_run and not _is_tree_lived_in(store, record)
            ending.end(store, record, me, outcome, writer, is_tree_clean)
            return
        except ReplacedStoreError:
            raise
        except (LocalexpError, OSError) as error:
            _print_traceback()
            if time.monotonic() > deadline or bell.was_told_to_end:
                raise
            if isinstance(error, FullDiskError):
                outcome.warning = _WITHOUT_ROOM
        time.sleep(_PAUSE_SECONDS)


def _has_no_room(store: Store) -> bool:
    if not hasattr(os, "statvfs"):
        return False
    status = os.statvfs(store.layout.root)
    # Some room is for root alone.
    blocks = status.f_bfree if os.geteuid() == 0 else status.f_bavail
    # A file system without a size of its own says that it has no blocks at all.
    return status.f_blocks > 0 and blocks * status.f_frsize < _LITTLE_ROOM


def _run(store: Store, record: RunRecord, me: str, writer: JournalWriter, bell: Bell) -> Outcome:
    if _is_canceled(store, record):
        return ending.canceled()
    try:
        start = handover.taken(store.layout.run(record.experiment_name, record.id))
        folder = _prepared(store, record, me, start, writer)
    except UserErrorException as error:
        return ending.failed(error.message)
    if _is_canceled(store, record):
        return ending.canceled()
    has_adopted = processes.adopt_orphans()
    try:
        process, started_at = _start(store, record, start, folder), clock.now()
    except OSError as error:
        return ending.failed(f"the script could not be started: {error}")
    verdict, is_stopped, left = None, False, 0
    try:
        is_running = _is_running(store, record, me, process.pid, started_at)
        # While the script starts nobody waits for these.
        from localexp.execution import reasons
        from localexp.execution.attending import Attendant
        from localexp.execution.memory import Memory

        memory = Memory()
        _load_what_the_end_needs()
        if is_running:
            _tidy_blobs(store)
            attendant = Attendant(store, record, process, writer, bell, has_adopted)
            verdict = attendant.attend(record.max_seconds)
            is_stopped = attendant.has_stopped
    finally:
        left = processes.kill_tree(process, has_adopted)
    exit_code = process.wait()
    if left and not is_stopped:
        count = "a process" if left == 1 else f"{left} processes"
        message = f"{count} that the script had left running had to be killed; have it wait for what it starts"
        writer.say(warning=message, source="supervisor")
    if verdict is not None:
        verdict.exit_code = exit_code
        return verdict
    log = store.layout.run(record.experiment_name, record.id).log
    outcome = reasons.outcome(exit_code, log, folder, start.source, memory)
    return _with_hint(outcome, record, log, folder, start.source) if exit_code > 0 else outcome


def _load_what_the_end_needs() -> None:
    """Nobody waits for it now; and by then another version may have been installed in its place."""
    for name in _NEEDED_AT_THE_END:
        __import__(name)


def _is_running(store: Store, record: RunRecord, me: str, script: int, started_at: int) -> bool:
    """Record that the script runs; False if the run was canceled meanwhile."""
    with store.main.writing() as db:
        runs.set_process(db, record.key, str(owners.process(script)))
        return states.move(db, record.key, me, "Running", time=started_at)


def _prepared(store: Store, record: RunRecord, me: str, start: Start, writer: JournalWriter) -> str:
    """A checkout of the run's snapshot in which the script finds what it may expect.

    :raises UserErrorException: an input is gone.
    """
    assert record.snapshot is not None
    tree, warnings = checkout.lease(store, record.key, record.snapshot, start.source, me)
    for message in warnings:
        writer.say(warning=message, source="snapshot")
    folder = store.layout.checkout(tree.folder)
    for name in LIVE_FOLDERS:
        _make_output_folder(folder, name, writer)
    if start.inputs:
        from localexp.execution import inputs

        inputs.link(folder, start.source, start.inputs)
        for message in inputs.changes(store, record.key, start.source, start.inputs):
            writer.say(warning=message, source="inputs")
    return folder


def _with_hint(outcome: Outcome, record: RunRecord, log: str, folder: str, source: str) -> Outcome:
    """The failure of a script; if that was for a file that its snapshot lacks, the error says how to bring it in."""
    from localexp.execution import missing

    found = missing.hint(log, folder, source, bool(record.definition_parts()["ignoreParents"]))
    return outcome if found is None else ending.with_hint(outcome, found.text, found.input)


def _is_canceled(store: Store, record: RunRecord) -> bool:
    with store.main.reading() as db:
        return states.is_cancel_requested(db, record.key)


def _make_output_folder(folder: str, name: str, writer: JournalWriter) -> None:
    path = os.path.join(folder, name)
    # A source may have something else of its own by that name.
    if not os.path.lexists(path):
        os.mkdir(path)
    elif os.path.islink(path):
        message = f"{name} is a link, to {os.readlink(path)}: what the script writes there is not kept with the run"
        writer.say(warning=message, source="capture")


def _start(store: Store, record: RunRecord, start: Start, folder: str) -> Script:
    layout = store.layout.run(record.experiment_name, record.id)
    environment = {**start.environment, **context.variables(store, record)}
    # Bytecode that is kept elsewhere would outlive the files that it was compiled of, unnoticed.
    environment.pop("PYTHONPYCACHEPREFIX", None)
    inherited = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = pythonpath.variable(store.layout, start.source, start.places, folder, inherited)
    if isinstance(start.command, str):
        environment["PATH"] = context.search_path(start.interpreter, environment)
    return script.started(start.command, folder, environment, layout.log)
