"""How much a run of the benchmarks does."""

from __future__ import annotations

import sys
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.row import Row

    Benchmark = Callable[["Settings"], list[Row]]


@dataclass(frozen=True)
class Settings:
    """``repeats`` of None leaves the number to each benchmark; ``peers`` is an interpreter that may import peers.

    ``real_tree`` is a directory to measure snapshots with; None has one downloaded.
    """

    is_quick: bool = False
    repeats: int | None = None
    peers: str = sys.executable
    real_tree: str | None = None

    def count(self, full: int, quick: int) -> int:
        """How many of whatever a benchmark counts: ``full``, or ``quick`` in a smoke test."""
        return quick if self.is_quick else full

    def pairs(self, full: int) -> int:
        """How many paired measurements to make: what was asked for, else ``full``, or 2 in a smoke test."""
        return self.repeats or self.count(full, 2)
