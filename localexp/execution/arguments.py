"""The arguments of a script by name, to change some of them."""

from __future__ import annotations

import re

from localexp.errors import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE = "give all arguments anew, by arguments=[…] or, on the command line, behind RUN"
_SETTING = re.compile(r"([A-Za-z_][\w.-]*)=")
_TRUTHS = {"true": True, "false": False}
_LIKE_TRUTHS = {"true", "false", "yes", "no", "on", "off", "0", "1"}


class _Argument:
    """A named argument at an index: an option (``--lr 0.1``, ``-lr=0.1``, ``--flag``) or a setting (``lr=0.1``).

    ``values`` are the indices of what follows an option and may be its value. ``follows`` is the option that a
    setting may be the value of, rather than an argument of its own.
    """

    def __init__(self, at: int, text: str, follows: str | None = None) -> None:
        self.at = at
        self.text, equals, _ = text.partition("=")
        self.has_equals = bool(equals)
        self.name = _plain(self.text.lstrip("-"))
        self.values: list[int] = []
        self.follows = follows


def changed(arguments: list[str], changes: Mapping[str, str | bool]) -> list[str]:
    """The arguments with other values for those that are named, whichever of the usual forms they have.

    ``{"learning_rate": "0.2"}`` changes ``--learning-rate 0.1``, and ``-learning_rate=0.1``, and ``learning_rate=0.1``.
    A flag that is there stays with True and goes with False, or texts that say so.

    :raises UserErrorException: there is no such argument, or more than one place where its value may be.
    """
    found = list(_arguments(arguments))
    removed: set[int] = set()
    result = list(arguments)
    for name, value in changes.items():
        _change(result, removed, _the_one(name, found), value)
    return [text for index, text in enumerate(result) if index not in removed]


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _arguments(arguments: list[str]) -> Iterator[_Argument]:
    option = None
    for index, text in enumerate(arguments):
        if text == "--":
            # What follows has no names.
            break
        if _is_option(text):
            option = _Argument(index, text)
            yield option
        elif _SETTING.match(text) and (option is None or option.values or option.has_equals):
            option = None
            yield _Argument(index, text)
        elif option is not None:
            option.values.append(index)
            if _SETTING.match(text):
                yield _Argument(index, text, option.text)


def _is_option(text: str) -> bool:
    return text.startswith("-") and bool(text.strip("-")) and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _the_one(name: str, found: list[_Argument]) -> _Argument:
    fitting = [one for one in found if one.name == _plain(name.lstrip("-"))]
    if not fitting:
        known = ", ".join(dict.fromkeys(one.name for one in found if one.follows is None))
        there = f"there are {known}" if known else "none has a name"
        raise UserErrorException(f"the script was given no argument {name!r}: {there}; for any other, {_WHOLE}")
    if len(fitting) > 1:
        raise UserErrorException(f"the script was given {name!r} {len(fitting)} times: {_WHOLE}")
    return fitting[0]


def _change(arguments: list[str], removed: set[int], argument: _Argument, value: str | bool) -> None:
    values = [] if argument.has_equals else argument.values
    if argument.follows is not None:
        raise UserErrorException(
            f"whether {arguments[argument.at]!r} is the value of {argument.follows} cannot be told: {_WHOLE}"
        )
    if len(values) > 1:
        after = " ".join(arguments[index] for index in values)
        raise UserErrorException(f"which of {after!r} is the value of {argument.text} cannot be told: {_WHOLE}")
    if argument.has_equals:
        arguments[argument.at] = f"{argument.text}={value}"
    elif not values:
        if not _truth(argument, value):
            removed.add(argument.at)
    else:
        _change_value(arguments, removed, argument, values[0], value)


def _truth(flag: _Argument, value: str | bool) -> bool:
    truth = value if isinstance(value, bool) else _TRUTHS.get(value.lower())
    if truth is None:
        raise UserErrorException(
            f"{flag.text} was given without a value, so that it is True or False, not {value!r}; else {_WHOLE}"
        )
    return truth


def _change_value(arguments: list[str], removed: set[int], option: _Argument, at: int, value: str | bool) -> None:
    if isinstance(value, bool) and arguments[at].lower() not in _LIKE_TRUTHS:
        raise UserErrorException(
            f"whether {arguments[at]!r} is the value of {option.text}, or that is a flag, cannot be told: {_WHOLE}"
        )
    if _is_option(str(value)) and option.text.startswith("--"):
        # By itself it would be taken for an option.
        arguments[option.at] = f"{option.text}={value}"
        removed.add(at)
    else:
        arguments[at] = str(value)
