"""What notebooks show of workspaces, experiments and runs: small tables that bring their style, and write nothing."""

from __future__ import annotations

from html import escape
from itertools import islice

from localexp.execution import details as run_details
from localexp.execution.listing import listed
from localexp.report import html
from localexp.report.metric_rows import metric_rows
from localexp.report.page import facts
from localexp.report.run_rows import run_table
from localexp.store import experiments, tags
from localexp.store.listing import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.experiments import ExperimentRecord
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_MOST_EXPERIMENTS, _MOST_RUNS, _MOST_METRICS = 100, 20, 50
# A notebook has a theme of its own, light or dark, whatever the system's is: so all colours come from its text.
_STYLE = """
.localexp { font-size: 13px; line-height: 1.5; }
.localexp table { border-collapse: collapse; margin: .3em 0 .8em; }
.localexp th { font-weight: normal; opacity: .65; } .localexp tr { background: none; }
.localexp td, .localexp th { padding: .15em 1.2em .15em 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); overflow-wrap: anywhere; }
.localexp svg { width: 15em; height: 3em; } .localexp polyline { fill: none; stroke: #48d; stroke-width: 1.5; }
.localexp .scrolled { overflow-x: auto; } .localexp .scrolled td, .localexp .scrolled th { white-space: nowrap; }
.localexp .status { font-weight: 600; } .localexp .Failed { color: #d44; } .localexp .Completed { color: #2a6; }
"""


def workspace_html(store: Store, name: str, folder: str) -> str:
    """The experiments of a workspace that are not archived."""
    with store.main.reading() as db:
        found = experiments.overview(db, _MOST_EXPERIMENTS)
        besides = experiments.count_active(db) - len(found)
    lines = "".join(
        html.row([escape(name), _counted(count), "" if newest is None else f"last {html.moment(newest)}"])
        for name, count, newest in found
    )
    return _shown(
        f"<b>{escape(name)}</b> in {escape(folder)}", f"<table>{lines}{html.and_more(besides)}</table>" if lines else ""
    )


def experiment_html(store: Store, name: str, record: ExperimentRecord | None) -> str:
    """What an experiment is, and its newest runs; None for one that has not been created."""
    if record is None:
        return _shown(f"<b>{escape(name)}</b>, not created yet", "")
    with store.main.reading() as db:
        of_experiment = experiments.tags(db, record.key)
    archived = " (archived)" if record.archived_at is not None else ""
    body = f"<table>{html.rows(of_experiment)}</table>" if of_experiment else ""
    return _shown(f"<b>{escape(name)}</b>{archived}", body + _runs(store, listed(store, Scope(record.key))))


def run_html(store: Store, record: RunRecord) -> str:
    """What a run is, its tags, and its metrics with curves."""
    with store.main.reading() as db:
        of_run = tags.of_run(db, record.key)
    body = html.facts(facts(record, run_details.details(store, record)))
    for rows in (html.rows(of_run), metric_rows(store, record, _MOST_METRICS)):
        body += f"<table>{rows}</table>" if rows else ""
    return _shown(f"<b>{escape(html.short(record.display_name or record.id))}</b> {html.status(record.status)}", body)


def runs_html(store: Store, records: Iterable[RunRecord]) -> str:
    """The first of some runs."""
    return _shown("<b>Runs</b>", _runs(store, records))


def _runs(store: Store, records: Iterable[RunRecord]) -> str:
    found = list(islice(records, _MOST_RUNS + 1))
    more = f"<p>The newest {_MOST_RUNS}; there are more.</p>" if len(found) > _MOST_RUNS else ""
    return f"{run_table(store, found[:_MOST_RUNS])}{more}" if found else "<p>No runs.</p>"


def _counted(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _shown(heading: str, body: str) -> str:
    return f'<div class="localexp"><style>{_STYLE}</style><p>{heading}</p>{body}</div>'
