"""What cannot run is refused before anything is captured or recorded."""

from __future__ import annotations

import os

from localexp.errors import ScriptNotFound, UserErrorException
from localexp.execution import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.submission import Submission

_PYTHON = (".py", ".pyw", ".pyc", ".pyz")
_PROGRAMS = {
    ".sh": ["bash"],
    ".bash": ["bash"],
    ".r": ["Rscript"],
    ".jl": ["julia"],
    ".ipynb": ["jupyter", "execute"],
}
_BEGINNING_BYTES = 4096


def check(submission: Submission) -> None:
    """Look at the source directory, and at the script in it or the program of the command.

    :raises UserErrorException: the source directory cannot be used, the script is not Python, or there is no such
        program.
    :raises ScriptNotFound: the script is not in the source directory.
    """
    source = submission.source
    if not os.path.isdir(source):
        what = "is not a directory" if os.path.exists(source) else "does not exist"
        raise UserErrorException(f"the source directory {source} {what}; give the folder that holds the script")
    if submission.script is not None:
        _check_script(source, submission.script)
    if submission.program is not None:
        _check_program(submission, submission.program)


def _check_script(source: str, script: str) -> None:
    path = os.path.normpath(os.path.join(source, script))
    if os.path.relpath(path, source).split(os.sep)[0] == os.pardir:
        raise ScriptNotFound(
            f"the script {script} lies outside the source directory {source}; move it there, or name a source "
            "directory that holds it"
        )
    if os.path.isdir(path):
        raise ScriptNotFound(f"the script {path} is a directory; name the file in it that is to run")
    if not os.path.isfile(path):
        raise ScriptNotFound(
            f"there is no script {script} in the source directory {source}; its path is relative to that directory"
        )
    _check_is_python(script, path)


def _check_is_python(script: str, path: str) -> None:
    suffix = os.path.splitext(script)[1].lower()
    # What cannot be read cannot be captured either, and that is said then.
    if suffix in _PYTHON or not os.access(path, os.R_OK):
        return
    with open(path, "rb") as file:
        beginning = file.read(_BEGINNING_BYTES)
    program = _program_named_in(beginning)
    is_plain = program is None and not suffix and b"\0" not in beginning
    if not is_plain and not _is_python(program):
        command = _as_command(program or _PROGRAMS.get(suffix, ["PROGRAM"]), script)
        raise UserErrorException(f"the script {script} is not Python; run it as a command: {command}")


def _program_named_in(beginning: bytes) -> list[str] | None:
    """The program that the first line of a script names to run it."""
    line = beginning.split(b"\n")[0]
    words = os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return [os.path.basename(words[0])] if words else None


def _is_python(program: list[str] | None) -> bool:
    return program is not None and program[0].startswith(("python", "pypy"))


def _as_command(program: list[str], script: str) -> str:
    import json
    import shlex

    words = [*program, shlex.quote(script)]
    on_command_line = f"localexp submit --command {shlex.quote(' '.join(words))}"
    return f"command={json.dumps(words, ensure_ascii=False)}, or {on_command_line}"


def _check_program(submission: Submission, program: str) -> None:
    import re

    # Another word, as one with a variable in it, is for the shell to make sense of; so is any for that of Windows.
    if os.name == "nt" or not re.fullmatch(r"[\w./+@%:,-]+", program):
        return
    path = os.path.normpath(os.path.join(submission.source, program))
    if "/" in program and os.path.isfile(path) and not os.access(path, os.X_OK):
        raise UserErrorException(
            f"{program}, with which the command begins, is not executable; make it so with 'chmod +x {path}', or begin "
            'the command with its interpreter, as in command=["bash", "train.sh"]'
        )
    is_there = os.path.isfile(path) if "/" in program else _is_known_to_shell(submission, program)
    if not is_there:
        raise UserErrorException(
            f"the command begins with {program!r}, which is neither a program on PATH nor a path in the source "
            f"directory {submission.source}; install it, or give its path"
        )


def _is_known_to_shell(submission: Submission, program: str) -> bool:
    """Whether it finds a program, or has a word of its own."""
    import subprocess

    environment = {**os.environ, **submission.variables}
    environment["PATH"] = context.search_path(submission.interpreter, environment)
    # Asked of the shell that gets the command, where that is not on PATH, and from where the script will be.
    question = ['command -v "$1"', "sh", program]
    answer = subprocess.run(
        question, shell=True, cwd=submission.source, env=environment, capture_output=True, check=False
    )
    return answer.returncode == 0
