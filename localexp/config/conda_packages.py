"""Conda packages as pip takes them: by the same name, with versions written as pip writes them."""

from __future__ import annotations

import re

from localexp.errors import RunConfigurationException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHON = "python"

_PACKAGE = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)")
_VERSION = re.compile(r"(==|>=|<=|!=|~=|=|>|<)?\s*(v?[0-9][\w.+!]*(?:\.?\*)?)(?:(?:\s*=\s*|\s+)([\w.*]+))?")
_IS_RELEASE = re.compile(r"v?(\d+!)?\d+(\.\d+)*")
_NUMBER = re.compile(r"\d+")


def name_of(package: str) -> str:
    """The name that a conda package has, in lower case.

    :raises RunConfigurationException: it has none.
    """
    return _parts(package)[0].lower()


def as_requirement(package: str) -> str:
    """What pip is to be asked for in place of a conda package.

    :raises RunConfigurationException: its version is written as only conda understands it.
    """
    name, version = _parts(package)
    return name + ",".join(_conditions(package, version))


def version_of(package: str) -> str:
    """The version that a conda package is to have, as it is written; empty if that is left open."""
    return _parts(package)[1].lstrip("=").strip()


def unlike(package: str, version: str) -> bool:
    """Whether a version is none that a conda package may have.

    :raises RunConfigurationException: the version of the package is written as only conda understands it.
    """
    return not all(_holds(condition, version) for condition in _conditions(package, _parts(package)[1]))


def _parts(package: str) -> tuple[str, str]:
    match = _PACKAGE.fullmatch(package.strip())
    if match is None:
        raise RunConfigurationException(f"the conda package {package!r} has no name; write one as 'numpy=1.26'")
    return match[1], match[2].strip()


def _conditions(package: str, version: str) -> list[str]:
    if not version or version in ("*", "=*", "==*"):
        return []
    return [_condition(package, part.strip()) for part in version.split(",")]


def _condition(package: str, text: str) -> str:
    match = _VERSION.fullmatch(text)
    if match is None:
        raise RunConfigurationException(
            f"the conda package {package!r} has a version that pip does not know; write '=1.2', '==1.2.3' or '>=1.2,<2'"
        )
    operator, version, build = match[1], match[2], match[3]
    if operator in (None, "=", "=="):
        # After one '=' a version is the beginning of one; with a build behind it, or without '=', the very one, as is
        # what pip knows no more of than that.
        is_beginning = version.endswith("*") or (operator == "=" and build is None and _IS_RELEASE.fullmatch(version))
        return f"=={version.rstrip('*').rstrip('.')}.*" if is_beginning else f"=={version}"
    # Of what is compared by size the star says nothing.
    return operator + (version if operator == "!=" else version.rstrip("*").rstrip("."))


def _holds(condition: str, version: str) -> bool:
    match = re.match(r"[=<>!~]+", condition)
    assert match is not None
    operator, bound = match[0], condition[match.end() :]
    mine, other = _numbers(version), _numbers(bound)
    if operator == "~=":
        return mine >= other and mine[: len(other) - 1] == other[:-1]
    if bound.endswith(".*"):
        return (mine[: len(other)] == other) is (operator == "==")
    mine, other = _padded(mine, other)
    return {
        "==": mine == other,
        "!=": mine != other,
        ">=": mine >= other,
        "<=": mine <= other,
        ">": mine > other,
        "<": mine < other,
    }[operator]


def _numbers(version: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(version)]


def _padded(*versions: Sequence[int]) -> list[list[int]]:
    longest = max(map(len, versions))
    return [[*version, *[0] * (longest - len(version))] for version in versions]
