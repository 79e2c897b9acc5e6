"""What a script finds around it in this process, each part put back afterwards."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO


@contextmanager
def folder(path: str) -> Iterator[None]:
    """Work in a folder."""
    try:
        before = os.getcwd()
    except FileNotFoundError:
        # It has been deleted. Whoever stays in a checkout keeps it from being used again.
        before = os.sep
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before if os.path.isdir(before) else os.sep)


@contextmanager
def variables(wanted: dict[str, str]) -> Iterator[None]:
    """Have these environment variables, and no others."""
    before, own = dict(os.environ), os.environ
    _set_variables(wanted)
    try:
        yield
    finally:
        # A script may have put a plain dict in its place.
        os.environ = own  # noqa: B003
        _set_variables(before)


def _set_variables(wanted: dict[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    # In place: whoever holds it is to see them.
    os.environ.update(wanted)


@contextmanager
def arguments(texts: list[str]) -> Iterator[None]:
    """Have these as ``sys.argv``."""
    before = sys.argv
    sys.argv = texts
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def hooks() -> Iterator[None]:
    """Have Python's own hooks for what nobody catches, as debuggers and test runners do not expect scripts in them."""
    before = sys.excepthook, sys.unraisablehook, sys.exit, threading.excepthook
    sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
    threading.excepthook = threading.__excepthook__
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook, sys.exit, threading.excepthook = before


@contextmanager
def signals() -> Iterator[None]:
    """Put back the handlers that a script sets; only the main thread can."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    has_timer = hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            _put_back_signals(before, has_timer)


def _put_back_signals(before: Mapping[signal.Signals, object], has_timer: bool) -> None:
    if hasattr(signal, "setitimer") and not has_timer:
        # Its alarm would end this process.
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        # Those that C code has set are None.
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)  # type: ignore[arg-type]


@contextmanager
def figures() -> Iterator[None]:
    """Have no figures of matplotlib open: what a script draws is not to be added to those of another."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    before = {} if helpers is None else dict(helpers.Gcf.figs)
    if helpers is not None:
        helpers.Gcf.figs.clear()
    try:
        yield
    finally:
        helpers = sys.modules.get("matplotlib._pylab_helpers")
        if helpers is not None:
            helpers.Gcf.destroy_all()
            helpers.Gcf.figs.update(before)


@contextmanager
def start_method() -> Iterator[None]:
    """Have none of ``multiprocessing`` chosen yet."""
    before = _put_start_method(None)
    try:
        yield
    finally:
        _put_start_method(before)


def _put_start_method(name: str | None) -> str | None:
    """Have a start method, None if it is still to be chosen, in place of the one that is returned."""
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None:
        return None
    before: str | None = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(name, force=True)
    return before


@contextmanager
def warnings() -> Iterator[None]:
    """Have the filters of a new interpreter, for those of a test runner would stop a script, or keep it quiet."""
    import warnings

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (ResourceWarning, ImportWarning, PendingDeprecationWarning, DeprecationWarning):
            warnings.simplefilter("ignore", category)
        warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
        # It has no public name; without it -W and PYTHONWARNINGS say nothing to a script, and nothing else fails.
        getattr(warnings, "_processoptions", lambda _: None)(sys.warnoptions)
        warnings.showwarning = _show_warning
        yield


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    from warnings import formatwarning

    (file or sys.stderr).write(formatwarning(message, category, filename, lineno, line))


@contextmanager
def at_exit(is_of_script: Callable[[str], bool]) -> Iterator[Callable[[], None]]:
    """Call what the files of a script register with ``atexit`` when the script ends, and not with the interpreter.

    What is given is to be called then, within the block. What libraries register is theirs.
    """
    import atexit

    register, unregister = atexit.register, atexit.unregister
    registered: list[tuple[Callable[..., object], tuple[object, ...], dict[str, object]]] = []

    def note(function: Callable[..., object], /, *args: object, **kwargs: object) -> Callable[..., object]:
        if is_of_script(sys._getframe(1).f_code.co_filename):
            registered.append((function, args, kwargs))
            return function
        return register(function, *args, **kwargs)

    def strike(function: Callable[..., object]) -> None:
        registered[:] = [one for one in registered if one[0] != function]
        unregister(function)

    def call_all() -> None:
        while registered:
            function, args, kwargs = registered.pop()
            try:
                function(*args, **kwargs)
            except (Exception, SystemExit) as error:
                import traceback

                sys.stderr.write(f"Exception ignored in atexit callback: {function!r}\n")
                own = error.__traceback__
                traceback.print_exception(type(error), error, None if own is None else own.tb_next)

    atexit.register, atexit.unregister = note, strike  # type: ignore[assignment]
    try:
        yield call_all
    finally:
        atexit.register, atexit.unregister = register, unregister


class Remaining:
    """The threads and processes that a script has begun and not waited for, which an interpreter does when it ends."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())

    def join(self) -> None:
        """Wait for threads that are no daemons, and for processes of ``multiprocessing`` if they are none either."""
        threads = [thread for thread in self._threads() if not thread.daemon]
        if threads:
            _close_executors(set(threads))
        for thread in threads:
            thread.join()
        multiprocessing = sys.modules.get("multiprocessing")
        for process in [] if multiprocessing is None else multiprocessing.active_children():
            if process.daemon:
                process.terminate()
            process.join()

    def _threads(self) -> list[threading.Thread]:
        here = threading.current_thread()
        return [thread for thread in threading.enumerate() if thread not in self._before and thread is not here]


def _close_executors(threads: set[threading.Thread]) -> None:
    """Have pools do what they have been given, and end: their threads wait for work until the interpreter ends."""
    futures = sys.modules.get("concurrent.futures.thread")
    if futures is None:
        return
    import gc

    for found in gc.get_objects():
        # Of its type, for a proxy may do anything when it is asked for its class.
        is_pool = issubclass(type(found), futures.ThreadPoolExecutor)
        if is_pool and not threads.isdisjoint(getattr(found, "_threads", ())):
            found.shutdown(wait=True)
