"""What makes a virtual environment and installs into it: uv if it is there, otherwise venv and pip."""

from __future__ import annotations

import os

from localexp.errors import UserErrorException
from localexp.execution.environments import pip_settings
from localexp.store.layout import interpreter_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.environments.wanted import Wanted

_PATIENCE_SECONDS = 60
# From this version on pip installs into another environment than its own.
_PIP_FOR_OTHERS = (22, 3)
_QUESTION = (
    "from importlib import metadata, util; "
    "print('Python', *(int(util.find_spec(name) is not None) for name in ('venv', 'ensurepip')), "
    "metadata.version('pip') if util.find_spec('pip') else '')"
)
# They would have tools work elsewhere than they are told.
_MISLEADING = frozenset(
    [
        "__PYVENV_LAUNCHER__",
        "CONDA_PREFIX",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_ROOT",
        "PIP_TARGET",
        "UV_PREFIX",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_TARGET",
        "VIRTUAL_ENV",
    ]
)
_PLAIN_OUTPUT = {
    "NO_COLOR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_USER": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "UV_NO_PROGRESS": "1",
}


# Options in a file of requirements that uv says it ignores.
_UNREAD_BY_UV = ("--pre", "--prefer-binary", "--trusted-host", "--use-feature")


class Tool:
    """The commands that make an environment, and install into it what files of requirements and constraints have."""

    def __init__(self, place: str, making: list[str], installing: list[str], variables: dict[str, str]) -> None:
        self.requirements = os.path.join(place, "requirements.txt")
        self.constraints = os.path.join(place, "constraints.txt")
        self.making = making
        self.installing = [*installing, "-r", self.requirements, "-c", self.constraints]
        self.variables = variables


def tool(wanted: Wanted, place: str, environment: dict[str, str]) -> Tool:
    """What makes an environment at ``place``.

    :param environment: that in which the tools are to be found, and set up.
    :raises UserErrorException: there is none.
    """
    import shutil

    interpreter = wanted.interpreter

    variables = _plain(environment)
    has_venv, has_ensurepip, pip = _abilities(interpreter, variables)
    uv = shutil.which("uv", path=environment.get("PATH", os.defpath))
    if uv is not None and not any(line.startswith(_UNREAD_BY_UV) for line in wanted.requirements):
        settings = _settings(interpreter, variables) if pip else pip_settings.of_environment(environment)
        handed_on = None if settings is None else pip_settings.for_uv(settings)
        if handed_on is not None:
            return _of_uv(os.path.abspath(uv), interpreter, place, variables, *handed_on)
    if has_venv and pip >= _PIP_FOR_OTHERS:
        return _of_pip_of_interpreter(interpreter, place, variables)
    if has_venv and has_ensurepip:
        return _of_pip_of_its_own(interpreter, place, variables)
    raise UserErrorException(
        f"the interpreter {interpreter} has no {'pip' if has_venv else 'venv'} with which to build an environment; "
        "install that for it (of Debian's it is the package python3-venv), or install uv, or give another "
        "interpreter_path"
    )


def _plain(environment: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value for name, value in environment.items() if name not in _MISLEADING and not name.startswith("PYTHON")
    }
    return {**kept, **_PLAIN_OUTPUT}


def _of_uv(
    uv: str, interpreter: str, place: str, variables: dict[str, str], options: list[str], settings: dict[str, str]
) -> Tool:
    making = [uv, "venv", "--no-project", "--python", interpreter, place]
    installing = [uv, "pip", "install", "--python", interpreter_of(place), *options]
    # As pip takes the newest version of all indexes; but who has set up uv too has meant that for it.
    return Tool(place, making, installing, {"UV_INDEX_STRATEGY": "unsafe-best-match", **settings, **variables})


def _of_pip_of_interpreter(interpreter: str, place: str, variables: dict[str, str]) -> Tool:
    """Without a pip in the environment, as uv does it, which would take seconds to install."""
    making = [*_isolated(interpreter), "venv", "--without-pip", place]
    installing = [*_isolated(interpreter), "pip", "--python", interpreter_of(place), "install"]
    return Tool(place, making, installing, variables)


def _of_pip_of_its_own(interpreter: str, place: str, variables: dict[str, str]) -> Tool:
    making = [*_isolated(interpreter), "venv", place]
    return Tool(place, making, [*_isolated(interpreter_of(place)), "pip", "install"], variables)


def _isolated(interpreter: str) -> list[str]:
    return [interpreter, "-I", "-u", "-X", "utf8", "-m"]


def _abilities(interpreter: str, variables: dict[str, str]) -> tuple[bool, bool, tuple[int, ...]]:
    """Whether it has venv and ensurepip, and the version of its pip, empty without one."""
    answer = (_answer([interpreter, "-I", "-c", _QUESTION], variables) or "").split()
    if answer[:1] != ["Python"]:
        raise UserErrorException(f"the interpreter {interpreter} does not answer as a Python does; give another one")
    _, has_venv, has_ensurepip, *pip = answer
    numbers = pip[0].split(".") if pip else []
    return has_venv == "1", has_ensurepip == "1", tuple(int(number) for number in numbers if number.isdigit())


def _settings(interpreter: str, variables: dict[str, str]) -> dict[str, str] | None:
    """How its pip is set up; None if that is wrong, which pip says best itself."""
    listing = _answer([*_isolated(interpreter), "pip", "config", "list"], variables)
    return None if listing is None else pip_settings.of_listing(listing)


def _answer(command: list[str], variables: dict[str, str]) -> str | None:
    """What it prints; None if it fails."""
    import subprocess

    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=os.sep,
            env=variables,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserErrorException(f"the interpreter {command[0]} does not answer: {error}; give another one") from error
    return None if answer.returncode else answer.stdout
