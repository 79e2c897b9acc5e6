"""The command in a process of its own that has no interpreter to start and no module to import: a fork of one that has.

``python forked.py DESCRIPTOR`` waits at that socket for calls of the command, one after the other. Of each it gets the
arguments, the folder and the environment, and what are to be standard output and error; it answers with the id of the
child that it forks and, when that has ended, with its exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import traceback
from importlib import import_module
from selectors import EVENT_READ, DefaultSelector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

# Programs that run when they are imported, and what imports pandas, which hardly any command needs.
_NOT_IMPORTED = (
    "localexp.__main__",
    "localexp.compat",
    "localexp.demo",
    "localexp.execution.elsewhere.",
    "localexp.report.frames",
    "localexp.store.migrations",
    "localexp.testing",
)
_PIECE = 65536
# It is read when localexp is imported.
_CLOCK = "LOCALEXP_DETERMINISTIC"


def ready() -> bool:
    return hasattr(os, "fork") and hasattr(socket, "send_fds")


def start_alike(variables: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Whether interpreters with these variables are alike: some are read when one starts, and never again."""
    return _CLOCK not in variables and _of_interpreters(variables) == _of_interpreters(others)


def _of_interpreters(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(("PYTHON", "LC_", "LANG", "TZ"))}


def run(
    arguments: Sequence[str | bytes], at: str, variables: Mapping[str, str], patience: float
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, as ``subprocess.run`` does."""
    out, out_of_child = os.pipe()
    err, err_of_child = os.pipe()
    exit_code, said = _called(arguments, at, variables, [out, err], [out_of_child, err_of_child], patience)
    text = [one.decode().replace("\r\n", "\n").replace("\r", "\n") for one in said]
    return subprocess.CompletedProcess(["localexp", *arguments], exit_code, *text)


def run_in_terminal(
    arguments: Sequence[str | bytes], at: str, variables: Mapping[str, str], columns: int, patience: float
) -> tuple[int, str]:
    """Run the command to its end with standard output and error in a terminal: its exit code, and what that shows."""
    screen, terminal = opened_terminal(columns)
    exit_code, [shown] = _called(arguments, at, variables, [screen], [terminal, os.dup(terminal)], patience)
    return exit_code, shown.decode().replace("\r\n", "\n")


def opened_terminal(columns: int) -> tuple[int, int]:
    """The two ends of a terminal of this width: where its screen is read, and where is written to it."""
    import fcntl
    import pty
    import struct
    import termios

    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    return screen, terminal


def _called(
    arguments: Sequence[str | bytes],
    at: str,
    variables: Mapping[str, str],
    read: Sequence[int],
    streams: Sequence[int],
    patience: float,
) -> tuple[int, list[bytes]]:
    """Have the command write to its two streams: its exit code, and what was read."""
    prepared = _idle.pop() if _idle else _Prepared()
    try:
        prepared.ask([os.fsdecode(one) for one in arguments], at, variables, streams)
    finally:
        for stream in streams:
            os.close(stream)
    try:
        said = _until_closed(read, patience)
    except TimeoutError:
        os.kill(prepared.child(), signal.SIGKILL)
        raise subprocess.TimeoutExpired(["localexp", *arguments], patience) from None
    finally:
        for stream in read:
            os.close(stream)
    prepared.child()
    exit_code = prepared.number()
    _idle.append(prepared)
    return exit_code, said


def _until_closed(pipes: Sequence[int], patience: float) -> list[bytes]:
    said = {pipe: bytearray() for pipe in pipes}
    with DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, EVENT_READ)
        while selector.get_map():
            readable = selector.select(patience)
            if not readable:
                raise TimeoutError
            for key, _ in readable:
                piece = piece_of(key.fd)
                said[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
    return [bytes(said[pipe]) for pipe in pipes]


def piece_of(stream: int) -> bytes:
    """What can be read; nothing if nobody will write any more."""
    try:
        return os.read(stream, _PIECE)
    except OSError:
        # Linux says so when the last process has closed a terminal.
        return b""


class _Prepared:
    """A process in which all of the command is imported."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            # Its own streams are pipes because those of its children are.
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={name: value for name, value in os.environ.items() if not name.startswith(_CLOCK)},
                pass_fds=[its.fileno()],
            )

    def ask(self, arguments: list[str], at: str, variables: Mapping[str, str], streams: Sequence[int]) -> None:
        call = json.dumps([arguments, at, dict(variables)]).encode()
        socket.send_fds(self._socket, [len(call).to_bytes(8, "big")], streams)
        self._socket.sendall(call)

    def number(self) -> int:
        """The next that it answers."""
        return int.from_bytes(_exactly(self._socket, 8), "big", signed=True)

    child = number

    def end(self) -> None:
        self._socket.close()
        self._process.communicate()


_idle: list[_Prepared] = []


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = connection.recv(count - len(found))
        if not piece:
            raise EOFError("the prepared process has ended")
        found += piece
    return found


def _import_all() -> None:
    import localexp

    for module in pkgutil.walk_packages(localexp.__path__, "localexp."):
        if not module.name.startswith(_NOT_IMPORTED):
            import_module(module.name)


def _serve(connection: socket.socket) -> list[str]:
    """Fork a child for each call until nobody can call any more; in a child: its command line."""
    while True:
        head, streams, *_ = socket.recv_fds(connection, 8, 2)
        if not head:
            os._exit(0)
        arguments, at, variables = json.loads(_exactly(connection, int.from_bytes(head, "big")))
        child = os.fork()
        if child == 0:
            connection.close()
            _become(at, variables, streams)
            return [str(one) for one in arguments]
        for stream in streams:
            os.close(stream)
        connection.sendall(child.to_bytes(8, "big", signed=True))
        _, status = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))


def _become(at: str, variables: dict[str, str], streams: Sequence[int]) -> None:
    for target, stream in enumerate(streams, start=1):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(at)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[0] = at


def _end_as_interpreters_do(call: Callable[[], object]) -> NoReturn:
    """All but for taking the interpreter apart, which would touch, and so copy, all memory that the fork shares."""
    exit_code = 0
    try:
        call()
    except SystemExit as end:
        exit_code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        exit_code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    _import_all()
    gc.collect()
    gc.freeze()
    sys.argv[1:] = _serve(socket.socket(fileno=int(sys.argv[1])))
    _end_as_interpreters_do(lambda: runpy.run_module("localexp", run_name="__main__", alter_sys=True))
