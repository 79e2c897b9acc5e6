"""The metrics of a run as rows of a table: what each came to, and how."""

from __future__ import annotations

from itertools import islice

from localexp.metrics.system import SAMPLED
from localexp.report.curve import SMALL, WIDE, curve
from localexp.report.html import and_more, escape, row, short
from localexp.store import points
from localexp.store.moment import at_one_moment
from localexp.store.values import Reference, from_cell

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.report.curve import Size
    from localexp.store.points import Summary
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.store.values import Cell

# As many as a curve has room for, with the neighbours of each.
_SAMPLE, _SMALL_SAMPLE = 1000, 80
_MOST_COLUMNS = 20
_WITH_CURVE = frozenset(["scalar", "list"])


def metric_rows(store: Store, record: RunRecord, most: int) -> str:
    """The last value of each metric, how many there are, and a curve; it takes no longer where there are millions.

    :param most: how many metrics to show; the last row says how many there are besides.
    """
    with store.main.reading() as db, at_one_moment(db):
        found = points.summaries(db, record.key, most, but=SAMPLED)
        shown_rows = "".join(_row(db, summary) for summary in found)
        return shown_rows + and_more(points.count_metrics(db, record.key, but=SAMPLED) - len(found))


def system_rows(store: Store, record: RunRecord) -> str:
    """The same of what has been sampled while the script ran."""
    with store.main.reading() as db, at_one_moment(db):
        return "".join(_row(db, summary) for summary in points.summaries_among(db, record.key, SAMPLED))


def _row(db: sqlite3.Connection, summary: Summary) -> str:
    name = escape(short(summary.name))
    if summary.description:
        name += f"<br/><small>{escape(short(summary.description))}</small>"
    count = "1 value" if summary.count == 1 else f"{summary.count:,} values"
    between = "" if summary.count < 2 or summary.min is None else f", {summary.min:.6g} to {summary.max:.6g}"
    return row(
        [name, shown(summary.last), _curve(db, summary, WIDE, _SAMPLE), f'<span class="quiet">{count}{between}</span>']
    )


def small_curve(db: sqlite3.Connection, summary: Summary) -> str:
    """The way of a metric as a curve that fits into a line, empty if there is none."""
    return _curve(db, summary, SMALL, _SMALL_SAMPLE)


def _curve(db: sqlite3.Connection, summary: Summary, size: Size, sample: int) -> str:
    if summary.kind not in _WITH_CURVE or summary.min is None or summary.count < 2:
        return ""
    return curve([from_cell(cell) for cell in points.sample(db, summary, sample)], size)


def shown(cell: Cell) -> str:
    """The HTML of a value: numbers short, rows with their columns, charts by the name of their file."""
    value = from_cell(cell)
    if isinstance(value, float):
        return f'<span class="number">{value:.6g}</span>'
    if isinstance(value, dict):
        columns = [f"{short(name)}: {_short(one)}" for name, one in islice(value.items(), _MOST_COLUMNS)]
        return escape(", ".join(columns) + (", …" if len(value) > _MOST_COLUMNS else ""))
    return escape(_short(value.name if isinstance(value, Reference) else value))


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else short(str(value))
