"""What is known of a run, as plain data in the shape of Azure ML's ``get_details``."""

from __future__ import annotations

import os

from localexp.execution import files, logs
from localexp.metrics.system import SAMPLED
from localexp.store import clock, facts, inputs, params, points, runs, tags, warnings
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeVar

    from localexp.store.inputs import Input
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.store.values import Cell

    T = TypeVar("T")


_SAMPLED = frozenset(SAMPLED)


def file_address(path: str) -> str:
    """The ``file://`` address of a path."""
    from pathlib import Path

    return Path(os.path.abspath(path)).as_uri()


def details(store: Store, record: RunRecord) -> dict[str, object]:
    """The details of a run; what has no value is absent."""
    with store.main.reading() as db:
        properties = tags.properties_of_run(db, record.key)
        said = warnings.of_run(db, record.key)
        found = inputs.of_run(db, record.key)
        known_facts = facts.of_run(db, record.key)
    addresses = {name: file_address(path) for name, path in files.logs(store, record).items()}
    every: dict[str, object] = {
        "runId": record.id,
        "target": record.target,
        "status": record.status,
        "startTimeUtc": None if record.started_at is None else clock.iso(record.started_at),
        "endTimeUtc": None if record.ended_at is None else clock.iso(record.ended_at),
        "exitCode": record.exit_code,
        "error": record.error_parts(),
        "warnings": [{"source": source, "message": message} for source, message in said] or None,
        "properties": properties,
        "inputDatasets": [],
        "outputDatasets": [],
        "inputs": [_input_details(one) for one in found] or None,
        "identity": record.identity,
        "origin": record.origin,
        "facts": known_facts or None,
        "runDefinition": None if record.definition is None else record.definition_parts(),
        "logFiles": addresses,
    }
    return {name: value for name, value in every.items() if value is not None}


def _input_details(one: Input) -> dict[str, object]:
    return {
        "path": one.path,
        "files": one.files,
        "bytes": one.bytes,
        "hash": one.hash,
        "changedTimeUtc": clock.iso(one.changed),
    }


def input_texts(details: dict[str, object]) -> dict[str, str]:
    """What there is to say of each input in the details of a run, by path."""
    inputs = details.get("inputs")
    return {one["path"]: _input_text(one) for one in (inputs if isinstance(inputs, list) else [])}


def _input_text(one: dict[str, Any]) -> str:
    from localexp.snapshot.sizes import counted, human

    return f"{counted(one['files'], 'file')}, {human(one['bytes'])}, changed {one['changedTimeUtc']}, {one['hash']}"


def details_with_logs(store: Store, record: RunRecord) -> dict[str, object]:
    """The details of a run, with the text of each log, of a very long one its end."""
    return {**details(store, record), "logFiles": logs.texts(store, record)}


def _shown(cells: dict[str, Cell]) -> dict[str, object]:
    """Last values by metric, a file by its name."""
    # Most are numbers, for each of which a call would cost more than all else.
    return {
        name: _shown_blob(cell) if type(cell) is bytes else cell for name, cell in cells.items() if name not in _SAMPLED
    }


def _shown_blob(cell: bytes) -> object:
    value = from_cell(cell)
    return value.name if isinstance(value, Reference) else value


def summary(store: Store, record: RunRecord) -> dict[str, object]:
    """What a list shows of a run: identity, times, params, tags, and the last value of each metric."""
    return summaries(store, [record])[0]


def summaries(store: Store, records: Sequence[RunRecord]) -> list[dict[str, object]]:
    """``summary`` of each of many runs, for which the database is asked no more often."""
    keys = [record.key for record in records]
    with store.main.reading() as db:
        parents = runs.ids_of_keys(db, sorted({record.parent for record in records if record.parent is not None}))
        said, tagged = _by_run(keys, params.of_runs(db, keys)), _by_run(keys, tags.of_runs(db, keys))
        metrics = _by_run(keys, points.last_of_runs(db, keys))
    return [
        {
            **_own_summary(record, parents.get(record.parent or 0)),
            "params": said[record.key],
            "tags": tagged[record.key],
            "metrics": _shown(metrics[record.key]),
        }
        for record in records
    ]


def _by_run(keys: list[int], found: Iterable[tuple[int, str, T]]) -> dict[int, dict[str, T]]:
    by_run: dict[int, dict[str, T]] = {key: {} for key in keys}
    for run, name, value in found:
        by_run[run][name] = value
    return by_run


def _own_summary(record: RunRecord, parent: str | None) -> dict[str, object]:
    error = record.error_parts()
    return {
        "id": record.id,
        "experiment": record.experiment_name,
        "number": record.number,
        "parent": parent,
        "display_name": record.display_name,
        "status": record.status,
        "created": clock.iso(record.created_at),
        "started": None if record.started_at is None else clock.iso(record.started_at),
        "ended": None if record.ended_at is None else clock.iso(record.ended_at),
        "exit_code": record.exit_code,
        "error": None if error is None else error["error"],
        "snapshot": record.snapshot if record.snapshot and record.keeps_snapshot else None,
        "new_blobs": record.new_blobs,
    }
