"""The Python that is to run a script."""

from __future__ import annotations

import os
import sys

from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NEXT = "give environment.python.interpreter_path the path of a Python, or its name on PATH"
_PATIENCE_SECONDS = 60
_GREETING = b"Python"
_QUESTION = (
    "import os, sys; said = ['Python', sys.version.split()[0], sys.implementation.name, *filter(None, sys.path)]; "
    "sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, said)))"
)


class Python:
    """What an interpreter says of itself: its version, as ``"3.12.1"``, its implementation, as ``"cpython"``.

    ``entries`` is where it looks for modules, in order.
    """

    def __init__(self, version: str, implementation: str, entries: list[str]) -> None:
        self.version = version
        self.implementation = implementation
        self.entries = entries


def located(given: object) -> str:
    """The absolute path of an interpreter of which a path or a name is given; ``"python"`` is this one.

    :raises RunConfigurationException: there is no program at that path or of that name.
    """
    import shutil

    if given == "python":
        return sys.executable
    if not isinstance(given, (str, os.PathLike)) or "\0" in os.fspath(given):
        raise RunConfigurationException(f"the interpreter is {given!r}; {_NEXT}")
    path = os.path.expanduser(os.fspath(given))
    found = shutil.which(path)
    if found is None:
        raise RunConfigurationException(f"the interpreter {path!r} {_what_is_wrong(path)}; {_NEXT}")
    return os.path.abspath(found)


def _what_is_wrong(path: str) -> str:
    if os.path.isdir(path):
        return "is a directory"
    if os.path.isfile(path) and os.path.dirname(path):
        return "is not executable"
    return "does not exist" if os.path.dirname(path) else "is not on PATH"


def asked(interpreter: str) -> Python:
    """What an interpreter says of itself; of this one it is known.

    :raises RunConfigurationException: it does not answer as a Python does.
    """
    if interpreter == sys.executable:
        return this()
    greeting, *said = _answer(interpreter).split(b"\0")
    if greeting != _GREETING or len(said) < 2:
        raise _no_python(interpreter)
    version, implementation, *entries = map(os.fsdecode, said)
    return Python(version, implementation, entries)


def this() -> Python:
    """This interpreter."""
    return Python(sys.version.split()[0], sys.implementation.name, list(_own_entries()))


def _own_entries() -> Iterator[str]:
    """This interpreter's path, without what only the script it is running has put there."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    has_own = bool(main and sys.path and sys.path[0] == os.path.dirname(os.path.abspath(main)))
    yield from filter(None, sys.path[1:] if has_own else sys.path)
    yield from _editable_finders(sys.meta_path)


def _editable_finders(finders: Iterable[object]) -> Iterator[str]:
    """Folders that setuptools' editable installs map packages to, without putting them on the path."""
    for finder in finders:
        module = sys.modules.get(getattr(finder, "__module__", ""))
        mapping = getattr(module, "MAPPING", None)
        if isinstance(mapping, dict) and getattr(module, "__name__", "").startswith("__editable__"):
            yield from (os.path.dirname(str(place)) for place in mapping.values())


def _answer(interpreter: str) -> bytes:
    import subprocess

    try:
        answer = subprocess.run(
            [interpreter, "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    except OSError as error:
        raise _no_python(interpreter, f": {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise _no_python(interpreter, f": asked for its sys.path, it ended with code {error.returncode}") from error
    except subprocess.TimeoutExpired as error:
        raise _no_python(interpreter, f": asked for its sys.path, it said nothing for {error.timeout} s") from error
    return answer.stdout


def _no_python(interpreter: str, why: str = "") -> RunConfigurationException:
    return RunConfigurationException(f"the interpreter {interpreter!r} is no Python{why}; {_NEXT}")
