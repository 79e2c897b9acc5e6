"""Runs as a table: what each is, its tags and what its metrics came to."""

from __future__ import annotations

from html import escape

from localexp.metrics.system import SAMPLED
from localexp.report.html import moment, short, status
from localexp.report.metric_rows import shown
from localexp.store import points, tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store
    from localexp.store.values import Cell

_MOST_METRICS = 12
_HEADINGS = ("#", "Run", "Status", "Started", "Took", "Tags")


def run_table(store: Store, records: Sequence[RunRecord], link: Callable[[RunRecord], str | None] | None = None) -> str:
    """A table with a row a run, in the order given.

    :param link: the address that a run's name leads to, None for none.
    """
    keys = [record.key for record in records]
    of_tags: dict[int, list[str]] = {}
    of_metrics: dict[int, dict[str, Cell]] = {}
    with store.main.reading() as db:
        for run, name, value in tags.of_runs(db, keys):
            of_tags.setdefault(run, []).append(short(name if value is None else f"{name}={value}"))
        for run, name, last in points.last_of_runs(db, keys):
            if name not in SAMPLED:
                of_metrics.setdefault(run, {})[name] = last
    names = list(dict.fromkeys(name for found in of_metrics.values() for name in found))[:_MOST_METRICS]
    lines = [
        [
            str(record.number),
            _named(record, link),
            status(record.status),
            "" if record.started_at is None else moment(record.started_at),
            _duration(record),
            escape(", ".join(of_tags.get(record.key, []))),
            *(_metric(of_metrics.get(record.key, {}), name) for name in names),
        ]
        for record in records
    ]
    headings = "".join(f"<th>{escape(short(heading))}</th>" for heading in (*_HEADINGS, *names))
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f'<div class="scrolled"><table><tr>{headings}</tr>{body}</table></div>'


def _named(record: RunRecord, link: Callable[[RunRecord], str | None] | None) -> str:
    name = escape(short(record.display_name or record.id))
    address = None if link is None else link(record)
    return name if address is None else f'<a href="{escape(address)}">{name}</a>'


def _metric(found: dict[str, Cell], name: str) -> str:
    return shown(found[name]) if name in found else ""


def _duration(record: RunRecord) -> str:
    if record.started_at is None or record.ended_at is None:
        return ""
    seconds = (record.ended_at - record.started_at) / 1e6
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
