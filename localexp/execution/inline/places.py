"""Where the files of a checkout come from: what debuggers and coverage know is the source directory."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


class Places:
    """A checkout, and the source directory that it is one of."""

    def __init__(self, checkout: str, source: str) -> None:
        self.checkout = checkout
        self.source = source
        self._roots = [os.path.realpath(checkout), checkout]
        self._real_source = os.path.realpath(source)
        self._real_folders: dict[str, str] = {}

    def in_checkout(self, path: str) -> str | None:
        """A path relative to the checkout, None if it is not in there."""
        absolute = os.path.abspath(path)
        return next((found for root in self._roots if (found := _inside(absolute, root)) is not None), None)

    def is_replaced(self, path: str) -> bool:
        """Whether a path lies in the source directory, and at the same place in the checkout too."""
        folder, name = os.path.split(os.path.abspath(path))
        if folder not in self._real_folders:
            self._real_folders[folder] = os.path.realpath(folder)
        inside = _inside(os.path.join(self._real_folders[folder], name), self._real_source)
        return inside is not None and os.path.lexists(os.path.join(self.checkout, inside))

    def is_of_script(self, path: str) -> bool:
        """Whether a file is one of the script's, by its own name or by that of the user's."""
        return self.in_checkout(path) is not None or self.is_replaced(path)

    def known_as(self, path: str) -> str:
        """The user's own file that one in the checkout is a copy of; any other path as it is."""
        if self.in_checkout(path) is None:
            return path
        try:
            with open(path, "rb") as file:
                return self._known_as(file.read(), path)
        except OSError:
            # No file, or gone.
            return path

    def compiled(self, source: bytes, path: str, module: str) -> CodeType:
        """The code of a module in the checkout, under the name of the user's own file if that is still the same.

        :raises SyntaxError: it is no Python.
        """
        known_as = self._known_as(source, path)
        code: CodeType = compile(source, known_as, "exec", dont_inherit=True)
        if known_as != path and "coverage" in sys.modules:
            _introduce(known_as, module)
        return code

    def _known_as(self, source: bytes, path: str) -> str:
        inside = self.in_checkout(path)
        if inside is None:
            return path
        original = os.path.join(self.source, inside)
        try:
            with open(original, "rb") as file:
                return original if file.read() == source else path
        except OSError:
            # Moved or removed since.
            return path


def _introduce(file: str, module: str) -> None:
    """Have coverage take code by its own name. It goes by ``__file__`` where there is one when it first sees a file."""
    exec(compile("", file, "exec"), {"__name__": module})


def _inside(path: str, root: str) -> str | None:
    if path == root:
        return os.curdir
    return path[len(root) + 1 :] if path.startswith(root + os.sep) else None
