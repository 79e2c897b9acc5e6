"""The page of one run."""

from __future__ import annotations

import os
from itertools import islice

from localexp.execution import details as run_details
from localexp.execution import ending, files
from localexp.execution.facts.shown import brief
from localexp.report import html
from localexp.report.html import escape
from localexp.report.metric_rows import metric_rows, system_rows
from localexp.store import determinism, params, tags
from localexp.store.telling import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_MOST_METRICS, _MOST_FILES = 500, 1000


def write_page(store: Store, record: RunRecord) -> str:
    """Write the page of a run into its folder, and return its ``file://`` address.

    Where the store may only be read, the page goes to a temporary folder.
    """
    layout = store.layout.run(record.experiment_name, record.id)
    return html.write(html.elsewhere("run.html") if store.is_read_only else layout.page, page(store, record))


def rewrite_page(store: Store, record: RunRecord) -> None:
    """Write the page anew if somebody has been given its address."""
    if not store.is_read_only and os.path.exists(store.layout.run(record.experiment_name, record.id).page):
        write_page(store, record)


def page(store: Store, record: RunRecord) -> str:
    """The HTML of a run: what it is, its params, tags, metrics with curves, and files."""
    details = run_details.details(store, record)
    with store.main.reading() as db:
        of_run = tags.of_run(db, record.key)
        told = params.of_run(db, record.key)
    sections = [
        html.section("Params", html.rows(told)),
        html.section("Tags", html.rows(of_run)),
        html.section("Metrics", metric_rows(store, record, _MOST_METRICS)),
        html.section("Resources", system_rows(store, record)),
        html.section("Inputs", html.rows(run_details.input_texts(details))),
        html.section("Files", _files(store, record)),
        html.section("Warnings", _warnings(details)),
        html.section("Facts", html.rows(brief(details.get("facts")))),
        html.section("Definition", html.rows(details.get("runDefinition"))),
    ]
    heading = f"{escape(html.short(record.display_name or record.id))} {html.status(record.status)}"
    return html.page(record.id, heading, html.facts(facts(record, details)) + "".join(sections))


def facts(record: RunRecord, details: dict[str, object]) -> dict[str, object]:
    """What there is to say of a run in a few words."""
    return {
        "Run": record.id,
        "Experiment": record.experiment_name,
        "Number": record.number,
        "Started": details.get("startTimeUtc"),
        "Ended": details.get("endTimeUtc"),
        "Snapshot": record.snapshot,
        "Rerun of": record.origin,
        "Error": ending.message_of(record.error_parts()) if record.error else None,
    }


def _files(store: Store, record: RunRecord) -> str:
    layout, found = store.layout.run(record.experiment_name, record.id), files.by_name(store, record)
    logs = layout.logs()
    shown = "".join(_file(layout, name, path, logs) for name, path in islice(found.items(), _MOST_FILES))
    return shown + html.and_more(len(found) - _MOST_FILES)


def _size_of_log(path: str) -> int:
    """The bytes of a log; of paths that are told by names, as in tracebacks, those of the names."""
    if determinism.current is None:
        return os.path.getsize(path)
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return len(told(file.read()).encode("utf-8", "surrogateescape"))


def _file(layout: RunLayout, name: str, path: str, logs: Collection[str]) -> str:
    try:
        size = _size_of_log(path) if name in logs else os.path.getsize(path)
    except OSError:
        # The script has removed or renamed it since its folder was read.
        return ""
    return html.row([html.anchor(html.link(path, layout.folder), escape(name)), f"{size} bytes"])


def _warnings(details: dict[str, object]) -> str:
    said = details.get("warnings")
    if not isinstance(said, list):
        return ""
    return "".join(html.row([escape(str(one["source"])), escape(str(one["message"]))]) for one in said)
