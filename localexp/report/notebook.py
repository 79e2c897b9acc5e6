"""What notebooks show of workspaces, experiments and runs: small tables that bring their style, and write nothing."""

from __future__ import annotations

from itertools import islice

from localexp.execution.listing import active, listed
from localexp.report import html
from localexp.report.html import escape
from localexp.report.notebook_run import run_html
from localexp.report.notebook_style import styled
from localexp.report.run_rows import run_table
from localexp.store import experiments
from localexp.store.experiments import MOST_COUNTED
from localexp.store.listing import Scope

__all__ = ["experiment_html", "problem_html", "run_html", "runs_html", "workspace_html"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.store.experiments import ExperimentRecord, Overview
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_MOST_EXPERIMENTS, _MOST_RUNS, _MOST_ACTIVE, _MOST_TAGS = 100, 20, 10, 50


def workspace_html(store: Store, name: str, folder: str) -> str:
    """The runs of a workspace that go on, and its experiments that are not archived, with the newest runs first."""
    at_work = active(store, _MOST_ACTIVE + 1)
    with store.main.reading() as db:
        found = experiments.overviews(db, _MOST_EXPERIMENTS)
        besides = experiments.count_active(db) - len(found)
    body = _heading(name, f"workspace in {folder}")
    if at_work:
        body += f'<p class="title">Active runs</p>{_table(store, at_work, _MOST_ACTIVE, has_experiments=True)}'
    if not found:
        return styled(f"{body}<p>No experiments.</p>")
    lines = "".join(map(_experiment_row, found))
    head = "<tr><th>Experiment</th><th>Runs</th><th>Active</th><th>Newest run (UTC)</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{lines}{html.and_more(besides)}</tbody></table>"
    return styled(f'{body}<p class="title">Experiments</p>{table}')


def _experiment_row(one: Overview) -> str:
    newest = ""
    if one.newest_status is not None and one.newest_at is not None:
        newest = f'{html.status(one.newest_status)} <span class="quiet">{html.minute(one.newest_at)}</span>'
    numbers = f'<td class="number">{_count(one.runs)}</td><td class="number">{one.active or ""}</td>'
    return f"<tr><td>{escape(one.name)}</td>{numbers}<td>{newest}</td></tr>"


def experiment_html(store: Store, name: str, record: ExperimentRecord | None) -> str:
    """What an experiment is, and its newest runs; None for one that has not been created."""
    if record is None:
        return styled(_heading(name, "experiment, not created yet"))
    # What is listed is settled first, so that the counts are of what is shown.
    shown_runs = list(islice(listed(store, Scope(record.key)), _MOST_RUNS + 1))
    with store.main.reading() as db:
        of_experiment = experiments.tags(db, record.key)
        known = experiments.overview(db, record.key)
    facts = ["experiment", _count(known.runs) + (" run" if known.runs == 1 else " runs")]
    facts += [f"{known.active} active"] if known.active else []
    facts += ["archived"] if record.archived_at is not None else []
    shown_tags = html.rows(dict(islice(of_experiment.items(), _MOST_TAGS)))
    tags = f"<table>{shown_tags}{html.and_more(len(of_experiment) - _MOST_TAGS)}</table>" if shown_tags else ""
    return styled(_heading(name, " · ".join(facts)) + tags + _table(store, shown_runs, _MOST_RUNS))


def runs_html(store: Store, records: Iterable[RunRecord], *, has_more: bool = False) -> str:
    """The first of some runs; ``has_more`` if there are others besides these."""
    return styled('<p class="title">Runs</p>' + _table(store, records, _MOST_RUNS, has_more=has_more))


def problem_html(message: str) -> str:
    """Why something cannot be shown."""
    return styled(f'<div class="why">{escape(html.short(message, 2000))}</div>')


def _table(
    store: Store, records: Iterable[RunRecord], most: int, *, has_experiments: bool = False, has_more: bool = False
) -> str:
    found = list(islice(records, most + 1))
    if not found:
        return "<p>No runs.</p>"
    shown_runs = found[:most]
    is_part = has_more or len(found) > most
    more = f'<p class="quiet">The first {len(shown_runs)}; there are more.</p>' if is_part else ""
    return run_table(store, shown_runs, has_curves=True, has_experiments=has_experiments) + more


def _heading(name: str, what: str) -> str:
    return f'<p><b class="name">{escape(html.short(name))}</b> <span class="quiet">{escape(what)}</span></p>'


def _count(runs: int) -> str:
    return f"{MOST_COUNTED:,} or more" if runs >= MOST_COUNTED else f"{runs:,}"
