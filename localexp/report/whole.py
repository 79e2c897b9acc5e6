"""All that is known of a run, as plain data."""

from __future__ import annotations

from localexp.execution import files
from localexp.execution.details import details, summary
from localexp.metrics.history import NO_STEP
from localexp.metrics.system import SAMPLED
from localexp.report.moments import duration
from localexp.store import clock, points
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from typing import Any

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.store.values import Value


def known(store: Store, record: RunRecord) -> dict[str, Any]:
    """What ``localexp show`` shows: of each metric the last value, of each file the name."""
    found = details(store, record)
    return {
        **_with_duration(summary(store, record)),
        "files": list(files.by_name(store, record)),
        "warnings": found.get("warnings", []),
        "definition": found.get("runDefinition"),
        "inputs": found.get("inputs", []),
        "identity": found.get("identity"),
        "origin": found.get("origin"),
        "facts": found.get("facts"),
    }


def report(store: Store, record: RunRecord) -> dict[str, Any]:
    """The same, and every value of its metrics, and its files but for logs with their sizes and hashes."""
    logs = files.logs(store, record)
    artifacts = [one for one in files.listed(store, record) if one.name not in logs]
    with store.main.reading() as db:
        logged = [name for name in points.names(db, record.key) if name not in SAMPLED]
        series = {name: list(points_of(db, record.key, name)) for name in logged}
    return {
        **known(store, record),
        "values": series,
        "artifacts": [{"name": one.name, "size": one.size, "hash": one.digest} for one in artifacts],
    }


def _with_duration(facts: dict[str, object]) -> dict[str, Any]:
    """What is known with the duration in seconds behind the times, of a run that goes on until now."""
    shown: dict[str, Any] = {}
    for name, value in facts.items():
        shown[name] = value
        if name == "ended":
            shown["duration"] = duration(facts["started"], value)
    return shown


def points_of(db: sqlite3.Connection, run: int, metric: str) -> Iterator[dict[str, object]]:
    """Each value of a metric with its step and time, a file by its name."""
    for step, time, value in values(db, run, metric):
        plain = value.name if isinstance(value, Reference) else value
        yield {"step": step, "time": clock.iso(time), "value": plain}


def values(db: sqlite3.Connection, run: int, metric: str) -> Iterator[tuple[int | None, int, Value]]:
    """(step, time, value) of each value of a metric, in order."""
    for stretch in points.stretches(db, run, metric, NO_STEP):
        for step, time, cell in stretch:
            yield None if step == NO_STEP else step, time, from_cell(cell)
