"""Requirements in the form in which pip and uv take them: checked, the same wherever they are read, named by content.

A requirement, an option, or a constraint (``-c numpy<2``, in place of the file that pip would want) is a line of its
own, without comments; files are absolute paths.
"""

from __future__ import annotations

import os
import re

from localexp.errors import RunConfigurationException
from localexp.execution import interpreters
from localexp.execution.environments import locations
from localexp.execution.environments.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONSTRAINT = "-c "

_NESTED_FILES = {"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c"}
_EDITABLES = ("-e", "--editable")
_INDEXES = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
}
_OTHERS_WITH_VALUE = ("--no-binary", "--only-binary", "--trusted-host", "--use-feature")
_FLAGS = ("--no-index", "--pre", "--prefer-binary", "--require-hashes")
_ALL_WITH_VALUE = (*_NESTED_FILES, *_EDITABLES, *_INDEXES, *_OTHERS_WITH_VALUE)
_COMMENT = re.compile(r"(^|\s+)#.*$")
# What a requirement has where the name of a file has not.
_IS_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\]\s*)?([=<>!~]=|[<>;]|@\s)")


def of_file(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a requirements file; those of files that it refers to stand in their place.

    :raises RunConfigurationException: it cannot be read, or a line of it cannot be used.
    """
    return list(_lines_of_file(os.path.abspath(os.path.expanduser(path)), ()))


def checked(lines: Sequence[str], folder: str) -> list[str]:
    """Lines as they would stand in a file of this folder; to have checked them before makes no difference.

    :raises RunConfigurationException: one cannot be used.
    """
    return [made for line in lines for made in _checked_line(line, folder, ())]


def constraints(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Checked lines apart: what is installed, with options; and what limits that, as lines of a file of their own."""
    limits = [line[len(CONSTRAINT) :] for line in lines if line.startswith(CONSTRAINT)]
    return [line for line in lines if not line.startswith(CONSTRAINT)], limits


def are_any(lines: Sequence[str]) -> bool:
    """Whether checked lines have anything installed: options and constraints alone do not."""
    return any(not line.startswith("-") for line in lines)


def name_of(line: str) -> str:
    """The name of the package that a line requires, as package indexes spell it; the line itself if that names none."""
    match = re.match(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?=\s*(?:$|[\[=<>!~;@,( ]))", line.strip())
    return line.strip() if match is None else re.sub(r"[-_.]+", "-", match[0]).lower()


def wanted(interpreter: str, lines: Sequence[str], version: str | None = None) -> Wanted:
    """The environment that holds what checked lines require, for an interpreter of this version.

    :param version: asked of the interpreter if None.
    :raises RunConfigurationException: a file that a line names is gone, or the interpreter is no Python.
    """
    version = version or interpreters.asked(interpreter).version
    return Wanted(_identifier(interpreter, lines, version), interpreter, list(lines))


def check_unchanged(environment: Wanted) -> None:
    """See that an environment is built from what it was wanted with: others share it by an id that names that.

    :raises RunConfigurationException: a file that it is built from, or its Python, has changed since, or is gone.
    """
    if wanted(environment.interpreter, environment.requirements).id != environment.id:
        may_have = ", or ".join([*files_of(environment), f"the Python {environment.interpreter}"])
        raise RunConfigurationException(
            f"what the environment is built from has changed since the run was submitted ({may_have}): submit it again"
        )


def files_of(environment: Wanted) -> list[str]:
    """The files that requirements name."""
    return [path for path in map(locations.file_of, environment.requirements) if path is not None]


def _identifier(interpreter: str, lines: Sequence[str], version: str) -> str:
    import json
    from hashlib import blake2b

    files = {line: _hash_of_file(path) for line in lines if (path := locations.file_of(line)) is not None}
    parts = [os.path.realpath(interpreter), version, list(lines), files]
    return blake2b(json.dumps(parts).encode(), digest_size=10).hexdigest()


def _hash_of_file(path: str) -> str:
    from xxhash import xxh3_128

    state = xxh3_128()
    try:
        with open(path, "rb") as file:
            while piece := file.read(2**20):
                state.update(piece)
    except OSError as error:
        raise RunConfigurationException(
            f"the requirement {path} cannot be read: {error.strerror}; build or copy it there again, or require another"
        ) from error
    return state.hexdigest()


def _lines_of_file(path: str, above: tuple[str, ...]) -> Iterator[str]:
    if path in above:
        raise RunConfigurationException(f"the requirements file {path} includes itself; take that line out of it")
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except OSError as error:
        raise RunConfigurationException(
            f"the requirements file {path} cannot be read: {error.strerror}; give the path of one that can"
        ) from error
    except UnicodeDecodeError as error:
        raise RunConfigurationException(f"the requirements file {path} is not UTF-8; save it as that") from error
    for line in _joined(text.split("\n")):
        yield from _checked_line(line, os.path.dirname(path), (*above, path))


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Lines with those that end in a backslash put together with the next; as in pip a comment ends that."""
    begun: list[str] = []
    for line in (*lines, ""):
        line = line.rstrip("\r")
        if line.endswith("\\") and not _COMMENT.search(line):
            begun.append(line[:-1])
            continue
        yield "".join([*begun, line])
        begun = []


def _checked_line(line: object, folder: str, above: tuple[str, ...]) -> Iterator[str]:
    text = _COMMENT.sub("", _text(line)).strip()
    if text.startswith("-"):
        yield from _checked_options(text, folder, above)
    elif text:
        yield _text(locations.checked(text, folder))


def _text(line: object) -> str:
    if isinstance(line, str) and not any(one in line for one in "\0\r\n"):
        try:
            line.encode()
            return line
        except UnicodeEncodeError:
            # A file of requirements is UTF-8, which has no form for half a character.
            pass
    raise RunConfigurationException(f"the requirement {line!r} is no line of text; write one as 'numpy>=1.26'")


def _checked_options(line: str, folder: str, above: tuple[str, ...]) -> Iterator[str]:
    limit = line.removeprefix(CONSTRAINT).strip()
    if line.startswith(CONSTRAINT) and _is_limit(limit):
        yield CONSTRAINT + locations.checked(limit, folder)
        return
    words = _words(line)
    while words:
        option, value = _split_option(words, line)
        if option in _NESTED_FILES:
            nested = _nested(value, folder, above)
            yield from _limits(nested) if _NESTED_FILES[option] == "-c" else nested
        elif option in _EDITABLES:
            raise locations.no_package(line)
        elif option in _INDEXES:
            yield f"{_INDEXES[option]} {_quoted(locations.checked_index(value, folder))}"
        else:
            yield f"{option} {value}".rstrip()


def _limits(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a file of constraints: its options stand for themselves, and a mere name limits nothing."""
    for line in lines:
        if line.startswith("-"):
            yield line
        elif _is_limit(line):
            yield CONSTRAINT + line


def _is_limit(text: str) -> bool:
    return _IS_REQUIREMENT.match(text) is not None or locations.is_archive(text)


def _nested(name: str, folder: str, above: tuple[str, ...]) -> Iterator[str]:
    if locations.is_url(name):
        raise RunConfigurationException(
            f"the requirements {locations.without_credentials(name)} are not a file here; download them, and name that"
        )
    return _lines_of_file(os.path.join(folder, os.path.expanduser(name)), above)


def _words(line: str) -> list[str]:
    import shlex

    try:
        return shlex.split(line)
    except ValueError as error:
        raise RunConfigurationException(f"the requirement {line!r} has a quote that is not closed") from error


def _quoted(value: str) -> str:
    import shlex

    return shlex.quote(value) if " " in value else value


def _split_option(words: list[str], line: str) -> tuple[str, str]:
    """Take an option, and its value if it takes one, off the words."""
    word = words.pop(0)
    if word in _FLAGS:
        return word, ""
    if word in _ALL_WITH_VALUE and words:
        return word, words.pop(0)
    name, equals, value = word.partition("=")
    if equals and name.startswith("--") and name in _ALL_WITH_VALUE:
        return name, value
    if word[:2] in _ALL_WITH_VALUE and len(word) > 2 and not word.startswith("--"):
        return word[:2], word[2:]
    raise RunConfigurationException(
        f"the requirement {locations.without_credentials(line)!r} has no meaning here; the options of requirements are "
        f"{', '.join([*_ALL_WITH_VALUE, *_FLAGS])}, each with its value"
    )
