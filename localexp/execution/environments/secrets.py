"""Keep what nobody else is to know out of the log of a build, which is kept with the run."""

from __future__ import annotations

import re

from localexp.execution.environments import locations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def of(lines: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """What stands in URLs of requirements for environment variables, by the values of these, also as URLs have them."""
    from urllib.parse import quote

    found = {}
    for name in {name for line in lines if "://" in line for name in _VARIABLE.findall(line)}:
        if value := environment.get(name):
            found.update(dict.fromkeys([value, quote(value), quote(value, safe="")], f"${{{name}}}"))
    return found


def hide(log: str, names: Mapping[str, str]) -> None:
    """Put names in the place of values in a log, and nothing in that of the users and passwords of URLs."""
    with open(log, "r+", encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
        hidden = locations.without_credentials(text)
        # A value may be part of another.
        for value in sorted(names, key=len, reverse=True):
            hidden = hidden.replace(value, names[value])
        if hidden != text:
            file.seek(0)
            file.write(hidden)
            file.truncate()
