"""See to it that a script imports what its snapshot holds, not what now stands in the source directory."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.layout import Layout


def places_in_source(source: str, entries: Iterable[str]) -> list[str]:
    """Where an interpreter with these entries would import from inside the source directory, relative to it."""
    root = os.path.realpath(source)
    places = [_relative(entry, root) for entry in entries]
    return list(dict.fromkeys(place for place in places if place is not None))


def variable(layout: Layout, source: str, places: list[str], checkout: str, inherited: str) -> str:
    """The ``PYTHONPATH`` of a script that runs in a checkout of ``source``."""
    root = os.path.realpath(source)
    given = [entry for entry in inherited.split(os.pathsep) if entry]
    kept = [entry for entry in given if _is_outside(entry, root, checkout)]
    # The script alone may be given some that the process which submitted it does not have.
    more = [place for place in (_relative(entry, root) for entry in given) if place is not None]
    in_front = [os.path.join(checkout, place) for place in dict.fromkeys([*places, *more])]
    entries = [entry for entry in in_front if os.path.isdir(entry)] + kept + [_package_alone(layout)]
    return os.pathsep.join(os.path.normpath(entry) for entry in entries)


def _relative(entry: str, root: str) -> str | None:
    """Where an entry lies in a folder that is given by its real path; None outside of it."""
    place = os.path.realpath(entry)
    if place == root:
        return os.curdir
    # Most lie elsewhere, and working out the way there would take longer than all the rest.
    inside = root.rstrip(os.sep) + os.sep
    return place[len(inside) :] if os.path.normcase(place).startswith(os.path.normcase(inside)) else None


def _is_outside(entry: str, root: str, checkout: str) -> bool:
    """Whether an inherited entry stays: it lies elsewhere, or at a place of the source that no snapshot holds."""
    relative = _relative(entry, root)
    return relative is None or not os.path.isdir(os.path.join(checkout, relative))


def _package_alone(layout: Layout) -> str:
    """A folder that holds only this package, for interpreters that do not have it."""
    import localexp

    package = os.path.dirname(os.path.abspath(localexp.__file__))
    folder = layout.package_path(package)
    link = os.path.join(folder, "localexp")
    os.makedirs(folder, exist_ok=True)
    if os.path.realpath(link) != os.path.realpath(package):
        aside = f"{link}.{os.getpid()}"
        try:
            os.symlink(package, aside)
            os.replace(aside, link)
        except OSError:
            if os.name != "nt":
                raise
            _copy_package(package, link)
    return folder


def _copy_package(package: str, target: str) -> None:
    """Where links need a permission that few have."""
    import shutil

    shutil.copytree(package, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
