"""Runs as a table: what tells them apart on a terminal, everything where the table is piped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localexp.cli import table
from localexp.cli.table import Column
from localexp.cli.tag import text_of
from localexp.cli.times import duration_text, local_time
from localexp.report.moments import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Run = Mapping[str, Any]

HINT = "'localexp show RUN' has everything."
_LEAST_WIDTH_OF_TAGS = 12
_LEAST_WIDTH_OF_REASON = 24
_LEAST_WIDTH_OF_VALUES = 10
_LEAST_WIDTH_OF_TITLES = 16
# Where there is no room, params and metrics behind the first few go first, the last ones before others; then these, and
# then the others.
_FEW = 3
_EXPERIMENT, _CREATED, _REASON, _DURATION, _TAGS, _VALUES = range(6)
_SAID_OF_EVERY_SCRIPT = re.compile(r"the script exited with code -?\d+: ")


def show_runs(runs: Sequence[Run], first_metric: str | None = None) -> None:
    """Print summaries of runs as a table, without columns that would be empty.

    On a terminal, params that all of several runs have alike are said below it.

    :param first_metric: one that stands before the others and is not left out, as runs are ordered by it.
    """
    alike = {} if table.terminal_width() is None else _alike([run["params"] for run in runs])
    durations = [duration_text(duration(run["started"], run["ended"])) for run in runs]
    tags = [text_of(run["tags"]) for run in runs]
    reasons = [_reason(run) for run in runs]
    columns = [
        Column("RUN", [run["id"] for run in runs]),
        Column("EXPERIMENT", [run["experiment"] for run in runs], rank=_EXPERIMENT),
        Column("STATUS", [run["status"] for run in runs], look=table.of_status),
        Column("CREATED", [local_time(run["created"]) for run in runs], rank=_CREATED),
        *_column("DURATION", durations, None, _DURATION),
        *_column("TAGS", tags, _LEAST_WIDTH_OF_TAGS, _TAGS),
        *_values(runs, alike, first_metric),
        *_column("REASON", reasons, _LEAST_WIDTH_OF_REASON, _REASON),
    ]
    table.show(columns, HINT)
    if alike:
        table.note(f"Alike in all: {table.cell_text(text_of(alike))}")


def _column(title: str, cells: Sequence[str | None], least: int | None, rank: int) -> list[Column]:
    """A column, if there is anything in it."""
    return [Column(title, cells, least=least, rank=rank)] if any(cell is not None for cell in cells) else []


def _values(runs: Sequence[Run], alike: Mapping[str, object], first_metric: str | None) -> list[Column]:
    """A column for each param that is not alike and each metric; the first of both are left out last."""
    params = [name for name in names(runs, "params") if name not in alike]
    metrics = sorted(names(runs, "metrics"), key=lambda name: name != first_metric)
    named = [("params", name) for name in params] + [("metrics", name) for name in metrics]
    places = {("params", name): place for place, name in enumerate(params)}
    places |= {("metrics", name): place for place, name in enumerate(metrics)}
    return [
        value_column(
            f"{group}.{name}" if name in params and name in metrics else name,
            [run[group].get(name) for run in runs],
            rank=None if (group, name) == ("metrics", first_metric) else _rank(places[group, name], len(named)),
        )
        for group, name in named
    ]


def _rank(place: int, count: int) -> int:
    return -place if place >= _FEW else _VALUES + count - place


def value_column(title: str, values: Sequence[object], rank: int | None) -> Column:
    """A column of a param or metric, which a narrow terminal may cut, but hardly ever its title."""
    least = max(_LEAST_WIDTH_OF_VALUES, min(table.width_of(table.cell_text(title)), _LEAST_WIDTH_OF_TITLES))
    return Column(title, [value_text(value) for value in values], least=least, rank=rank)


def names(runs: Sequence[Run], group: str) -> list[str]:
    """The names of all params, or of all metrics, that any of the runs has."""
    return list(dict.fromkeys(name for run in runs for name in run[group]))


def _alike(params: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The params that all of several runs have, with one value."""
    if len(params) < 2:
        return {}
    return {name: value for name, value in params[0].items() if all(one.get(name, ...) == value for one in params)}


def _reason(run: Run) -> str | None:
    error = run["error"]
    return None if error is None else _SAID_OF_EVERY_SCRIPT.sub("", str(error["message"]), count=1)


def value_text(value: object) -> object:
    """The value of a metric for people: a row as a text, anything else as it is."""
    return ", ".join(f"{name}={cell}" for name, cell in value.items()) if isinstance(value, dict) else value
