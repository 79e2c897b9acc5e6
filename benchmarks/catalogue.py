"""Every benchmark by name. A new topic is a module with ``BENCHMARKS``, added to the list here."""

from __future__ import annotations

from benchmarks import (
    checkouts,
    fixtures,
    latency,
    many_runs,
    memory,
    outputs,
    points,
    queries,
    queues,
    real,
    resources,
    reuse,
    sizes,
    snapshots,
    start,
    submits,
    visible,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark

_TOPICS = (
    visible,
    latency,
    points,
    many_runs,
    queries,
    start,
    snapshots,
    checkouts,
    real,
    reuse,
    submits,
    queues,
    resources,
    outputs,
    sizes,
    memory,
    fixtures,
)

BENCHMARKS: dict[str, Benchmark] = {
    name: benchmark for topic in _TOPICS for name, benchmark in topic.BENCHMARKS.items()
}
