"""Inputs: what a script reads that is not in its snapshot, linked into its checkout while it runs."""

from __future__ import annotations

import os

from localexp.errors import LocalexpError, UserErrorException
from localexp.store import clock, determinism
from localexp.store import inputs as recorded_inputs
from localexp.store.inputs import Input
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.store import Store


def checked(store: Store, source: str, paths: object) -> list[str]:
    """Inputs as paths relative to the source directory, none of them in another, in order.

    :param source: absolute.
    :param paths: a list of paths that are relative to it, or absolute inside it.
    :raises UserErrorException: it is no such list, or one is not there, or no place to read an input from.
    """
    if not isinstance(paths, list):
        raise UserErrorException(f"inputs is {paths!r}; give a list of paths, as inputs=['data']")
    inside = {_path_inside(source, _text(path)) for path in paths}
    for path in sorted(inside):
        _check_place(store, source, path)
        inside |= _place_behind_links(source, path)
    return [path for path in sorted(inside) if inside.isdisjoint(_folders_above(path))]


def _text(path: object) -> str:
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or "\0" in text:
        raise UserErrorException(f"the input {path!r} is no path; give the path of a file or folder as a text")
    return text


def _path_inside(source: str, path: str) -> str:
    inside = os.path.relpath(os.path.join(source, path), source)
    if os.path.isabs(path) and _leads_up(inside):
        # Either may be named through a link to where the source directory lies.
        folder, name = os.path.split(path)
        inside = os.path.relpath(os.path.join(os.path.realpath(folder), name), os.path.realpath(source))
    if inside == os.curdir:
        raise UserErrorException(
            f"the input {path!r} is the source directory itself, which the snapshot holds; name what is left out of it"
        )
    if _leads_up(inside):
        raise UserErrorException(
            f"the input {path!r} lies outside the source directory {source}; pass the script its absolute path as an "
            "argument instead, which needs no input"
        )
    return inside


def _check_place(store: Store, source: str, path: str) -> None:
    full = os.path.join(source, path)
    if not os.path.exists(full):
        raise UserErrorException(
            f"there is no input {path!r} in the source directory {source}; its path is relative to that directory"
        )
    if not os.path.isdir(full) and not os.path.isfile(full):
        raise UserErrorException(f"the input {path!r} is neither a file nor a folder; name one, or leave it out")
    place, root = os.path.realpath(full), os.path.realpath(store.layout.root)
    if _is_in(place, root):
        raise UserErrorException(f"the input {path!r} lies in the store {root}; run.download_file has files of runs")
    if _is_in(root, place) or _is_in(os.path.realpath(source), place):
        raise UserErrorException(f"the input {path!r} holds the store or the source directory; name what is read of it")


def _place_behind_links(source: str, path: str) -> set[str]:
    """Where an input really lies, if that is in the source directory too: the snapshot may hold but the link to it."""
    inside = os.path.relpath(os.path.realpath(os.path.join(source, path)), os.path.realpath(source))
    return set() if _leads_up(inside) else {inside}


def _folders_above(path: str) -> list[str]:
    parts = path.split(os.sep)
    return [os.sep.join(parts[:count]) for count in range(1, len(parts))]


def _leads_up(path: str) -> bool:
    return path.split(os.sep)[0] == os.pardir


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def found(store: Store, source: str, paths: list[str]) -> list[Input]:
    """The inputs as they are now.

    :raises SnapshotException: one cannot be read, or will not hold still.
    """
    if not paths:
        return []
    from localexp.snapshot import fingerprint

    inputs = []
    for path in paths:
        seen = fingerprint.of_path(store, os.fsencode(os.path.join(source, path)))
        changed = seen.changed if determinism.current is None else clock.shown()
        inputs.append(Input(path.replace(os.sep, "/"), seen.files, seen.bytes, changed, seen.hash))
    return inputs


def changes(store: Store, run: int, source: str, paths: list[str]) -> list[str]:
    """What there is to be said of inputs that are not as they were recorded when the run was submitted."""
    with store.main.reading() as db:
        recorded = {one.path: one.hash for one in recorded_inputs.of_run(db, run)}
    messages = []
    for path in paths:
        try:
            (now,) = found(store, source, [path])
        except (LocalexpError, OSError) as error:
            messages.append(f"whether the input {path} is as it was when the run was submitted cannot be told: {error}")
            continue
        if now.hash != recorded[readable(now.path)]:
            messages.append(
                f"the input {path} changed between submit and the start of the script; its recorded hash is of what it "
                "was at submit, and the run has no identity"
            )
    return messages


def link(tree: str, source: str, paths: list[str]) -> None:
    """Have a checkout hold what it lacks of the inputs, as links to the source directory.

    :raises UserErrorException: one is gone.
    """
    for path in paths:
        place = os.path.join(source, path)
        if not os.path.exists(place):
            raise UserErrorException(
                f"the input {path} is gone: {place} was there when the run was submitted; bring it back, or submit "
                "without it"
            )
        # What a link of the snapshot leads to is where it was anyway.
        if _is_behind_no_link(tree, path):
            os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
            _link(os.path.join(tree, path), place)


def _link(path: str, place: str) -> None:
    if not os.path.lexists(path):
        os.symlink(place, path, target_is_directory=os.path.isdir(place))
    elif os.path.isdir(path) and not os.path.islink(path) and os.path.isdir(place):
        _link_what_lacks(path, place)


def _link_what_lacks(folder: str, place: str) -> None:
    from localexp.snapshot.ignore import NEVER_ENTER

    there = set(os.listdir(folder))
    for entry in list(os.scandir(place)):
        path = os.path.join(folder, entry.name)
        if os.fsencode(entry.name) in NEVER_ENTER:
            continue
        if entry.name in there:
            _link(path, entry.path)
        else:
            os.symlink(entry.path, path, target_is_directory=entry.is_dir())


def remove_links(tree: str, source: str, paths: list[str]) -> None:
    """Remove what ``link`` has put into a checkout; what a script has put in its place stays."""
    # A script may have made folders in them deeper than functions can call each other.
    waiting = [path for path in paths if _is_behind_no_link(tree, path)]
    while waiting:
        path = waiting.pop()
        full = os.path.join(tree, path)
        if os.path.islink(full):
            if os.readlink(full) == os.path.join(source, path):
                os.unlink(full)
        elif os.path.isdir(full):
            waiting += [os.path.join(path, name) for name in os.listdir(full)]


def _is_behind_no_link(tree: str, path: str) -> bool:
    return not any(os.path.islink(os.path.join(tree, folder)) for folder in _folders_above(path))
