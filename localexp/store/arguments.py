"""What the arguments of a script say, by name."""

from __future__ import annotations

import re

from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OPTION = re.compile(r"--?([A-Za-z][^=\s]*)(?:=(.*))?", re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_][\w.]*)=(.*)", re.DOTALL)


def params_of_arguments(arguments: Iterable[str]) -> dict[str, str]:
    """The params that the arguments of a script name: ``--lr 0.1``, ``-lr 0.1``, ``--lr=0.1`` and ``lr=0.1``.

    ``-`` in a name becomes ``_``. Several values behind one option are one text with blanks between them; an option
    without any is ``True``. Of a param that is named twice the last one counts. What stands behind no name is none.
    """
    return named_and_others(arguments)[0]


def named_and_others(arguments: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The params that the arguments of a script name, and the arguments that stand behind no name."""
    found: dict[str, str] = {}
    others: list[str] = []
    option, values = "", list[str]()
    texts = [readable(str(argument)) for argument in arguments]
    # What follows upon it is no option, however it looks.
    end = texts.index("--") if "--" in texts else len(texts)
    for argument in texts[:end]:
        named, assigned = _OPTION.fullmatch(argument), _ASSIGNED.fullmatch(argument)
        if named is not None and named[2] is None:
            option, values = named[1].replace("-", "_"), []
            found[option] = "True"
        elif named is not None:
            option = ""
            found[named[1].replace("-", "_")] = named[2]
        elif assigned is not None and (values or not option):
            option = ""
            found[assigned[1]] = assigned[2]
        elif option:
            values.append(argument)
            found[option] = " ".join(values)
        else:
            others.append(argument)
    return found, others + texts[end + 1 :]


def params_of(definition: Mapping[str, object]) -> dict[str, str]:
    """The params of what was submitted: a script with its arguments, or a command."""
    return params_of_arguments(parts_of(definition))


def parts_of(definition: Mapping[str, object]) -> list[str]:
    """The arguments of what was submitted, and the words of a command."""
    import shlex

    arguments, command = definition.get("arguments"), definition.get("command")
    parts = arguments if isinstance(arguments, list) else []
    if isinstance(command, str):
        try:
            parts = [*shlex.split(command), *parts]
        except ValueError:
            # Quotes that do not match, of which the shell will complain.
            parts = [*command.split(), *parts]
    return [str(part) for part in parts]
