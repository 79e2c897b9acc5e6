"""What is known of several runs side by side, and where they differ."""

from __future__ import annotations

import json
import shlex
from hashlib import blake2b

from localexp.metrics.system import SAMPLED
from localexp.store import arguments, clock, facts, inputs, params, points, runs, tags
from localexp.store.telling import told
from localexp.store.values import Reference, from_cell, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    from localexp.store.inputs import Input
    from localexp.store.points import Summary
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.store.values import Cell

    # What is known under a name; None of what cannot have been found out of a run, as the packages of an old one.
    Section: TypeAlias = dict[str, object] | None
    Sections: TypeAlias = dict[str, Section]

SECTIONS = (
    *("run", "arguments", "params", "tags", "python", "packages", "machine", "environment", "git", "inputs"),
    *("snapshot", "metrics", "ranges"),
)
_ABSENT = object()
_DIGITS_OF_HASH = 12


class Row:
    """What is known under one name of each of several runs; None of a run of which it is not known."""

    __slots__ = ("differs", "name", "section", "values")

    def __init__(self, section: str, name: str, values: list[object], differs: bool) -> None:
        self.section = section
        self.name = name
        self.values = values
        self.differs = differs

    def __repr__(self) -> str:
        return f"Row({self.section} {self.name}: {self.values!r})"


def compared(store: Store, records: Sequence[RunRecord]) -> list[Row]:
    """All that is known of runs, section by section; a name is there if any of them has it."""
    with store.main.reading() as db:
        found = [_sections(db, record) for record in records]
    rows = [row for name in SECTIONS for row in _rows(name, [sections.get(name) for sections in found])]
    return _without_explained(rows, records)


def _rows(section: str, found: list[Section]) -> Iterator[Row]:
    known = [one for one in found if one is not None]
    names = dict.fromkeys(name for one in known for name in one)
    for name in sorted(names) if section in ("params", "packages") else names:
        # A run of which nothing could be found out does not differ from others.
        keys = {value_key(one.get(name, _ABSENT)) for one in known}
        yield Row(section, name, [None if one is None else one.get(name) for one in found], len(keys) > 1)


def value_key(value: object) -> tuple[str, object]:
    """What two values have in common that are the same: NaN is, and 1 and 1.0, but not 1 and True."""
    if value is _ABSENT:
        return "absent", None
    if is_number(value):
        return "number", "NaN" if value != value else value
    if isinstance(value, (dict, list)):
        return "parts", json.dumps(value)
    return type(value).__name__, value


def _without_explained(rows: list[Row], records: Sequence[RunRecord]) -> list[Row]:
    """The rows, where those do not count as different which others explain."""
    if _is_said_by_params(rows, records):
        for row in _of_section(rows, "arguments"):
            row.differs = row.differs and row.name not in ("arguments", "command")
    differing = {row.name for row in _of_section(rows, "metrics") if row.differs}
    for row in _of_section(rows, "ranges"):
        row.differs = row.differs and row.name.rpartition(" ")[0] not in differing
    return rows


def _is_said_by_params(rows: list[Row], records: Sequence[RunRecord]) -> bool:
    """Whether runs with the same params, and the same arguments besides, have the same arguments as a whole."""
    unnamed = [row for row in _of_section(rows, "arguments") if row.name == "unnamed arguments"]
    said = [row.values for row in (*_of_section(rows, "params"), *unnamed)]
    whole: dict[tuple[object, ...], set[str]] = {}
    for place, record in enumerate(records):
        key = tuple(value_key(values[place]) for values in said)
        definition = record.definition_parts()
        whole.setdefault(key, set()).add(json.dumps([definition.get("command"), definition.get("arguments")]))
    return all(len(texts) == 1 for texts in whole.values())


def _of_section(rows: list[Row], section: str) -> list[Row]:
    return [row for row in rows if row.section == section]


