"""The distributions that an interpreter finds, by the names of their metadata's folders."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RACY_NANOSECONDS = 2_000_000_000
_INSTALLED, _EGG = ".dist-info", ".egg-info"
# Of a folder: its time of change, and what is in it, as ``_parts``. One that changed just now may do so again within
# the same tick.
_listed: dict[str, tuple[int, list[tuple[str, str, str]]]] = {}


def installed(entries: Iterable[str]) -> dict[str, str]:
    """The version of each distribution in the entries of an interpreter's path, by its normalized name."""
    found: dict[str, str] = {}
    for entry in entries:
        folder = os.path.abspath(entry)
        for distribution, version, name in _listing(folder):
            # As with modules it is the first that counts.
            if distribution not in found:
                found[distribution] = version or _version_inside(os.path.join(folder, name))
    return dict(sorted(found.items()))


def digest(packages: Mapping[str, str]) -> str:
    """A hash of distributions and their versions."""
    from hashlib import blake2b

    text = "\n".join(f"{name} {version}" for name, version in sorted(packages.items()))
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _listing(folder: str) -> list[tuple[str, str, str]]:
    try:
        changed = os.stat(folder).st_mtime_ns
        known = _listed.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        found = [_parts(name) for name in sorted(os.listdir(folder)) if _is_metadata(name)]
    except OSError:
        # Paths have entries that are not there, archives among them, and such as may not be read.
        return []
    if changed < time.time_ns() - _RACY_NANOSECONDS:
        _listed[folder] = changed, found
    return found


def _is_metadata(name: str) -> bool:
    # What begins with a tilde pip has put aside, and not come to remove.
    return name.endswith((_INSTALLED, _EGG)) and not name.startswith("~")


def _parts(name: str) -> tuple[str, str, str]:
    """Distribution, version, and the name that says both, or has no version in it, which is empty then."""
    distribution, _, rest = name[: name.rindex(".")].partition("-")
    # An egg's goes on with the version of Python.
    return _normalized(distribution), rest.partition("-")[0], name


def _normalized(name: str) -> str:
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def _version_inside(metadata: str) -> str:
    """The version in metadata whose name has none, as of a project that setuptools has made importable in place."""
    for path in (os.path.join(metadata, "METADATA"), os.path.join(metadata, "PKG-INFO"), metadata):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                versions = (line.partition(":")[2].strip() for line in file if line.startswith("Version:"))
                return next(versions, "")
        except OSError:
            # It is another of the three, or cannot be read.
            continue
    return ""
