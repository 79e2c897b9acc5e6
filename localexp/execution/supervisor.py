"""The process that owns a submitted run: it runs the script, listens, and records how that ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from localexp.errors import LocalexpError
from localexp.execution import context, ending, processes, pythonpath
from localexp.execution.capture import LIVE_FOLDERS
from localexp.journal import fold
from localexp.snapshot import checkout
from localexp.store import checkouts, clock, owners, runs
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.ending import Outcome
    from localexp.journal.writer import JournalWriter
    from localexp.store.runs import RunRecord

_FOLD_EVERY_SECONDS = 2.0
_TAIL_BYTES = 64 * 1024
_PATIENCE_SECONDS, _PAUSE_SECONDS = 600.0, 1.0
_BEGINNING = {"NotStarted": "Preparing", "CancelRequested": "CancelRequested"}


def main(root: str, run_id: str) -> None:
    """Answer for the run from now on until it has ended; do nothing if somebody has judged it meanwhile."""
    store = Store(root)
    me = str(owners.this_process())
    with store.main.writing() as db:
        record = runs.find(db, run_id)
        if record is None or record.owner is None or record.status not in _BEGINNING:
            return
        runs.move(db, record.key, record.owner, _BEGINNING[record.status], time=clock.now(), new_owner=me)
    supervise(store, record, me)
    store.close()


def supervise(store: Store, record: RunRecord, me: str) -> None:
    """Run the script of a run that this process owns, and end the run."""
    layout = store.layout.run(record.experiment_name, record.id)
    writer = ending.journal_writer(store, record)
    has_run = False
    try:
        outcome = _run(store, record, me, writer)
        has_run = True
    except Exception as error:
        _print_traceback()
        outcome = ending.failed(f"localexp could not run the script: {error}", code="SystemError")
    if not store.exists():
        # Moved or deleted in the meantime. Who reads it where it is now finds this owner dead, and everything else.
        sys.stderr.write(f"{store.layout.root} is gone; run {record.id} cannot be ended as {outcome.status} there\n")
        return
    _end_with_patience(store, record, me, outcome, writer, has_run)
    if os.path.getsize(layout.supervisor_log) == 0:
        os.unlink(layout.supervisor_log)


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

    traceback.print_exc()


def _is_tree_lived_in(store: Store, record: RunRecord) -> bool:
    with store.main.reading() as db:
        tree = checkouts.of_run(db, record.key)
    return tree is not None and processes.any_lives_in(store.layout.checkout(tree.folder))


def _end_with_patience(
    store: Store, record: RunRecord, me: str, outcome: Outcome, writer: JournalWriter, has_run: bool
) -> None:
    """A full disk or a lock that somebody keeps may pass; until then the run goes on, and has this owner."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            if writer.is_closed:
                # By an end that failed: what is there to be kept by now has to be said once more.
                writer = ending.journal_writer(store, record)
            is_tree_clean = has_run and not _is_tree_lived_in(store, record)
            ending.end(store, record, me, outcome, writer, is_tree_clean)
            return
        except (LocalexpError, OSError):
            _print_traceback()
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _run(store: Store, record: RunRecord, me: str, writer: JournalWriter) -> Outcome:
    definition = record.definition_parts()
    source = str(definition["sourceDirectory"])
    assert record.snapshot is not None
    tree, warnings = checkout.lease(store, record.key, record.snapshot, source, me)
    for message in warnings:
        writer.say(warning=message, source="snapshot")
    folder = store.layout.checkout(tree.folder)
    for name in LIVE_FOLDERS:
        _make_output_folder(folder, name, writer)
    if _is_canceled(store, record):
        return ending.canceled()
    try:
        script = _start(store, record, definition, folder)
    except OSError as error:
        return ending.failed(f"the script could not be started: {error}")
    leader = owners.process(script.pid)
    try:
        with store.main.writing() as db:
            runs.set_process(db, record.key, str(leader))
            is_running = runs.move(db, record.key, me, "Running", time=clock.now())
        if is_running:
            _tidy_blobs(store)
            _listen_until_ended(store, record, script, writer)
    finally:
        processes.kill_own_group(script.pid)
        script.wait()
        processes.kill_marked(context.RUN_ID, record.id)
    return _finalized(store, record, me, script.returncode)


