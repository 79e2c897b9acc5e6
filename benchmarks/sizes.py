"""What a store grows to."""

from __future__ import annotations

import os
import sys

from benchmarks.environment import temporary_folder
from benchmarks.keepers import ours
from benchmarks.row import Row, compared
from benchmarks.trees import generated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings


def snapshot_store(settings: Settings) -> list[Row]:
    """Many snapshots of a tree, each of a run, with one edited file each."""
    kind, size = generated(settings.count(1_000, 100), 10_000), 10_000
    edits = settings.count(100, 10)
    with temporary_folder() as folder:
        tree = kind.make(os.path.join(folder, "tree"))
        store = ours.opened(folder)
        for _ in range(edits):
            print(".", end="", file=sys.stderr, flush=True)
            tree.edit(1)
            ours.new_run(store, ours.take(store, tree.folder))
        store.close()
        found = ours.stored_bytes(store)
    row = compared(
        "store of snapshots",
        f"a store with {edits} runs and snapshots of {kind.description}, one file edited before each",
        "the tree once and each edited file",
        "MB",
        [found / 1e6],
        [(tree.bytes + edits * size) / 1e6],
        goal=1.1,
        note="without the folders of runs, which hold their logs and outputs",
    )
    return [row]


BENCHMARKS: dict[str, Benchmark] = {"store-snapshots": snapshot_store}
