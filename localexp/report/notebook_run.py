"""What notebooks show of a run: how it stands and why, what it was told, what it came to."""

from __future__ import annotations

from itertools import islice

from localexp.execution.ending import message_of
from localexp.execution.listing import listed
from localexp.report import html
from localexp.report.html import escape
from localexp.report.log_tail import last_lines
from localexp.report.metric_rows import metric_rows
from localexp.report.notebook_style import styled
from localexp.report.run_rows import run_table
from localexp.snapshot.sizes import counted, human
from localexp.store import artifacts, params, runs, tags, warnings
from localexp.store.listing import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_MOST_METRICS, _MOST_FACTS, _MOST_FILES, _MOST_WARNINGS, _MOST_LINES, _MOST_CHILDREN = 50, 30, 20, 5, 15, 10
_LONGEST_MESSAGE = 2000


def run_html(store: Store, record: RunRecord, *, has_log: bool = False) -> str:
    """How a run stands, its params, tags, metrics with curves, newest children and files.

    What ended as Failed has the last lines of its log; with ``has_log`` any run has.
    """
    with store.main.reading() as db:
        head = _heading(db, record) + _why(db, record)
        parts = _part("Params", params.of_run(db, record.key)) + _part("Tags", tags.of_run(db, record.key))
        files = _files(db, record)
    metrics = metric_rows(store, record, _MOST_METRICS)
    body = f'<div class="parts">{parts}</div>' if parts else ""
    body += f'<p class="title">Metrics</p><table><tbody>{metrics}</tbody></table>' if metrics else ""
    body += _children(store, record)
    body += _log(store, record) if has_log or record.status == "Failed" else ""
    return styled(head + body + files + _details(record))


def _heading(db: sqlite3.Connection, record: RunRecord) -> str:
    begun = [] if record.started_at is None else [f"started {html.moment(record.started_at)} UTC"]
    took = [html.took(record)] if record.started_at is not None else []
    parent = [] if record.parent is None else [f"child of {_parent(db, record)}"]
    what = " · ".join([f"{record.experiment_name} #{record.number}", *parent, *begun, *took])
    name = escape(html.short(record.display_name or record.id))
    return (
        f'<p><b class="name">{name}</b> {html.status(record.status)} <span class="quiet">{escape(what)}</span></p>'
        + (f"<p>{escape(html.short(record.description))}</p>" if record.description else "")
    )


def _parent(db: sqlite3.Connection, record: RunRecord) -> str:
    parent = runs.parent_of(db, record)
    return html.short(parent.display_name or parent.id)


def _why(db: sqlite3.Connection, record: RunRecord) -> str:
    """Its error and its warnings."""
    error = f'<div class="why">{_message(message_of(record.error_parts()))}</div>' if record.error else ""
    said = warnings.of_run(db, record.key)
    lines = [_message(message) for _, message in said[:_MOST_WARNINGS]]
    if len(said) > _MOST_WARNINGS:
        lines.append(f"and {len(said) - _MOST_WARNINGS:,} more warnings")
    return error + (f'<div class="why warned">{"<br/>".join(lines)}</div>' if lines else "")


def _message(text: str) -> str:
    return escape(html.short(text, _LONGEST_MESSAGE))


def _part(title: str, values: Mapping[str, object]) -> str:
    if not values:
        return ""
    first = {name: _value(value) for name, value in islice(values.items(), _MOST_FACTS)}
    rows = html.rows(first) + html.and_more(len(values) - _MOST_FACTS)
    return f'<div><p class="title">{title}</p><table><tbody>{rows}</tbody></table></div>'


def _value(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else html.short("" if value is None else str(value))


def _children(store: Store, record: RunRecord) -> str:
    found = list(islice(listed(store, Scope(record.experiment, record.key)), _MOST_CHILDREN + 1))
    if not found:
        return ""
    more = f'<p class="quiet">The newest {_MOST_CHILDREN}; there are more.</p>' if len(found) > _MOST_CHILDREN else ""
    table = run_table(store, found[:_MOST_CHILDREN], has_curves=True)
    return f'<p class="title">Child runs</p>{table}{more}'


def _log(store: Store, record: RunRecord) -> str:
    lines = last_lines(store.layout.run(record.experiment_name, record.id), _MOST_LINES)
    return f'<p class="title">Log</p><pre>{escape(chr(10).join(lines))}</pre>' if lines else ""


def _files(db: sqlite3.Connection, record: RunRecord) -> str:
    count, size = artifacts.totals_of_run(db, record.key)
    if not count:
        return ""
    found = artifacts.first_of_run(db, record.key, _MOST_FILES)
    rows = "".join(html.row([escape(html.short(name)), human(one)]) for name, one in found)
    rows += html.and_more(count - len(found))
    return _folded(f"{counted(count, 'file')}, {human(size)}", rows)


def _details(record: RunRecord) -> str:
    definition = record.definition_parts()
    told = definition.get("command") or definition.get("script")
    facts = {
        "Run": record.id,
        "Script": " ".join(map(str, told)) if isinstance(told, list) else told,
        "Exit code": record.exit_code,
        "Snapshot": record.snapshot,
        "Rerun of": record.origin,
    }
    known = {name: html.short(str(value)) for name, value in facts.items() if value is not None}
    return _folded("Details", html.rows(known))


def _folded(title: str, rows: str) -> str:
    return f"<details><summary>{escape(title)}</summary><table><tbody>{rows}</tbody></table></details>"
