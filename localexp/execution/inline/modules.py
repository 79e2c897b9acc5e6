"""A script in this process imports what its checkout holds, and leaves the modules of this process as they were."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, ModuleType

    from localexp.execution.inline.places import Places

# Those that an interpreter has loaded before it comes to a script, which therefore cannot have others of these names.
_OF_EVERY_INTERPRETER = frozenset(
    [
        *sys.builtin_module_names,
        *("abc", "codecs", "encodings", "genericpath", "importlib", "io", "localexp", "ntpath", "os", "posixpath"),
        *("site", "stat", "zipimport", "_collections_abc", "_sitebuiltins", "__main__"),
    ]
)
_SUFFIXES = (*EXTENSION_SUFFIXES, *SOURCE_SUFFIXES, *BYTECODE_SUFFIXES)


class _Loader(SourceFileLoader):
    """Loads the source, under the name that the user knows; bytecode could be that of another run."""

    def __init__(self, fullname: str, path: str, places: Places) -> None:
        super().__init__(fullname, path)
        self._places = places

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self._places.compiled(self.get_data(path), path, fullname)


@contextmanager
def of_checkout(places: Places, search_path: list[str]) -> Iterator[None]:
    """Within the block modules of the source directory are those of its checkout.

    :param search_path: where the script looks for modules.
    """
    path, hook, entries = sys.path, partial(_finder, places), list(search_path)
    aside = _put_aside(places, [entry for entry in entries if places.in_checkout(entry) is not None])
    _forget_finders(places, entries)
    sys.path, sys.path_hooks[:0] = search_path, [hook]
    try:
        yield
    finally:
        sys.path = path
        if hook in sys.path_hooks:
            sys.path_hooks.remove(hook)
        _forget_finders(places, entries)
        _put_back(places, aside)


def _finder(places: Places, path: str) -> FileFinder:
    if places.in_checkout(path) is None or not os.path.isdir(path):
        raise ImportError("only folders in the checkout", path=path)
    return FileFinder(
        path,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (partial(_Loader, places=places), SOURCE_SUFFIXES),  # type: ignore[arg-type]
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _forget_finders(places: Places, entries: list[str]) -> None:
    """Those of folders that are there for one script alone."""
    for path in list(sys.path_importer_cache):
        if places.in_checkout(path) is not None or (path in entries and path not in sys.path):
            sys.path_importer_cache.pop(path, None)


def _put_aside(places: Places, entries: list[str]) -> dict[str, ModuleType]:
    """Take out the modules that the script is to have of its own, with all below them."""
    shadowed = {name for entry in entries for name in _importable(entry)}
    roots = {
        name
        for name, module in list(sys.modules.items())
        if name in shadowed or any(places.is_replaced(place) for place in _files(module))
    }
    return {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name.partition(".")[0] not in _OF_EVERY_INTERPRETER and not roots.isdisjoint(_with_parents(name))
    }


def _put_back(places: Places, aside: dict[str, ModuleType]) -> None:
    for name, module in list(sys.modules.items()):
        is_own = any(places.in_checkout(place) is not None for place in _files(module))
        if name != "__main__" and (is_own or not aside.keys().isdisjoint(_with_parents(name))):
            sys.modules.pop(name, None)
    sys.modules.update(aside)


def _with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _importable(folder: str) -> Iterator[str]:
    """The names of modules and packages in a folder; those without an ``__init__`` yield to others."""
    try:
        names = os.listdir(folder)
    except OSError:
        # No folder: an archive, or nothing yet.
        return
    for name in names:
        stem = name.partition(".")[0]
        if name.endswith(_SUFFIXES) or any(
            os.path.isfile(os.path.join(folder, name, f"__init__{suffix}")) for suffix in _SUFFIXES
        ):
            yield stem


def _files(module: object) -> Iterator[str]:
    """Where a module was loaded from; asked without waking what is loaded only when it is used."""
    known = getattr(module, "__dict__", {})
    file = known.get("__file__")
    if isinstance(file, str):
        yield file
        return
    try:
        yield from [place for place in known.get("__path__", ()) if isinstance(place, str)]
    except (TypeError, KeyError):
        # Something else by that name, or a namespace whose parent is gone.
        return
