"""The Python that is to run a script."""

from __future__ import annotations

import os
import sys

from localexp.errors import RunConfigurationException

_NEXT = "give environment.python.interpreter_path the path of a Python, or its name on PATH"
_PATIENCE_SECONDS = 60
_GREETING = b"Python"
_QUESTION = (
    "import os, sys; "
    "sys.stdout.buffer.write(b'\\0'.join([b'Python', *(os.fsencode(place) for place in sys.path if place)]))"
)


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


def entries(interpreter: str) -> list[str]:
    """Where an interpreter looks for modules, as it says itself.

    :raises RunConfigurationException: it does not answer as a Python does.
    """
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
    greeting, *places = answer.stdout.split(b"\0")
    if greeting != _GREETING:
        raise _no_python(interpreter)
    return [os.fsdecode(place) for place in places]


def _no_python(interpreter: str, why: str = "") -> RunConfigurationException:
    return RunConfigurationException(f"the interpreter {interpreter!r} is no Python{why}; {_NEXT}")
