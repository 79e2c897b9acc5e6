"""Start the supervisor of a run that this process has claimed, and hand the run over to it."""

from __future__ import annotations

import atexit
import os
import sys

from localexp.errors import ExperimentExecutionException
from localexp.execution import context, ending, processes
from localexp.store import clock, determinism, owners, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import BinaryIO

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

# Whoever waits for the run waits for its supervisor to be gone: taking the interpreter apart would cost them 10 ms.
_SUPERVISE = (
    "import os, sys; sys.path += sys.argv[1].split(os.pathsep); "
    f"from {processes.SUPERVISOR} import main; main(*sys.argv[2:]); os._exit(0)"
)
_started: list[subprocess.Popen[bytes]] = []
# Runs that this process owned when an error, as of a full disk, kept it from handing them over.
_given_up: set[tuple[str, int]] = set()


def start(store: Store, record: RunRecord) -> None:
    """Start the supervisor of a run that this process owns.

    :raises ExperimentExecutionException: it cannot be started; the run is Failed.
    """
    work = store.layout.root, record.key
    _given_up.discard(work)
    try:
        _start(store, record, str(owners.this_process()))
    except BaseException:
        _given_up.add(work)
        raise


def has_given_up(store: Store, record: RunRecord) -> bool:
    """Whether a start of the run has failed in this process; if it owns the run still, nobody else will start it."""
    return (store.layout.root, record.key) in _given_up


def _start(store: Store, record: RunRecord, me: str) -> None:
    try:
        supervisor = _start_supervisor(store, record, me)
    except Exception as error:
        message = f"the supervisor of the run could not be started: {error}"
        outcome = ending.failed(message, code="SystemError")
        ending.end(store, record, me, outcome, ending.journal_writer(store, record))
        raise ExperimentExecutionException(message) from error
    with store.main.writing() as db:
        states.move(db, record.key, me, "Preparing", time=clock.shown(), new_owner=str(owners.process(supervisor.pid)))


def _start_supervisor(store: Store, record: RunRecord, me: str) -> subprocess.Popen[bytes]:
    layout = store.layout.run(record.experiment_name, record.id)
    os.makedirs(layout.journals, exist_ok=True)
    os.makedirs(os.path.dirname(layout.log), exist_ok=True)
    environment = determinism.inheriting(context.without_run(dict(os.environ)), record.created_at)
    with open(layout.supervisor_log, "ab") as log:
        process = _spawned([store.layout.root, record.id, me], environment, log)
    _collect_ended()
    _started.append(process)
    return process


def _spawned(arguments: list[str], environment: dict[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
    # Every supervisor imports this module, and hardly any has another to start.
    import subprocess

    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SUPERVISE, _import_path(), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=arguments[0],
        env=environment,
        start_new_session=processes.HAS_SESSIONS,
        creationflags=processes.DETACHED,
    )


def _import_path() -> str:
    """Where the supervisor, which sees no site-packages, finds this package and those that it needs besides."""
    from importlib.util import find_spec

    specs = [find_spec(name) for name in ("localexp", "xxhash", "pathspec")]
    packages = [spec.submodule_search_locations[0] for spec in specs if spec and spec.submodule_search_locations]
    return os.pathsep.join(dict.fromkeys(os.path.dirname(os.path.abspath(package)) for package in packages))


def _collect_ended() -> None:
    """Let the system forget supervisors that have ended: as children of this process they would stay as zombies."""
    _started[:] = [process for process in _started if process.poll() is None]


@atexit.register
def _let_go() -> None:
    for process in _started:
        # It goes on without us, and is not to be warned of as left running.
        if process.poll() is None:
            process.returncode = 0