def _finalized(store: Store, record: RunRecord, me: str, exit_code: int) -> Outcome:
    if not store.exists():
        # Its log went with it.
        return ending.completed() if exit_code == 0 else ending.failed(_how_it_ended(exit_code), exit_code)
    with store.main.writing() as db:
        runs.move(db, record.key, me, "Finalizing", time=clock.now())
    return _judged(exit_code, store.layout.run(record.experiment_name, record.id).log)


def _is_canceled(store: Store, record: RunRecord) -> bool:
    with store.main.reading() as db:
        return runs.is_cancel_requested(db, record.key)


def _make_output_folder(folder: str, name: str, writer: JournalWriter) -> None:
    path = os.path.join(folder, name)
    # A source may have something else of its own by that name.
    if not os.path.lexists(path):
        os.mkdir(path)
    elif os.path.islink(path):
        message = f"{name} is a link, to {os.readlink(path)}: what the script writes there is not kept with the run"
        writer.say(warning=message, source="capture")


def _start(store: Store, record: RunRecord, definition: dict[str, object], folder: str) -> subprocess.Popen[bytes]:
    interpreter, source = str(definition["interpreter"]), str(definition["sourceDirectory"])
    places = definition["pythonPath"]
    assert isinstance(places, list)
    environment = {**os.environ, **context.variables(store.layout, record)}
    # Bytecode that is kept elsewhere would outlive the files that it was compiled of, unnoticed.
    environment.pop("PYTHONPYCACHEPREFIX", None)
    inherited = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = pythonpath.variable(store.layout, source, places, folder, inherited)
    command = _command(definition, interpreter)
    if isinstance(command, str):
        # What a command calls "python" is the interpreter that the run was configured with.
        environment["PATH"] = os.path.dirname(interpreter) + os.pathsep + environment.get("PATH", os.defpath)
    with open(store.layout.run(record.experiment_name, record.id).log, "ab") as log:
        return subprocess.Popen(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=processes.HAS_SESSIONS,
            creationflags=processes.DETACHED,
        )


def _command(definition: dict[str, object], interpreter: str) -> str | list[str]:
    if definition["command"] is not None:
        return str(definition["command"])
    script, arguments = str(definition["script"]), definition["arguments"]
    assert isinstance(arguments, list)
    # A name with a dash in front would be taken for an option.
    return [interpreter, os.path.join(".", script) if script.startswith("-") else script, *arguments]


def _listen_until_ended(
    store: Store, record: RunRecord, script: subprocess.Popen[bytes], writer: JournalWriter
) -> None:
    layout = store.layout.run(record.experiment_name, record.id)
    has_ended = threading.Event()

    def wait() -> None:
        script.wait()
        has_ended.set()

    threading.Thread(target=wait, daemon=True).start()
    has_warned = is_to_end = False
    while not has_ended.wait(_FOLD_EVERY_SECONDS):
        try:
            fold.fold(store, record.key, layout)
            # Whoever canceled it has asked the script to end, which may take one round.
            if is_to_end:
                return
            is_to_end = _is_canceled(store, record)
        except (LocalexpError, OSError) as error:
            # The script is not to suffer from it: the next round, a reader or the end will fold.
            if not has_warned:
                writer.say(warning=f"what was logged could not be folded for some time: {error}", source="supervisor")
            has_warned = True


def _judged(exit_code: int, log: str) -> Outcome:
    if exit_code == 0:
        return ending.completed()
    # Python itself ends with 1, a shell without the program with 126 or 127; otherwise the log may end with anything.
    last_line = _last_words(log) if exit_code in (1, 126, 127) else ""
    return ending.failed(_how_it_ended(exit_code) + (f": {last_line}" if last_line else ""), exit_code)


def _how_it_ended(exit_code: int) -> str:
    if exit_code < 0:
        return f"the script was killed by {_signal_name(-exit_code)}"
    return f"the script exited with code {exit_code}"


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(log: str) -> str:
    """The line of the log that names the exception which ended the script; without a traceback, the last line."""
    with open(log, "rb") as file:
        file.seek(max(0, os.path.getsize(log) - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last):")]
    candidates = lines[starts[-1] + 1 :] if starts else lines[::-1]
    return next((line.strip() for line in candidates if line[:1].strip()), "")
