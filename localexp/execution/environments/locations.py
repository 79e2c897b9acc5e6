"""Requirements that say where a package lies: as a file, or as a URL, which must not hold a password."""

from __future__ import annotations

import os
import re

from localexp.errors import RunConfigurationException

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz")
_URL = re.compile(r"(?:[a-z][a-z0-9]*\+)?([a-z][a-z0-9]*)://([^\s/?#]*)", re.IGNORECASE)
_SECRET_IN_QUERY = re.compile(
    r"[?&]([^=&#\s]*(?:token|secret|password|passwd|signature|sig|key|auth)[^=&#\s]*)=[^&#\s]+", re.I
)
_VARIABLES = re.compile(r"(?:\$\{[A-Z0-9_]+\}|:)+")
_END = re.compile(r"\s+(?:;|--)|;\s")
_NAMED = re.compile(r"([A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*)@\s*(.*)", re.DOTALL)
_EXTRAS = re.compile(r"(.*?)(\[[^\[\]]*\])?", re.DOTALL)


def checked(requirement: str, folder: str) -> str:
    """A requirement with the path in it made absolute, if it is one.

    :raises RunConfigurationException: a URL has credentials in it, or it is a directory, or a relative path of no file.
    """
    _refuse_credentials(requirement)
    before, place, after = _split(requirement)
    path = _path_of(place)
    if path is None:
        return requirement
    file, extras = _without_extras(path)
    absolute = _found(file, folder)
    if os.path.isdir(absolute):
        raise no_package(requirement)
    # One that was absolute before may have been checked long ago; submit finds out whether it is still there.
    if not os.path.isfile(absolute) and not os.path.isabs(file):
        raise RunConfigurationException(
            f"the requirement {requirement!r} is a file that is not there: {absolute}; build or copy it there, or "
            "require the package by its name"
        )
    if before:
        from pathlib import Path

        return f"{before}@ {Path(absolute).as_uri()}{after}"
    return absolute + extras + after


def file_of(requirement: str) -> str | None:
    """The file of a checked requirement that is one."""
    place = _split(requirement.removeprefix("-c "))[1]
    path = None if place.startswith("-") else _path_of(place)
    return None if path is None else _without_extras(path)[0]


def checked_index(value: str, folder: str) -> str:
    """A URL, or the absolute path of a folder, of an option that says where packages are looked for.

    :raises RunConfigurationException: it has credentials in it.
    """
    _refuse_credentials(value)
    return value if is_url(value) or "${" in value else _found(value, folder)


def is_archive(text: str) -> bool:
    """Whether a text is the name of a wheel or of the archive of a source, with extras or without."""
    return _without_extras(text)[0].lower().endswith(_ARCHIVES)


def is_url(text: str) -> bool:
    return _URL.match(text) is not None


def without_credentials(text: str) -> str:
    """A text with nothing left of what may be credentials in URLs."""
    text = re.sub(r"(://)[^\s/?#]*@", r"\1", text)
    return _SECRET_IN_QUERY.sub(lambda found: found[0].partition("=")[0] + "=…", text)


def no_package(requirement: str) -> RunConfigurationException:
    """The error for a directory, of which nobody knows whether it still holds what it held."""
    return RunConfigurationException(
        f"the requirement {requirement!r} is a directory, whose content may change behind the back of an environment; "
        "submit it as part of the source directory, or make a wheel of it ('pip wheel --no-deps DIRECTORY') and "
        "require that file"
    )


def _refuse_credentials(text: str) -> None:
    for found in _URL.finditer(text):
        user, at, _ = found[2].rpartition("@")
        if at and not _VARIABLES.fullmatch(user) and (":" in user or found[1].lower() in ("http", "https", "ftp")):
            raise _holds_a_secret(text, "user or password")
    query = _SECRET_IN_QUERY.search(text)
    if query is not None and "${" not in query[0]:
        raise _holds_a_secret(text, query[1])


def _holds_a_secret(text: str, what: str) -> RunConfigurationException:
    return RunConfigurationException(
        f"the requirement {without_credentials(text)!r} has a {what} in its URL, which would be kept with every run; "
        "write ${NAME} in its place and set that environment variable, or keep it in ~/.netrc"
    )


def _split(requirement: str) -> tuple[str, str, str]:
    """The name in front of a place, with its extras; the place; and markers and options behind it."""
    named = _NAMED.fullmatch(requirement)
    before, rest = (named[1], named[2]) if named else ("", requirement)
    end = _END.search(rest)
    return (before, rest, "") if end is None else (before, rest[: end.start()], rest[end.start() :])


def _path_of(place: str) -> str | None:
    if place.lower().startswith("file:"):
        from urllib.request import url2pathname

        return url2pathname(re.sub(r"^file:(//[^/]*)?|[?#].*$", "", place, flags=re.IGNORECASE))
    if is_url(place):
        return None
    has_separator = os.sep in place or (os.altsep is not None and os.altsep in place)
    is_folder = _without_extras(place)[0] in (os.curdir, os.pardir)
    return place if has_separator or is_folder or is_archive(place) else None


def _without_extras(path: str) -> tuple[str, str]:
    match = _EXTRAS.fullmatch(path)
    assert match is not None
    return match[1], match[2] or ""


def _found(path: str, folder: str) -> str:
    """Where a path leads from the current directory, as in pip; or else from the folder of the file that names it."""
    here = os.path.abspath(os.path.expanduser(path))
    there = os.path.normpath(os.path.join(folder, os.path.expanduser(path)))
    return there if os.path.exists(there) and not os.path.exists(here) else here
