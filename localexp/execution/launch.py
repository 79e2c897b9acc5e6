"""Submit: check, take the snapshot, record the run, start its supervisor."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys

from localexp.errors import ExperimentExecutionException, ScriptNotFound, UserErrorException
from localexp.execution import context, ending, processes, pythonpath, snapshots
from localexp.snapshot import take
from localexp.snapshot.explain import explain
from localexp.store import clock, experiments, identifiers, owners, runs, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

SCRIPT_RUN = "azureml.scriptrun"

_SUPERVISE = (
    "import os, sys; sys.path += sys.argv[1].split(os.pathsep); "
    "from localexp.execution.supervisor import main; main(*sys.argv[2:])"
)
_started: list[subprocess.Popen[bytes]] = []


class Submission:
    """All that a run needs, as plain data: either ``script`` with ``arguments`` or ``command`` is given.

    ``script`` is relative to ``source``, which is absolute; ``arguments`` are texts; ``command`` goes to a shell. The
    run has a snapshot in any case while it goes on, for its checkout; ``keeps_snapshot`` says whether also afterwards.
    ``parent`` is the run that it is a child of, ``environment`` the name of the environment.
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
        }


def launch(store: Store, experiment: str, submission: Submission) -> tuple[RunRecord, list[str]]:
    """Submit a run to an experiment of this name, and return it once its supervisor answers for it.

    With it come warnings of its snapshot, for the user.

    :raises UserErrorException: the source directory cannot be used, or the parent was deleted.
    :raises ScriptNotFound: the script is not in the source directory, or not in its snapshot.
    :raises SnapshotException: the source directory cannot be captured.
    :raises ExperimentExecutionException: the supervisor cannot be started; the run is Failed.
    """
    _check(submission)
    me = str(owners.this_process())
    definition = submission.definition()
    with take.taken(store, submission.source, submission.snapshot) as snapshot:
        _check_captured(submission, snapshot)
        with store.main.writing(durable=True) as db:
            snapshot.record(db)
            key = _add_run(db, experiment, submission, definition, snapshot, me)
            record = runs.by_key(db, key)
    try:
        supervisor = _start_supervisor(store, record, submission)
    except Exception as error:
        message = f"the supervisor of the run could not be started: {error}"
        outcome = ending.failed(message, code="SystemError")
        ending.end(store, record, me, outcome, ending.journal_writer(store, record))
        raise ExperimentExecutionException(message) from error
    with store.main.writing() as db:
        runs.hand_over(db, record.key, me, str(owners.process(supervisor.pid)))
    return record, snapshot.warnings


def _check(submission: Submission) -> None:
    source, script = submission.source, submission.script
    if not os.path.isdir(source):
        what = "is not a directory" if os.path.exists(source) else "does not exist"
        raise UserErrorException(f"the source directory {source} {what}; give the folder that holds the script")
    if script is None:
        return
    path = os.path.normpath(os.path.join(source, script))
    if os.path.relpath(path, source).split(os.sep)[0] == os.pardir:
        raise ScriptNotFound(
            f"the script {script} lies outside the source directory {source}; move it there, or name a source "
            "directory that holds it"
        )
    if os.path.isdir(path):
        raise ScriptNotFound(f"the script {path} is a directory; name the file in it that is to run")
    if not os.path.isfile(path):
        raise ScriptNotFound(
            f"there is no script {script} in the source directory {source}; its path is relative to that directory"
        )


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
    experiment: str,
    submission: Submission,
    definition: dict[str, object],
    snapshot: take.Taken,
    owner: str,
) -> int:
    now = clock.now()
    parent = submission.parent
    home = experiments.get_or_create(db, experiment, now).key if parent is None else runs.experiment_of(db, parent)
    identifier = submission.run_id or f"{identifiers.slug(experiment)}_{now // 1_000_000}_{identifiers.short()}"
    key = runs.create(
        db,
        identifier=identifier,
        experiment=home,
        parent=None if parent is None else parent.key,
        status="NotStarted",
        owner=owner,
        created_at=now,
        type=SCRIPT_RUN,
        target=submission.target,
        definition=definition,
        snapshot=snapshot.id,
        new_blobs=snapshot.new_blobs if submission.keeps_snapshot else None,
        new_bytes=snapshot.new_bytes if submission.keeps_snapshot else None,
    )
    for name, value in submission.tags.items():
        tags.put(db, key, name, value, (now, 0, 0))
    tags.add_property(db, key, "azureml.runsource", SCRIPT_RUN, (now, 0, 0))
    if submission.keeps_snapshot:
        snapshots.describe(db, key, snapshot, now)
    return key


def _start_supervisor(store: Store, record: RunRecord, submission: Submission) -> subprocess.Popen[bytes]:
    layout = store.layout.run(record.experiment_name, record.id)
    os.makedirs(layout.journals, exist_ok=True)
    os.makedirs(os.path.dirname(layout.log), exist_ok=True)
    with open(layout.supervisor_log, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _SUPERVISE, _import_path(), store.layout.root, record.id],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=store.layout.root,
            env=context.without_run({**os.environ, **submission.variables}),
            start_new_session=processes.HAS_SESSIONS,
            creationflags=processes.DETACHED,
        )
    _collect_ended()
    _started.append(process)
    return process


def _import_path() -> str:
    """Where the supervisor, which sees no site-packages, finds this package and the one that it needs besides."""
    import xxhash

    import localexp

    packages = [os.path.abspath(module.__path__[0]) for module in (localexp, xxhash)]
    return os.pathsep.join(dict.fromkeys(os.path.dirname(package) for package in packages))


def _collect_ended() -> None:
    """Let the system forget supervisors that have ended: as children of this process they would stay as zombies."""
    _started[:] = [process for process in _started if process.poll() is None]


@atexit.register
def _let_go() -> None:
    for process in _started:
        # It goes on without us, and is not to be warned of as left running.
        if process.poll() is None:
            process.returncode = 0
