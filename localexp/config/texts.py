"""What a script is given, as the texts that a process gets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from localexp.errors import RunConfigurationException, UserErrorException
from localexp.store.values import kind_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard

    Argument = str | int | float | os.PathLike[str]


def shown(value: object) -> str:
    """A value for an error. Of what is nested only the beginning: it may be any size, and hold passwords."""
    if isinstance(value, Mapping) and value:
        return f"a section with {', '.join(map(_beginning, value))}"
    return _beginning(value)


def _beginning(value: object) -> str:
    from reprlib import Repr

    short = Repr()
    short.maxstring = short.maxother = 200
    short.maxlevel = 1
    return short.repr(value)


def listed(arguments: Any) -> list[Any]:
    # What is no list is left to submit, which refuses it as all that is wrong with a configuration.
    return list(arguments) if is_list(arguments) else arguments


def is_list(arguments: object) -> TypeGuard[Iterable[object]]:
    return isinstance(arguments, Iterable) and not isinstance(arguments, (str, bytes, Mapping))


def argument_texts(arguments: object) -> list[str]:
    """Arguments as a script gets them.

    :raises UserErrorException: one is neither text, number nor path, or no process can be given it.
    """
    if not is_list(arguments):
        raise UserErrorException(f"arguments is {arguments!r}; give a list, one element for each argument")
    return [_argument_text(argument) for argument in arguments]


def _argument_text(argument: object) -> str:
    item = getattr(argument, "item", None)
    if callable(item):
        argument = item()
    if isinstance(argument, os.PathLike):
        argument = os.fspath(argument)
    if not isinstance(argument, (str, int, float)):
        raise UserErrorException(
            f"the argument {argument!r} is of type {type(argument).__name__}; arguments are texts, numbers or paths"
        )
    if not _can_be_given(str(argument)):
        raise UserErrorException(
            f"no process can be given the argument {argument!r}: it holds a NUL character or half of a character"
        )
    return str(argument)


def _can_be_given(text: str) -> bool:
    """Whether the system, which takes texts as bytes that a NUL ends, has a form for this one."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def path_text(path: object, what: str) -> str:
    """A path as a text; ``what`` is that which it is the path of.

    :raises RunConfigurationException: it is none.
    """
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise RunConfigurationException(f"the path of {what} is {path!r}; give a text or a Path")
    return text


def check_flags(**flags: object) -> None:
    """Refuse what is neither True nor False: any text would count as True.

    :raises UserErrorException: one of them is such.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise UserErrorException(f"{name} is True or False, not {value!r}")


def environment_texts(variables: object) -> dict[str, str]:
    """Environment variables as a process gets them.

    :raises UserErrorException: these are no names with values, or one of them is one that no process can be given.
    """
    if not isinstance(variables, Mapping):
        raise UserErrorException(
            f"environment_variables is {kind_text(variables)}; give a dict of names and values, {{}} for none"
        )
    texts = {str(name): str(value) for name, value in variables.items()}
    for name, value in texts.items():
        if not name or "=" in name or not _can_be_given(name + value):
            raise UserErrorException(
                f"the environment variable {name!r} cannot be set: names are not empty and hold no '=', "
                "and neither names nor values hold NUL characters or halves of characters"
            )
    return texts


def command_text(command: object) -> str | None:
    """A command as the shell gets it, None if there is none.

    :raises UserErrorException: it is neither a text nor a list of what arguments may be, or no process can be given it.
    """
    words = [command] if isinstance(command, str) else command or []
    if not is_list(words):
        raise UserErrorException(f"the command is {command!r}; give a text for the shell, or a list of its words")
    text = " ".join(argument_texts(words))
    return text if text.strip() else None
