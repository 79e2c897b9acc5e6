"""The script itself, as the main program of this process."""

from __future__ import annotations

import builtins
import os
import sys
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localexp.execution.inline.places import Places

_OWN = os.path.dirname(os.path.abspath(__file__))
_IMPORTS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", "<frozen runpy>")


@contextmanager
def main_module(path: str) -> Iterator[ModuleType]:
    """Within the block the main module is a new one, for a script."""
    module = ModuleType("__main__")
    vars(module).update(
        __file__=path, __builtins__=builtins, __cached__=None, __loader__=SourceFileLoader("__main__", path)
    )
    before = sys.modules.get("__main__")
    sys.modules["__main__"] = module
    try:
        yield module
    finally:
        if before is not None:
            sys.modules["__main__"] = before


def execute(module: ModuleType, places: Places) -> None:
    """Run a script to its end, and let whatever it raises out."""
    path = str(module.__file__)
    if path.lower().endswith((".pyc", ".pyz")):
        import runpy

        # As it was given, for that is its ``sys.argv[0]``.
        runpy.run_path(os.path.relpath(path), run_name="__main__")
        return
    with open(path, "rb") as file:
        source = file.read()
    exec(places.compiled(source, path, module.__name__), vars(module))


class Ended:
    """How a program has ended: its exit code, and the exception if that was one."""

    def __init__(self, exit_code: int, error: BaseException | None = None) -> None:
        self.exit_code = exit_code
        self.error = error


def ended(run: Callable[[], None], log: str) -> Ended:
    """Run a program, and have it end as an interpreter does.

    :param log: where the traceback of a KeyboardInterrupt goes, which is shown by whoever has pressed Ctrl-C.
    :raises KeyboardInterrupt: it was interrupted.
    """
    try:
        run()
    except SystemExit as error:
        return Ended(_exit_code(error.code), error)
    except KeyboardInterrupt as error:
        import traceback

        with open(log, "a", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(type(error), error, _of_script(error.__traceback__), file=file)
        raise
    except BaseException as error:
        _shown(error)
        return Ended(1, error)
    return Ended(0)


def _exit_code(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, int):
        # As much of it as a system passes on.
        return given & (0xFF if os.name == "posix" else 0xFFFFFFFF)
    sys.stderr.write(f"{given}\n")
    return 1


def _shown(error: BaseException) -> None:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = _of_script(one.__traceback__)
            waiting += [one.__cause__, one.__context__]
    sys.excepthook(type(error), error, error.__traceback__)


def _of_script(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without what this package has done to run the script and to import for it."""
    kept: list[TracebackType] = []
    between: list[TracebackType] = []
    is_own = False
    while trace is not None:
        place = trace.tb_frame.f_code.co_filename
        if place in _IMPORTS or place.startswith(_OWN):
            between.append(trace)
            is_own = is_own or place.startswith(_OWN)
        else:
            kept += [] if is_own else between
            between, is_own = [], False
            kept.append(trace)
        trace = trace.tb_next
    kept += [] if is_own else between
    found: TracebackType | None = None
    for one in reversed(kept):
        found = TracebackType(found, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return found
