"""Trees of files: generated or copied, edited, and compared."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from random import Random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.settings import Settings

_FILES_A_FOLDER, _FOLDERS_A_PART = 25, 40
# A file is trusted by its times once they are clearly in the past, which for localexp is two seconds.
_SECONDS_TO_SETTLE = 2.5
_NOT_SOURCE = (".git", "__pycache__")
# fmt: off
_WORDS = [
    "self", "return", "value", "model", "for", "in", "layer", "=", "(", ")", "[", "]", ":", ",", "loss",
    "data", "batch", "not", "None", "import", "def", "if", "else", "+", "0.5", "1",
]
# fmt: on
_LINES = 4_000


class Tree:
    """The files below a folder that can be edited: those with at least one byte."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        found = list(_files_below(folder))
        self.bytes = sum(entry.stat(follow_symlinks=False).st_size for entry in found)
        self.count = len(found)
        self._paths = [entry.path for entry in found if entry.stat(follow_symlinks=False).st_size]
        self._last_write = max(entry.stat(follow_symlinks=False).st_ctime for entry in found)
        self._paths.sort()
        Random(1).shuffle(self._paths)
        self._next = 0

    def edit(self, count: int) -> None:
        """Change one byte of each of the next ``count`` files; their sizes stay."""
        for _ in range(count):
            path = self._paths[self._next % len(self._paths)]
            self._next += 1
            with open(path, "r+b", buffering=0) as file:
                first = file.read(1)
                file.seek(0)
                file.write(bytes([first[0] ^ 1]))
            self._last_write = os.stat(path).st_ctime

    def add(self, name: str, content: str = "") -> None:
        """Write a file that is not among those that are edited."""
        path = os.path.join(self.folder, name)
        with open(path, "x", encoding="ascii") as file:
            file.write(content)
        self._last_write = os.stat(path).st_ctime

    def settle(self, settings: Settings) -> None:
        """Wait until every file is old enough to be trusted by its times; a smoke test does not wait."""
        while not settings.is_quick and (age := time.time() - self._last_write) < _SECONDS_TO_SETTLE:
            time.sleep(max(0.0, _SECONDS_TO_SETTLE - age))

    def check_copy(self, folder: str) -> None:
        """Raise ``ValueError`` unless every file that can be edited has the same bytes in a copy of the tree."""
        for path in self._paths:
            copy = os.path.join(folder, os.path.relpath(path, self.folder))
            with open(path, "rb") as one, open(copy, "rb") as other:
                if one.read() != other.read():
                    raise ValueError(f"{copy} is not as {path}")


@dataclass(frozen=True)
class Kind:
    """A tree that can be had any number of times: ``fill`` writes it into a new folder.

    ``prefix`` begins the names of rows about it, ``description`` says what it holds.
    """

    prefix: str
    description: str
    fill: Callable[[str], None]

    def make(self, folder: str) -> Tree:
        self.fill(folder)
        return Tree(folder)


def generated(files: int, size: int) -> Kind:
    """Text that looks like source to a compressor, the same each time; every file differs."""
    return Kind("", f"{files:,} files of {size / 1000:g} KB", lambda folder: _generate(folder, files, size))


def copied(source: str) -> Kind:
    """The files of a directory that is there, without what is never source; they get times of their own."""
    tree = Tree(source)
    description = f"{os.path.basename(os.path.abspath(source))} ({tree.count:,} files, {tree.bytes / 1e6:.0f} MB)"
    return Kind("real tree: ", description, lambda folder: _copy(source, folder))


def _generate(folder: str, files: int, size: int) -> None:
    random = Random(0)
    lines = [" ".join(random.choices(_WORDS, k=random.randrange(10, 18))) for _ in range(_LINES)]
    lines_a_file = size // min(len(line) for line in lines) + 1
    for number in range(files):
        pack = number // _FILES_A_FOLDER
        place = os.path.join(folder, f"part_{pack // _FOLDERS_A_PART:02}", f"pack_{pack:04}")
        if number % _FILES_A_FOLDER == 0:
            os.makedirs(place)
        text = f"# {number}\n" + "\n".join(random.choices(lines, k=lines_a_file))
        with open(os.path.join(place, f"module_{number:05}.py"), "wb") as file:
            file.write(text.encode()[:size])


def _copy(source: str, folder: str) -> None:
    # Not copy2: times in the past would be taken for those of files that have long been there.
    ignore = shutil.ignore_patterns(*_NOT_SOURCE)
    shutil.copytree(source, folder, symlinks=True, ignore=ignore, copy_function=shutil.copy)


def _files_below(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path) if entry.name not in _NOT_SOURCE else ()
            elif entry.is_file(follow_symlinks=False):
                yield entry


def walk(folder: bytes) -> None:
    """Look at every entry below a folder and at the status of every file: the floor of finding what has changed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                walk(entry.path)
            else:
                entry.stat(follow_symlinks=False)
