"""A script in this process as in an interpreter of its own: what it finds there, and how that ends."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from localexp.execution import interactive
from localexp.execution.inline import debuggers, loggers, modules, program, streams, surroundings
from localexp.execution.inline.places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from localexp.execution.handover import Start

# As a shell says it.
_INTERRUPTED = 128 + 2


def ended(start: Start, folder: str, environment: dict[str, str], log: str) -> int:
    """Run a script in its checkout, put everything back, and return its exit code.

    :raises KeyboardInterrupt: it was interrupted.
    """
    assert isinstance(start.command, list)
    _, script, *texts = start.command
    path, places = os.path.join(folder, script), Places(folder, start.source)
    search_path = list(dict.fromkeys(_search_path(places, path, environment["PYTHONPATH"])))
    with ExitStack() as stack:
        for part in (
            surroundings.signals(),
            surroundings.hooks(),
            surroundings.warnings(),
            surroundings.figures(),
            surroundings.start_method(),
            loggers.unconfigured(),
            surroundings.folder(folder),
            surroundings.variables(environment),
            surroundings.arguments([script, *texts]),
            debuggers.of_source(places),
            modules.of_checkout(places, search_path),
            streams.into(log),
        ):
            stack.enter_context(part)
        module = stack.enter_context(program.main_module(path))
        call_registered = stack.enter_context(surroundings.at_exit(places.is_of_script))
        return _exit_code(module, places, log, call_registered)


def _exit_code(module: ModuleType, places: Places, log: str, call_registered: Callable[[], None]) -> int:
    noted, remaining, process = interactive.Noted(), surroundings.Remaining(), os.getpid()
    ended = program.Ended(_INTERRUPTED)
    try:
        ended = program.ended(lambda: program.execute(module, places), log)
        if os.getpid() == process:
            remaining.join()
    except KeyboardInterrupt as error:
        ended = program.Ended(_INTERRUPTED, error)
        raise
    finally:
        call_registered()
        noted.end_others(ended.error)
        if os.getpid() != process:
            # The script has forked, and this is the end of the child: what comes now is for its parent alone.
            streams.flush()
            os._exit(ended.exit_code)
    return ended.exit_code


def _search_path(places: Places, script: str, variable: str) -> Iterator[str]:
    """Where a process of its own would look for modules: what is in the source directory it has of the checkout."""
    if not getattr(sys.flags, "safe_path", False):
        yield os.path.dirname(os.path.realpath(script))
    yield from variable.split(os.pathsep)
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    own = None if main is None else os.path.dirname(os.path.abspath(main))
    for number, entry in enumerate(sys.path):
        is_of_main = number == 0 and entry == own
        if entry and not is_of_main and not places.is_replaced(entry):
            yield entry
