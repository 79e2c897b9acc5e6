"""``run.log`` in one process until another process sees every value.

Two processes have started and imported what they need. Timed: the first logs every value, then the second opens
the store, reads, and has all the values as Python numbers. The run is begun and ended outside of that, and so is
the file of JSON lines.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.contestants import PEERS
from benchmarks.environment import temporary_folder, variables
from benchmarks.pairs import in_turns
from benchmarks.row import Row, compared
from benchmarks.stage import Actor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_POINTS = 100_000
# A peer that takes milliseconds a value is given fewer, and so is localexp beside it.
_POINTS_OF_PEERS = {"tensorboardx": 100_000, "trackio": 100_000, "mlflow": 2_000}


@dataclass(frozen=True)
class Seen:
    """Seconds until everything was visible, and those that the writer and the reader took of them."""

    total: float
    writing: float
    reading: float


def until_visible(contestant: str, count: int, python: str = sys.executable) -> Seen:
    """Log ``count`` values in one process until another has read them."""
    with (
        temporary_folder() as folder,
        Actor("write", contestant, folder, "first", count, python) as writer,
        Actor("read", contestant, folder, "first", count, python) as reader,
    ):
        writer.answer()
        reader.answer()
        started = perf_counter()
        writer.begin()
        writing = float(writer.answer())
        reader.begin()
        reading = float(reader.answer())
        total = perf_counter() - started
        reader.finish()
        writer.finish()
    return Seen(total, writing, reading)


def visible(settings: Settings) -> list[Row]:
    """Against JSON lines that are appended one by one and parsed by the reader."""
    count = settings.count(_POINTS, 2_000)
    ours, floor = in_turns(
        lambda: until_visible("ours", count), lambda: until_visible("json_lines", count), settings.pairs(21)
    )
    row = compared(
        "visible",
        f"run.log of {count:,} values in one process until another has read them",
        "a JSON line each, written and flushed, parsed by the reader",
        "s",
        [seen.total for seen in ours],
        [seen.total for seen in floor],
        goal=1.25,
        note=f"write + read: ours {_parts(ours)}, floor {_parts(floor)}",
    )
    return [row]


def visible_peers(settings: Settings) -> list[Row]:
    """Against each peer that can be imported."""
    return [_beside(peer, settings) for peer in PEERS]


def _beside(peer: str, settings: Settings) -> Row:
    count = settings.count(_POINTS_OF_PEERS[peer], 200)
    name, measured = f"visible: {peer}", f"run.log of {count:,} values until another process has read them"
    version = _installed_version(settings.peers, PEERS[peer])
    if version is None:
        return Row(name, measured, PEERS[peer], note=f"{PEERS[peer]} is not installed")
    ours, theirs = in_turns(
        lambda: until_visible("ours", count),
        lambda: until_visible(peer, count, settings.peers),
        settings.pairs(3),
    )
    return compared(
        name,
        measured,
        f"{PEERS[peer]} {version}",
        "s",
        [seen.total for seen in ours],
        [seen.total for seen in theirs],
        goal=1.0,
        note=f"write + read: ours {_parts(ours)}, {PEERS[peer]} {_parts(theirs)}",
    )


def _parts(seen: list[Seen]) -> str:
    return f"{median(one.writing for one in seen):.3f} + {median(one.reading for one in seen):.3f} s"


def _installed_version(python: str, module: str) -> str | None:
    code = f"import {module}; print({module}.__version__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=variables())
    return done.stdout.strip() if done.returncode == 0 else None


BENCHMARKS: dict[str, Benchmark] = {"visible": visible, "visible-peers": visible_peers}
