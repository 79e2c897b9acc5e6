"""Submit: check, take the snapshot, record the run, start its supervisor."""

from __future__ import annotations

import os
from contextlib import ExitStack

from localexp import observing
from localexp.errors import ScriptNotFound, UserErrorException
from localexp.execution import (
    canceling,
    context,
    facts,
    handover,
    inputs,
    judging,
    refusals,
    reuse,
    snapshots,
    targets,
)
from localexp.execution.identity import identity
from localexp.snapshot import take
from localexp.snapshot.explain import explain
from localexp.store import arguments, clock, determinism, experiments, owners, params, runs, tags
from localexp.store import inputs as recorded_inputs
from localexp.store import queue as rows
from localexp.store import warnings as recorded_warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from localexp.execution.facts import Facts
    from localexp.execution.submission import Submission
    from localexp.store.inputs import Input
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

SCRIPT_RUN = "azureml.scriptrun"


class Launched:
    """A run that was submitted, or if ``is_reused`` one that need not be; ``warnings`` are those of its snapshot."""

    def __init__(self, record: RunRecord, warnings: list[str], is_reused: bool) -> None:
        self.record = record
        self.warnings = warnings
        self.is_reused = is_reused


def launch(store: Store, experiment: str, submission: Submission) -> Launched:
    """Submit a run to an experiment of this name; return it once its supervisor answers for it, or it is in the queue.

    :raises UserErrorException: the source directory or an input cannot be used, the script is not Python, the command
        begins with no program, or the parent was deleted.
    :raises RunConfigurationException: the interpreter is no Python.
    :raises ScriptNotFound: the script is not in the source directory, or not in its snapshot.
    :raises SnapshotException: the source directory cannot be captured, or an input cannot be read.
    :raises ExperimentExecutionException: the supervisor cannot be started; the run is Failed.
    """
    target = targets.target(submission.target)
    refusals.check(submission)
    target.check(submission)
    submission.inputs = inputs.checked(store, submission.source, submission.inputs)
    found = inputs.found(store, submission.source, submission.inputs)
    with target.turn():
        launched = _captured(store, experiment, submission, found)
        if not launched.is_reused:
            _start(store, launched.record)
    return launched


def _captured(store: Store, experiment: str, submission: Submission, found: list[Input]) -> Launched:
    """Take the snapshot, and record the run unless there is one that will do."""
    with ExitStack() as stack:
        # Git is at work while the snapshot is taken, but not for a run that need not be.
        gathered = None if submission.reuses else stack.enter_context(_gathering(submission))
        snapshot = stack.enter_context(take.taken(store, submission.source, submission.snapshot))
        _check_captured(submission, snapshot)
        same = identity(submission, snapshot.id, found)
        if gathered is None:
            earlier = reuse.completed(store, experiment, submission, same)
            if earlier is not None:
                return Launched(earlier, snapshot.warnings, is_reused=True)
            gathered = stack.enter_context(_gathering(submission))
        record = _recorded(store, experiment, submission, snapshot, found, same, gathered())
    return Launched(record, snapshot.warnings, is_reused=False)


def launch_again(store: Store, experiment: str, submission: Submission, snapshot: str, known: Facts) -> RunRecord:
    """As ``launch``, but of a snapshot that is there already: what is in the source directory by now does not count.

    :raises UserErrorException: its target has no room for it.
    :raises SnapshotException: the snapshot is not there, or an input cannot be read.
    :raises ExperimentExecutionException: the supervisor cannot be started; the run is Failed.
    """
    found = inputs.found(store, submission.source, submission.inputs)
    same = identity(submission, snapshot, found)
    with targets.target(submission.target).turn():
        record = _recorded(store, experiment, submission, snapshots.Stored(snapshot), found, same, known)
        _start(store, record)
    return record


def _start(store: Store, record: RunRecord) -> None:
    try:
        targets.target(str(record.target)).start(store, record)
    except KeyboardInterrupt:
        # Who asked for the run does not want it any more, and has no run in hand to be canceled.
        _cancel(store, record)
        raise


def _gathering(submission: Submission) -> AbstractContextManager[Callable[[], Facts]]:
    return facts.gathering(
        submission.source,
        submission.interpreter,
        submission.python,
        submission.variables,
        has_packages=submission.wanted is None,
        ignore_parents=submission.snapshot.ignore_parents,
    )


