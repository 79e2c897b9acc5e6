"""Every benchmark by name. A new topic is a module with ``BENCHMARKS``, added to the list here."""

from __future__ import annotations

from benchmarks import latency, start, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark

_TOPICS = (visible, latency, start)

BENCHMARKS: dict[str, Benchmark] = {
    name: benchmark for topic in _TOPICS for name, benchmark in topic.BENCHMARKS.items()
}
