"""The process of a script."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Script(Protocol):
        """A child that leads a session of its own; ``returncode`` is negative for a signal, None until it is known."""

        pid: int

        @property
        def returncode(self) -> int | None: ...

        def poll(self) -> int | None: ...

        def wait(self) -> int: ...

        def kill(self) -> None: ...


_IS_LINUX = sys.platform == "linux"


def started(command: str | list[str], folder: str, environment: dict[str, str], log: str) -> Script:
    """Start a program, or a command line with the shell, with a log as its output and nothing as its input.

    :raises OSError: it cannot be started.
    """
    if _IS_LINUX:
        return _Spawned(["/bin/sh", "-c", command] if isinstance(command, str) else command, folder, environment, log)
    return _started_with_subprocess(command, folder, environment, log)


class _Spawned:
    """As ``subprocess.Popen``, which takes a third of the time that a supervisor needs to come up to import."""

    def __init__(self, command: list[str], folder: str, environment: dict[str, str], log: str) -> None:
        self.returncode: int | None = None
        os.chdir(folder)
        try:
            self.pid = os.posix_spawn(
                command[0],
                command,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                # Which Python ignores, and its children would.
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        finally:
            # Whoever lives in a checkout keeps it from being used again.
            os.chdir(os.sep)

    def poll(self) -> int | None:
        return self._waited(os.WNOHANG)

    def wait(self) -> int:
        code = self._waited(0)
        assert code is not None
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _waited(self, how: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _started_with_subprocess(command: str | list[str], folder: str, environment: dict[str, str], log: str) -> Script:
    import subprocess

    from localexp.execution import processes

    with open(log, "ab") as file:
        return subprocess.Popen(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=processes.HAS_SESSIONS,
            creationflags=processes.DETACHED,
        )