def _cancel(store: Store, record: RunRecord) -> None:
    try:
        record = canceling.marked(store, record)
    except UserErrorException:
        # It has just ended by itself.
        return
    # Without a supervisor it is still this process that answers for it.
    judging.is_freed(store, record)


def _recorded(
    store: Store,
    experiment: str,
    submission: Submission,
    snapshot: take.Taken | snapshots.Stored,
    found: list[Input],
    same: str,
    gathered: Facts,
) -> RunRecord:
    definition = submission.definition()
    environment = context.without_run({**os.environ, **submission.variables})
    record = None
    try:
        with store.main.writing(durable=True) as db:
            snapshot.record(db)
            key = _add_run(db, store, experiment, submission, definition, snapshot, found, same, gathered)
            record = runs.by_key(db, key)
            # Within the transaction: once the run is there, anybody may start it.
            start = handover.Start.of(definition, {**environment, **determinism.inherited(record.created_at)})
            handover.keep(store.layout.run(record.experiment_name, record.id), start)
    except BaseException:
        if record is not None:
            _withdraw(store, record)
        raise
    observing.started(store, record)
    return record


def _withdraw(store: Store, record: RunRecord) -> None:
    """Leave nothing of a run that was not recorded; one that just was, when Ctrl-C came, is canceled."""
    with store.main.reading() as db:
        is_recorded = runs.find(db, record.id) is not None
    if is_recorded:
        _cancel(store, record)
    else:
        handover.forget(store.layout.run(record.experiment_name, record.id))


def _check_captured(submission: Submission, snapshot: take.Taken) -> None:
    if submission.script is None:
        return
    script = os.path.normpath(submission.script).replace(os.sep, "/")
    if not snapshot.holds(script):
        why = explain(os.fsencode(submission.source), os.fsencode(script), submission.snapshot.ignore_parents).reason
        raise ScriptNotFound(
            f"the script {script} is not in the snapshot of {submission.source}: {why}; change that or move the script"
        )


def _has_room(db: sqlite3.Connection) -> bool:
    return next(rows.waiting(db), None) is None and rows.has_room(db)


def _add_run(
    db: sqlite3.Connection,
    store: Store,
    experiment: str,
    submission: Submission,
    definition: dict[str, object],
    snapshot: take.Taken | snapshots.Stored,
    found: list[Input],
    same: str,
    gathered: Facts,
) -> int:
    now, here = clock.now(), context.current()
    submitter = (
        runs.find(db, here.run_id) if here is not None and context.is_part_of(store.layout, here.run_id) else None
    )
    parent = submission.parent
    home = experiments.get_or_create(db, experiment, now).key if parent is None else runs.experiment_of(db, parent)
    is_queued = targets.target(submission.target).is_queued
    is_first = submission.now or not is_queued or _has_room(db)
    key = runs.create(
        db,
        identifier=submission.run_id,
        experiment=home,
        parent=None if parent is None else parent.key,
        submitter=None if submitter is None else submitter.key,
        # What never waits is for no queue to start, should this process die.
        status="Queued" if not is_first else "NotStarted" if is_queued else "Preparing",
        owner=str(owners.this_process()) if is_first else None,
        created_at=now,
        type=SCRIPT_RUN,
        target=submission.target,
        definition=definition,
        snapshot=snapshot.id,
        new_blobs=snapshot.new_blobs if submission.keeps_snapshot else None,
        new_bytes=snapshot.new_bytes if submission.keeps_snapshot else None,
        identity=same,
        origin=submission.origin,
    )
    for one in found:
        recorded_inputs.add(db, key, one)
    for name, value in submission.tags.items():
        tags.put(db, key, name, value, (now, 0, 0))
    params.add(db, key, arguments.params_of(definition), now)
    for number, message in enumerate(submission.warnings):
        recorded_warnings.add(db, key, "rerun", message, (now, 0, number))
    tags.add_property(db, key, "azureml.runsource", SCRIPT_RUN, (now, 0, 0))
    facts.record(db, key, gathered, now)
    if submission.keeps_snapshot:
        snapshots.describe(db, key, snapshot, now)
    return key
