"""The page of one run."""

from __future__ import annotations

import json
import os
from html import escape
from urllib.parse import quote

from localexp import metrics
from localexp.execution import details as run_details
from localexp.execution import files
from localexp.report.curve import curve
from localexp.store import clock, points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.layout import RunLayout
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_STYLE = """
:root { color-scheme: light dark; --quiet: light-dark(#667, #99a); --line: light-dark(#dde, #334); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: normal; color: var(--quiet); }
td, th { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
svg { width: 15rem; height: 3rem; } polyline { fill: none; stroke: #37c; stroke-width: 1.5; }
.status { padding: .1rem .6rem; border-radius: 1rem; border: 1px solid var(--line); font-size: .9rem; }
.Failed { color: light-dark(#b22, #f77); } .Completed { color: light-dark(#173, #6c8); }
pre, footer { color: var(--quiet); white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def write_page(store: Store, record: RunRecord) -> str:
    """Write the page of a run into its folder, and return its ``file://`` address.

    Where the store may only be read, the page goes to a temporary folder.
    """
    layout = store.layout.run(record.experiment_name, record.id)
    path = _elsewhere() if store.is_read_only else layout.page
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.{os.urandom(4).hex()}.part"
    with open(aside, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(page(store, record))
    os.replace(aside, path)
    return run_details.file_address(path)


def rewrite_page(store: Store, record: RunRecord) -> None:
    """Write the page anew if somebody has been given its address."""
    if not store.is_read_only and os.path.exists(store.layout.run(record.experiment_name, record.id).page):
        write_page(store, record)


def _elsewhere() -> str:
    import tempfile

    return os.path.join(tempfile.mkdtemp(prefix="localexp-"), "run.html")


def page(store: Store, record: RunRecord) -> str:
    """The HTML of a run: what it is, its tags, metrics with curves, and files."""
    summary = run_details.summary(store, record)
    details = run_details.details(store, record)
    sections = [
        _section("Tags", _rows(summary["tags"])),
        _section("Metrics", _metrics(store, record)),
        _section("Files", _files(store, record)),
        _section("Warnings", _warnings(details)),
        _section("Definition", _rows(details.get("runDefinition"))),
    ]
    return (
        "<!doctype html>\n"
        f'<html lang="en"><meta charset="utf-8"><title>{escape(record.id)}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style>"
        f'<h1>{escape(record.display_name or record.id)} <span class="status {record.status}">{record.status}</span>'
        f"</h1>{_facts(record, details)}{''.join(sections)}"
        f"<footer>As of {clock.iso(clock.now())}; get_portal_url() writes this page anew.</footer></html>\n"
    )


def _facts(record: RunRecord, details: dict[str, object]) -> str:
    facts = {
        "Run": record.id,
        "Experiment": record.experiment_name,
        "Number": record.number,
        "Started": details.get("startTimeUtc"),
        "Ended": details.get("endTimeUtc"),
        "Snapshot": record.snapshot,
        "Error": metrics.message_of(record.error_parts()) if record.error else None,
    }
    return f"<table>{_rows({name: value for name, value in facts.items() if value is not None})}</table>"


def _section(title: str, rows: str) -> str:
    return f"<h2>{title}</h2><table>{rows}</table>" if rows else ""


def _row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"


def _rows(values: object) -> str:
    if not isinstance(values, dict):
        return ""
    return "".join(_row([escape(str(name)), escape(_text(value))]) for name, value in values.items())


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _metrics(store: Store, record: RunRecord) -> str:
    with store.main.reading() as db:
        found = metrics.shaped(points.values(db, record.key))
    rows = []
    for name, value in found.items():
        values = value if isinstance(value, list) else [value]
        rows.append(_row([escape(name), escape(str(values[-1])), f"{len(values)} value(s)", curve(values)]))
    return "".join(rows)


def _files(store: Store, record: RunRecord) -> str:
    layout = store.layout.run(record.experiment_name, record.id)
    return "".join(
        _row([f'<a href="{escape(_link(layout, path))}">{escape(name)}</a>', f"{os.path.getsize(path)} bytes"])
        for name, path in files.by_name(store, record).items()
        if os.path.exists(path)
    )


def _link(layout: RunLayout, path: str) -> str:
    """Relative, so that the page still leads there when the workspace has been moved."""
    return quote(os.path.relpath(path, layout.folder).replace(os.sep, "/"), errors="surrogatepass")


def _warnings(details: dict[str, object]) -> str:
    said = details.get("warnings")
    if not isinstance(said, list):
        return ""
    return "".join(_row([escape(str(one["source"])), escape(str(one["message"]))]) for one in said)
