"""Submit: check, take the snapshot, record the run, start its supervisor."""

from __future__ import annotations

import os

from localexp.errors import ScriptNotFound, UserErrorException
from localexp.execution import (
    canceling,
    context,
    handover,
    inputs,
    judging,
    pythonpath,
    queue,
    refusals,
    snapshots,
    starting,
)
from localexp.execution.identity import identity
from localexp.snapshot import take
from localexp.snapshot.explain import explain
from localexp.store import clock, experiments, identifiers, owners, runs, tags
from localexp.store import inputs as recorded_inputs
from localexp.store import queue as rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.inputs import Input
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

SCRIPT_RUN = "azureml.scriptrun"


class Submission:
    """All that a run needs, as plain data: either ``script`` with ``arguments`` or ``command`` is given.

    ``script`` is relative to ``source``, which is absolute; ``arguments`` are texts; ``command`` goes to a shell, and
    begins with ``program`` if that has to be there. The run has a snapshot in any case while it goes on, for its
    checkout; ``keeps_snapshot`` says whether also afterwards. ``parent`` is the run that it is a child of,
    ``environment`` the name of the environment. With ``now`` it does not wait for its turn; after ``max_seconds`` of
    running it is canceled. ``inputs`` are paths in ``source``.
    """

    def __init__(
        self,
        *,
        source: str,
        script: str | None,
        arguments: list[str],
        command: str | None,
        interpreter: str,
        variables: dict[str, str],
        target: str = "local",
        tags: dict[str, str | None] | None = None,
        run_id: str | None = None,
        parent: RunRecord | None = None,
        snapshot: take.Options | None = None,
        keeps_snapshot: bool = True,
        environment: str = "default-environment",
        inputs: list[str] | None = None,
        now: bool = False,
        max_seconds: float | None = None,
        program: str | None = None,
    ) -> None:
        self.source = source
        self.script = script
        self.arguments = arguments
        self.command = command
        self.interpreter = interpreter
        self.variables = variables
        self.target = target
        self.tags = tags or {}
        self.run_id = run_id
        self.snapshot = snapshot or take.Options()
        self.keeps_snapshot = keeps_snapshot
        self.parent = parent
        self.environment = environment
        self.inputs = [] if inputs is None else inputs
        self.now = now
        self.max_seconds = max_seconds
        self.program = program

    def definition(self) -> dict[str, object]:
        """What is kept of it. Of environment variables it is the names: values are often secrets."""
        return {
            "script": self.script,
            "arguments": self.arguments,
            "command": self.command,
            "target": self.target,
            "environment": self.environment,
            "interpreter": self.interpreter,
            "sourceDirectory": self.source,
            "pythonPath": pythonpath.places_in_source(self.source, self.interpreter),
            "environmentVariables": sorted(self.variables),
            "snapshotProject": self.keeps_snapshot,
            "inputs": self.inputs,
            "ignoreParents": self.snapshot.ignore_parents,
            "maxRunDurationSeconds": self.max_seconds,
        }


def launch(store: Store, experiment: str, submission: Submission) -> tuple[RunRecord, list[str]]:
    """Submit a run to an experiment of this name; return it once its supervisor answers for it, or it is in the queue.

    With it come warnings of its snapshot, for the user.

    :raises UserErrorException: the source directory or an input cannot be used, the script is not Python, the command
        begins with no program, or the parent was deleted.
    :raises RunConfigurationException: the interpreter is no Python.
    :raises ScriptNotFound: the script is not in the source directory, or not in its snapshot.
    :raises SnapshotException: the source directory cannot be captured, or an input cannot be read.
    :raises ExperimentExecutionException: the supervisor cannot be started; the run is Failed.
    """
    refusals.check(submission)
    submission.inputs = inputs.checked(store, submission.source, submission.inputs)
    found = inputs.found(store, submission.source, submission.inputs)
    definition = submission.definition()
    with take.taken(store, submission.source, submission.snapshot) as snapshot:
        _check_captured(submission, snapshot)
        record = _recorded(store, experiment, submission, definition, snapshot, found)
    try:
        if record.owner is None:
            queue.advance(store)
        else:
            starting.start(store, record)
    except KeyboardInterrupt:
        # Who asked for the run does not want it any more, and has no run in hand to be canceled.
        _cancel(store, record)
        raise
    return record, snapshot.warnings


def _cancel(store: Store, record: RunRecord) -> None:
    try:
        record = canceling.request_cancel(store, record)
    except UserErrorException:
        # It has just ended by itself.
        return
    # Without a supervisor it is still this process that answers for it.
    judging.is_freed(store, record)


def _recorded(
    store: Store,
    experiment: str,
    submission: Submission,
    definition: dict[str, object],
    snapshot: take.Taken,
    found: list[Input],
) -> RunRecord:
    environment = context.without_run({**os.environ, **submission.variables})
    record = None
    try:
        with store.main.writing(durable=True) as db:
            snapshot.record(db)
            record = runs.by_key(db, _add_run(db, store, experiment, submission, definition, snapshot, found))
            # Within the transaction: once the run is there, anybody may start it.
            start = handover.Start.of(definition, environment)
            handover.keep(store.layout.run(record.experiment_name, record.id), start)
    except BaseException:
        if record is not None:
            _withdraw(store, record)
        raise
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


def _add_run(
    db: sqlite3.Connection,
    store: Store,
    experiment: str,
    submission: Submission,
    definition: dict[str, object],
    snapshot: take.Taken,
    found: list[Input],
) -> int:
    now, here = clock.now(), context.current()
    submitter = (
        runs.find(db, here.run_id) if here is not None and context.is_part_of(store.layout, here.run_id) else None
    )
    parent = submission.parent
    home = experiments.get_or_create(db, experiment, now).key if parent is None else runs.experiment_of(db, parent)
    identifier = submission.run_id or f"{identifiers.slug(experiment)}_{now // 1_000_000}_{identifiers.short()}"
    is_first = submission.now or (next(rows.waiting(db), None) is None and rows.has_room(db))
    key = runs.create(
        db,
        identifier=identifier,
        experiment=home,
        parent=None if parent is None else parent.key,
        submitter=None if submitter is None else submitter.key,
        status="NotStarted" if is_first else "Queued",
        owner=str(owners.this_process()) if is_first else None,
        created_at=now,
        type=SCRIPT_RUN,
        target=submission.target,
        definition=definition,
        snapshot=snapshot.id,
        new_blobs=snapshot.new_blobs if submission.keeps_snapshot else None,
        new_bytes=snapshot.new_bytes if submission.keeps_snapshot else None,
        identity=identity(submission, snapshot.id, found),
    )
    for one in found:
        recorded_inputs.add(db, key, one)
    for name, value in submission.tags.items():
        tags.put(db, key, name, value, (now, 0, 0))
    tags.add_property(db, key, "azureml.runsource", SCRIPT_RUN, (now, 0, 0))
    if submission.keeps_snapshot:
        snapshots.describe(db, key, snapshot, now)
    return key
