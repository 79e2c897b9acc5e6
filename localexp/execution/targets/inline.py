"""Scripts in the process that submits them: for debuggers, coverage, and tests."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from functools import partial

from localexp.errors import UserErrorException
from localexp.execution import context, ending, handover, judging, patience, preparing, processes, queue
from localexp.execution.homes import StoreHome
from localexp.store import clock, owners, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.ending import Outcome
    from localexp.execution.handover import Start
    from localexp.execution.submission import Submission
    from localexp.journal.writer import JournalWriter
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

is_queued = False
_INSTEAD = 'submit it with target="local"'
_BUSY = f"a script runs in this process already, and inline there can be only one; {_INSTEAD}, or when that has ended"
# A process has one working directory, one sys.argv, one main module.
_turn = threading.Lock()


def check(submission: Submission) -> None:
    """Refuse what needs a process of its own, or another one than this.

    :raises UserErrorException: it does.
    """
    if submission.command is not None:
        raise UserErrorException(f"a command cannot run inline, which is for Python scripts; {_INSTEAD}")
    if submission.ranks is not None:
        raise UserErrorException(f"a distributed script is several processes, and inline is this one; {_INSTEAD}")
    if submission.wanted is not None:
        raise UserErrorException(
            f"an environment that is built has an interpreter of its own, and inline is this process; {_INSTEAD}"
        )
    if not _is_this(submission.interpreter):
        raise UserErrorException(
            f"{submission.interpreter} cannot run a script inline: this process is {sys.executable}; {_INSTEAD}"
        )
    if submission.max_seconds is not None:
        raise UserErrorException(
            f"a script that runs inline cannot be stopped after {submission.max_seconds:g} s: leave "
            f"max_run_duration_seconds as it is by default, or {_INSTEAD}"
        )


@contextmanager
def turn() -> Iterator[None]:
    """Have this process to itself.

    :raises UserErrorException: a script is at work here already.
    """
    if not _turn.acquire(blocking=False):
        raise UserErrorException(_BUSY)
    try:
        yield
    finally:
        _turn.release()


def _is_this(interpreter: str) -> bool:
    """Whether it is the interpreter of this process; the same program elsewhere is another virtual environment's."""
    if os.path.abspath(interpreter) == os.path.abspath(sys.executable):
        return True
    is_beside = os.path.dirname(os.path.abspath(interpreter)) == os.path.dirname(os.path.abspath(sys.executable))
    return is_beside and os.path.realpath(interpreter) == os.path.realpath(sys.executable)


def start(store: Store, record: RunRecord) -> None:
    """Run the script, and end the run.

    :raises KeyboardInterrupt: the script was interrupted; the run is Canceled.
    """
    home = StoreHome(store, record, str(owners.this_process()))
    writer = home.writer()
    with judging.at_work(store, record):
        try:
            outcome, is_alone = _ended(store, record, writer)
        except KeyboardInterrupt:
            _end(home, ending.canceled(), writer)
            raise
        _end(home, outcome, writer, is_alone)
    queue.advance(store)


def _ended(store: Store, record: RunRecord, writer: JournalWriter) -> tuple[Outcome, bool]:
    """How the script has ended, and whether it has left no thread at work."""
    threads = set(threading.enumerate())
    try:
        start = handover.taken(store.layout.run(record.experiment_name, record.id))
        folder = preparing.checkout_of(store, record, str(owners.this_process()), start, writer)
        outcome = _outcome(store, record, start, folder, writer)
        return outcome, threads.issuperset(threading.enumerate())
    except UserErrorException as error:
        return ending.failed(error.message), False
    except Exception as error:
        return ending.failed(f"localexp could not run the script: {error}", code="SystemError"), False


def _end(home: StoreHome, outcome: Outcome, writer: JournalWriter, is_alone: bool = False) -> None:
    told: set[str] = set()

    def may_wait(error: Exception) -> bool:
        if str(error) not in told:
            sys.stderr.write(f"localexp: run {home.run_id} cannot be ended yet, which is tried again: {error}\n")
        told.add(str(error))
        return True

    patience.end(home, outcome, writer, is_alone, may_wait)


def _outcome(store: Store, record: RunRecord, start: Start, folder: str, writer: JournalWriter) -> Outcome:
    """Run the script, and say how that makes its run end."""
    from localexp.execution import missing, reasons
    from localexp.execution.inline.interpreter import ended
    from localexp.execution.memory import Memory
    from localexp.journal.writer import close_writers

    layout, memory = store.layout.run(record.experiment_name, record.id), Memory()
    os.makedirs(layout.journals, exist_ok=True)
    os.makedirs(os.path.dirname(layout.log), exist_ok=True)
    with store.main.writing() as db:
        if not states.move(db, record.key, str(owners.this_process()), "Running", time=clock.now()):
            return ending.canceled()
    try:
        exit_code = ended(start, folder, preparing.environment(store, record, start, folder), layout.log)
    finally:
        close_writers(layout, but=writer)
        _kill_what_is_left(store, record, writer)
    outcome = reasons.outcome(exit_code, layout.log, folder, start.source, memory)
    ignores_parents = bool(record.definition_parts()["ignoreParents"])
    hint = missing.hint(layout.log, folder, start.source, ignores_parents) if exit_code else None
    return outcome if hint is None else ending.with_hint(outcome, hint.text, hint.input)


def _kill_what_is_left(store: Store, record: RunRecord, writer: JournalWriter) -> None:
    left = processes.kill_left_behind(partial(context.is_part_of, store.layout, record.id))
    if left:
        from localexp.execution.reasons import left_running

        writer.say(warning=left_running(left), source="supervisor")
