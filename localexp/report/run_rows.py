"""Runs as a table: what each is, what its metrics came to, the params in which they differ, its start and tags."""

from __future__ import annotations

from itertools import groupby

from localexp.execution.ending import message_of
from localexp.metrics.system import SAMPLED
from localexp.report.html import anchor, escape, minute, short, status, took
from localexp.report.metric_rows import shown, small_curve
from localexp.store import params, points, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from localexp.store.params import Param
    from localexp.store.points import Summary
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_MOST_PARAMS, _MOST_METRICS, _MOST_CURVES = 6, 12, 5
_LONGEST_NAME = 60


class _Column:
    """A heading, and the HTML of a cell for each run; curves are a narrow column of their own beside the values."""

    def __init__(
        self,
        heading: str,
        cells: list[str],
        group: str = "",
        *,
        curves: Sequence[str] = (),
        has_numbers: bool = False,
    ) -> None:
        self.heading = heading
        self.cells = cells
        self.group = group
        self.curves = curves if any(curves) else ()
        self.kind = ' class="number"' if has_numbers else ""
        self.span = 2 if self.curves else 1

    @property
    def head(self) -> str:
        name = f"<th{self.kind}>{escape(short(self.heading, _LONGEST_NAME))}</th>"
        return f'{name}<th class="curve"></th>' if self.curves else name

    def cell(self, row: int) -> str:
        value = f"<td{self.kind}>{self.cells[row]}</td>"
        return f'{value}<td class="curve">{self.curves[row]}</td>' if self.curves else value


def run_table(
    store: Store,
    records: Sequence[RunRecord],
    link: Callable[[RunRecord], str | None] | None = None,
    *,
    has_curves: bool = False,
    has_experiments: bool = False,
) -> str:
    """A table with a row a run, in the order given.

    It has the first 12 metrics and the first 6 params that differ among the runs.

    :param link: the address that a run's name leads to, None for none.
    :param has_curves: with small curves beside the values of the first 5 metrics that have a history.
    :param has_experiments: with the experiment of each run; it is there in any case if they have several.
    """
    keys = [record.key for record in records]
    has_experiments = has_experiments or len({record.experiment for record in records}) > 1
    with store.main.reading() as db:
        columns = [
            *_own_columns(records, link, has_experiments=has_experiments),
            *_metric_columns(db, keys, _MOST_CURVES if has_curves else 0),
            *_param_columns(keys, params.of_runs(db, keys)),
            _Column("Started (UTC)", ["" if one.started_at is None else minute(one.started_at) for one in records]),
            *_tag_columns(keys, tags.of_runs(db, keys)),
        ]
    body = "".join(f"<tr>{''.join(column.cell(row) for column in columns)}</tr>" for row in range(len(records)))
    return f'<div class="scrolled"><table><thead>{_head(columns)}</thead><tbody>{body}</tbody></table></div>'


def _head(columns: list[_Column]) -> str:
    groups = [(name, sum(column.span for column in some)) for name, some in groupby(columns, lambda one: one.group)]
    above = "".join(f"<th{_spanning(span)}>{name}</th>" for name, span in groups)
    headings = "".join(column.head for column in columns)
    return f'<tr class="groups">{above}</tr><tr>{headings}</tr>' if len(groups) > 1 else f"<tr>{headings}</tr>"


def _spanning(columns: int) -> str:
    return f' colspan="{columns}"' if columns > 1 else ""


def _own_columns(
    records: Sequence[RunRecord], link: Callable[[RunRecord], str | None] | None, *, has_experiments: bool
) -> list[_Column]:
    columns = [_Column("Experiment", [escape(record.experiment_name) for record in records])] if has_experiments else []
    return [
        *columns,
        _Column("#", [str(record.number) for record in records], has_numbers=True),
        _Column("Run", [_named(record, link) for record in records]),
        _Column("Status", [_status(record) for record in records]),
        # Here, not beside its start: a notebook is too narrow for all columns, and shows the first.
        _Column("Took", [took(record) for record in records], has_numbers=True),
    ]


def _named(record: RunRecord, link: Callable[[RunRecord], str | None] | None) -> str:
    whole = short(record.display_name or record.id)
    name = escape(short(whole, _LONGEST_NAME))
    if name != escape(whole):
        name = f'<span title="{escape(whole)}">{name}</span>'
    address = None if link is None else link(record)
    return name if address is None else anchor(address, name)


def _status(record: RunRecord) -> str:
    return status(record.status, message_of(record.error_parts()) if record.error else None)


def _tag_columns(keys: list[int], found: Iterable[tuple[int, str, str | None]]) -> list[_Column]:
    of_tags: dict[int, list[str]] = {}
    for run, name, value in found:
        of_tags.setdefault(run, []).append(short(name if value is None else f"{name}={value}"))
    return [_Column("Tags", [escape(", ".join(of_tags.get(key, []))) for key in keys])] if of_tags else []


def _param_columns(keys: list[int], found: Iterable[tuple[int, str, Param]]) -> list[_Column]:
    """Of one run all params; of several those in which they differ."""
    of_params: dict[str, dict[int, Param]] = {}
    for run, name, value in found:
        of_params.setdefault(name, {})[run] = value
    names = [name for name, values in of_params.items() if len(keys) == 1 or _differ(keys, values)]
    return [_param_column(keys, name, of_params[name]) for name in names[:_MOST_PARAMS]]


def _differ(keys: list[int], values: dict[int, Param]) -> bool:
    return len(values) < len(keys) or len(set(values.values())) > 1


def _param_column(keys: list[int], name: str, values: dict[int, Param]) -> _Column:
    cells = [_param(values.get(key)) for key in keys]
    return _Column(name, cells, "Params", has_numbers=not any(isinstance(value, str) for value in values.values()))


def _param(value: Param) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else escape(short(str(value), 60))


def _metric_columns(db: sqlite3.Connection, keys: list[int], most_curves: int) -> list[_Column]:
    of_metrics: dict[str, dict[int, Summary]] = {}
    for run, summaries in points.first_of_runs(db, keys, _MOST_METRICS, SAMPLED).items():
        for summary in summaries:
            of_metrics.setdefault(summary.name, {})[run] = summary
    columns = []
    for name in list(of_metrics)[:_MOST_METRICS]:
        columns.append(_metric_column(db, keys, name, of_metrics[name], has_curves=most_curves > 0))
        most_curves -= bool(columns[-1].curves)
    return columns


def _metric_column(
    db: sqlite3.Connection, keys: list[int], name: str, found: dict[int, Summary], *, has_curves: bool
) -> _Column:
    cells = [shown(found[key].last) if key in found else "" for key in keys]
    curves = [small_curve(db, found[key]) if key in found else "" for key in keys] if has_curves else []
    has_numbers = all(isinstance(summary.last, (int, float)) for summary in found.values())
    return _Column(name, cells, "Metrics", curves=curves, has_numbers=has_numbers)
