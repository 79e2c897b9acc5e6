"""Run the script of a run to its end, wherever the run is at home."""

from __future__ import annotations

import sys

from localexp.errors import LocalexpError, ReplacedStoreError, UserErrorException
from localexp.execution import ending, handover, patience, processes, script
from localexp.store import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.bell import Bell
    from localexp.execution.ending import Outcome
    from localexp.execution.handover import Start
    from localexp.execution.homes import Home
    from localexp.execution.leash import Leash
    from localexp.execution.script import Script
    from localexp.journal.writer import JournalWriter

_NEEDED_AT_THE_END = (
    "json",
    "localexp.execution.capture",
    "localexp.execution.last_words",
    "localexp.execution.missing",
    "localexp.execution.queue",
    "localexp.journal.fold",
)


def supervise(home: Home, bell: Bell) -> bool:
    """Run the script of a run that this process answers for, and end it; False if its home is gone meanwhile."""
    writer = home.writer()
    has_run = False
    try:
        outcome = _run(home, writer, bell)
        has_run = True
    except Exception as error:
        _print_traceback()
        outcome = ending.failed(f"localexp could not run the script: {error}", code="SystemError")
    try:
        if home.exists():
            _end(home, outcome, writer, bell, has_run)
            return True
    except ReplacedStoreError:
        # As if there were none: the one that is there now has another run of this key, or none.
        pass
    # Moved or deleted in the meantime. Who reads it where it is now finds this owner dead, and everything else.
    sys.stderr.write(f"{home.layout.root} is gone; run {home.run_id} cannot be ended as {outcome.status} there\n")
    return False


def _tidy(home: Home) -> None:
    """While the script runs nobody waits for this, as a submit would."""
    try:
        home.tidy()
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


def _end(home: Home, outcome: Outcome, writer: JournalWriter, bell: Bell, has_run: bool) -> None:
    def may_wait(_: Exception) -> bool:
        _print_traceback()
        return not bell.was_told_to_end

    bell.was_told_to_end = False
    patience.end(home, outcome, writer, has_run, may_wait)


def _run(home: Home, writer: JournalWriter, bell: Bell) -> Outcome:
    if home.is_canceled():
        return ending.canceled()
    try:
        start = handover.taken(home.run)
        leash = home.leash(start)
        if not home.has_interpreter(start, lambda: bell.was_told_to_end or leash.is_let_go() or home.is_canceled()):
            return _not_begun(bell, leash)
        folder = home.prepared(start, writer)
    except UserErrorException as error:
        return ending.failed(error.message)
    if leash.is_let_go() or home.is_canceled():
        return _not_begun(bell, leash)
    has_adopted = processes.adopt_orphans()
    try:
        sample_seconds = home.sample_seconds()
        process, started_at = _started(home, start, folder), clock.now()
    except OSError as error:
        return ending.failed(f"the script could not be started: {error}")
    verdict, is_stopped, left = None, False, 0
    try:
        is_running = _is_said_to_run(home, process.pid, started_at)
        # While the script starts nobody waits for these.
        from localexp.execution import reasons
        from localexp.execution.attending import Attendant
        from localexp.execution.distributed import ends
        from localexp.execution.memory import Memory

        memory = Memory()
        _load_what_the_end_needs()
        if is_running:
            _tidy(home)
            attendant = Attendant(home, process, writer, bell, leash, has_adopted, sample_seconds)
            verdict = attendant.attend(home.max_seconds)
            is_stopped = attendant.has_stopped
    finally:
        left = processes.kill_tree(process, has_adopted)
    exit_code, (log, who) = process.wait(), ends.teller(home.run)
    # What a rank that has failed has left running it could not wait for.
    if left and not is_stopped and who == ends.SCRIPT:
        writer.say(warning=reasons.left_running(left), source="supervisor")
    if verdict is not None:
        verdict.exit_code = exit_code
        return verdict
    outcome = reasons.outcome(exit_code, log, folder, start.source, memory, who)
    return _with_hint(outcome, home, log, folder, start.source) if exit_code > 0 else outcome


def _not_begun(bell: Bell, leash: Leash) -> Outcome:
    if leash.is_let_go():
        return leash.outcome()
    return ending.told_to_end() if bell.was_told_to_end else ending.canceled()


def _is_said_to_run(home: Home, pid: int, started_at: int) -> bool:
    """Record that the script runs; False if it is not to run any more."""
    try:
        return home.say_running(pid, started_at)
    except ReplacedStoreError:
        # The script has done nothing to be killed for it.
        return True


def _load_what_the_end_needs() -> None:
    """Nobody waits for it now; and by then another version may have been installed in its place."""
    for name in _NEEDED_AT_THE_END:
        __import__(name)


def _with_hint(outcome: Outcome, home: Home, log: str, folder: str, source: str) -> Outcome:
    """The failure of a script; if that was for a file that its snapshot lacks, the error says how to bring it in."""
    from localexp.execution import missing

    found = missing.hint(log, folder, source, home.ignores_parents)
    return outcome if found is None else ending.with_hint(outcome, found.text, found.input)


def _started(home: Home, start: Start, folder: str) -> Script:
    command, environment = start.command, home.environment(start, folder)
    if start.ranks is not None:
        from localexp.execution.distributed import starter

        environment.update(starter.variables(start.ranks))
        command = starter.command(start.ranks, command, home.run, home.grace_seconds())
    return script.started(command, folder, environment, home.run.log)
