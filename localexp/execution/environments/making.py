"""Make one virtual environment, in a session of its own that ends with it."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager

from localexp.errors import UserErrorException
from localexp.execution import context, processes, script
from localexp.execution.environments import complaints, installers, requirements, secrets
from localexp.execution.environments.removal import MARK
from localexp.store import owners, runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localexp.execution.environments.wanted import Wanted
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_PAUSE_SECONDS = 0.05


def is_made(
    store: Store,
    record: RunRecord,
    wanted: Wanted,
    environment: dict[str, str],
    place: str,
    is_canceled: Callable[[], bool],
) -> bool:
    """Make it at ``place``; False if the run was canceled, which leaves it half made, as does an error.

    :raises UserErrorException: it cannot be made.
    """
    requirements.check_unchanged(wanted)
    log = store.layout.run(record.experiment_name, record.id).build_log
    os.makedirs(os.path.dirname(log), exist_ok=True)
    os.makedirs(store.layout.environments, exist_ok=True)
    tool = installers.tool(wanted, place, environment)
    # By these whoever takes over from this process, should it die, finds what it has left running.
    tool.variables.update(
        {
            context.RUN_ID: record.id,
            context.EXPERIMENT: record.experiment_name,
            context.WORKSPACE: os.path.dirname(store.layout.root),
            MARK: place,
        }
    )
    work = _Work(store, record, tool.variables, log, secrets.of(wanted.requirements, environment), is_canceled)
    if not work.is_done(tool.making):
        return False
    lines, limits = requirements.constraints(wanted.requirements)
    _write(tool.requirements, lines)
    _write(tool.constraints, limits)
    with _temporary_folder(place, tool.variables):
        if not work.is_done(tool.installing):
            return False
    requirements.check_unchanged(wanted)
    return True


@contextmanager
def _temporary_folder(place: str, variables: dict[str, str]) -> Iterator[None]:
    """Whoever is killed leaves there what else would stay in the system's for ever."""
    folder = os.path.join(place, "tmp")
    os.mkdir(folder)
    variables.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder))
    yield
    shutil.rmtree(folder)


def _write(path: str, lines: list[str]) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)


class _Work:
    """What is done for one environment, command by command."""

    def __init__(
        self,
        store: Store,
        record: RunRecord,
        variables: dict[str, str],
        log: str,
        names: dict[str, str],
        is_canceled: Callable[[], bool],
    ) -> None:
        self._store = store
        self._record = record
        self._variables = variables
        self._log = log
        self._names = names
        self._is_canceled = is_canceled

    def is_done(self, command: list[str]) -> bool:
        """Run a command; False if the run was canceled meanwhile.

        :raises UserErrorException: it failed.
        """
        with open(self._log, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"$ {' '.join(command)}\n")
        code = self._exit_code(command)
        if code:
            raise UserErrorException(
                f"the environment could not be built: {complaints.reason(self._log, code)}; the whole log is the file "
                "azureml-logs/20_image_build_log.txt of the run"
            )
        return code is not None

    def _exit_code(self, command: list[str]) -> int | None:
        has_adopted = processes.adopt_orphans()
        # Not from the workspace: tools look around, and above, for files with settings of a project.
        process = script.started(command, os.sep, self._variables, self._log)
        try:
            with self._store.main.writing() as db:
                runs.set_process(db, self._record.key, str(owners.process(process.pid)))
            while process.poll() is None:
                if self._is_canceled():
                    return None
                time.sleep(_PAUSE_SECONDS)
        finally:
            processes.kill_tree(process, has_adopted)
            secrets.hide(self._log, self._names)
        return process.returncode
