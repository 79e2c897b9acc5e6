"""The peak memory of a fresh process that takes a snapshot: of many files, and of a huge one."""

from __future__ import annotations

import os
import shutil
from functools import partial
from itertools import count
from random import Random

from benchmarks.environment import REPOSITORY, temporary_folder
from benchmarks.fresh import cost
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.trees import generated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_FLOOR = "import sqlite3, json"
_PIECE = 2**20


def many_files(settings: Settings) -> list[Row]:
    """The first snapshot of many small files."""
    kind = generated(settings.count(50_000, 500), 1_000)
    with temporary_folder() as folder:
        kind.fill(os.path.join(folder, "tree"))
        return [_row("snapshot memory, many files", kind.description, folder, settings.pairs(3), 120.0)]


def huge_file(settings: Settings) -> list[Row]:
    """The first snapshot of a file far larger than memory ought to be used for."""
    pieces = settings.count(4 * 1024, 256)
    with temporary_folder() as folder:
        os.mkdir(os.path.join(folder, "tree"))
        _write_huge(os.path.join(folder, "tree", "huge.bin"), pieces)
        described = f"a file of {pieces * _PIECE / 1e9:.2g} GB"
        return [_row("snapshot memory, huge file", described, folder, settings.pairs(1), 64.0, pieces * _PIECE * 2)]


def _write_huge(path: str, pieces: int) -> None:
    random = Random(0)
    with open(path, "wb") as file:
        for _ in range(pieces):
            file.write(random.randbytes(_PIECE))


def _row(name: str, described: str, folder: str, pairs: int, goal: float, max_bytes: int | None = None) -> Row:
    numbers = count()

    def ours() -> float:
        store = f"store {next(numbers)}"
        peak = cost(_snapshot(store, max_bytes), folder, PYTHONPATH=REPOSITORY).peak_megabytes
        # As large as the tree, yet few files.
        shutil.rmtree(os.path.join(folder, store))
        return peak

    peaks = in_turns(ours, partial(_peak_of_floor, folder), pairs)
    measured = f"the peak of a process that takes the first snapshot of {described}"
    return compared(name, measured, f"a process of: {_FLOOR}", "MB", *peaks, goal_of_ours=goal)


def _snapshot(store: str, max_bytes: int | None) -> str:
    return f"from benchmarks.keepers import ours; ours.take(ours.opened({store!r}), 'tree', {max_bytes})"


def _peak_of_floor(folder: str) -> float:
    return cost(_FLOOR, folder).peak_megabytes


BENCHMARKS: dict[str, Benchmark] = {"memory-many": many_files, "memory-huge": huge_file}