def _sections(db: sqlite3.Connection, record: RunRecord) -> Sections:
    definition, known = record.definition_parts(), facts.of_run(db, record.key)
    metrics = points.summaries(db, record.key, but=SAMPLED)
    return {
        "run": _of_run(db, record),
        "arguments": _given(_arguments(definition)) if definition else None,
        "params": {**params.of_run(db, record.key)},
        "tags": {name: "" if value is None else value for name, value in tags.of_run(db, record.key).items()},
        "python": _group(known, "python"),
        "packages": _group(known, "packages"),
        "machine": _group(known, "machine"),
        "environment": _given(_environment(definition, known)) if definition else None,
        "git": _git(known),
        "inputs": {one.path: _input(one) for one in inputs.of_run(db, record.key)},
        "snapshot": _given({"id": record.snapshot}),
        "metrics": _metrics(metrics),
        "ranges": _given(_ranges(metrics)),
    }


def _given(section: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in section.items() if value not in (None, "", [])}


def _of_run(db: sqlite3.Connection, record: RunRecord) -> dict[str, object]:
    from localexp.execution.ending import message_of

    error = record.error_parts()
    return _given(
        {
            "experiment": record.experiment_name,
            "display name": record.display_name,
            "status": record.status,
            "reason": None if error is None else message_of(error),
            "exit code": record.exit_code,
            "created": f"{clock.iso(record.created_at)[:19]}Z",
            "seconds": _seconds(record),
            "parent": None if record.parent is None else runs.by_key(db, record.parent).id,
            "rerun of": record.origin,
        }
    )


def _seconds(record: RunRecord) -> float | None:
    """How long it went on, or has gone on until now."""
    if record.started_at is None:
        return None
    return ((clock.shown() if record.ended_at is None else record.ended_at) - record.started_at) / 1e6


def _arguments(definition: Mapping[str, Any]) -> dict[str, object]:
    given = definition.get("arguments") or []
    _, unnamed = arguments.named_and_others(arguments.parts_of(definition))
    return {
        "script": definition.get("script"),
        "command": definition.get("command"),
        "arguments": _joined(map(str, given)),
        "unnamed arguments": _joined(unnamed),
    }


def _joined(words: Iterable[str]) -> str:
    # Whether they need quotes is not to depend on paths that are told by names.
    return shlex.join(map(told, words))


def _environment(definition: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, object]:
    ranks = definition.get("distributed") or {}
    invocation = known.get("invocation")
    return {
        "target": definition.get("target"),
        "environment": definition.get("environment"),
        "requirements": ", ".join((definition.get("build") or {}).get("requirements", [])),
        "processes": ", ".join(str(one) for one in (ranks.get("kind"), ranks.get("processCount")) if one),
        "seconds at most": definition.get("maxRunDurationSeconds"),
        "variables set": ", ".join(definition.get("environmentVariables") or []),
        **{f"variable {name}": value for name, value in ((invocation or {}).get("variables") or {}).items()},
    }


def _git(known: Mapping[str, Any]) -> Section:
    group = _group(known, "git")
    if group is None:
        return None
    if "dirty" in group:
        group["uncommitted changes"] = "yes" if group.pop("dirty") else "no"
    if isinstance(known.get("diff"), str):
        group["uncommitted changes"] = _diff(known["diff"])
    return group


def _diff(text: str) -> str:
    from localexp.snapshot.sizes import counted

    # Two that are equally long need not be the same.
    digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"a diff of {counted(len(text.splitlines()), 'line')}, {digest}"


def _group(known: Mapping[str, Any], name: str) -> Section:
    group = known.get(name)
    return dict(group) if isinstance(group, dict) else None


def _input(one: Input) -> str:
    from localexp.snapshot.sizes import counted, human

    return f"{one.hash[:_DIGITS_OF_HASH]}, {counted(one.files, 'file')}, {human(one.bytes)}"


def _metrics(found: list[Summary]) -> dict[str, object]:
    return {one.name: plain(one.last) for one in found}


def _ranges(found: list[Summary]) -> dict[str, object]:
    """What metrics of several values were at their lowest and highest, and how many values they have."""
    extents = [(one.name, {"min": one.min, "max": one.max, "values": one.count}) for one in found if one.count > 1]
    return {f"{metric} {name}": value for metric, extent in extents for name, value in extent.items()}


def plain(cell: Cell) -> object:
    """A logged value; a file by its name."""
    value = from_cell(cell)
    return value.name if isinstance(value, Reference) else value
