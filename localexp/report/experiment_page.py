"""The page of an experiment: its runs."""

from __future__ import annotations

import os
from itertools import islice

from localexp.execution.listing import listed
from localexp.report import html
from localexp.report.html import escape
from localexp.report.run_rows import run_table
from localexp.store import clock, experiments
from localexp.store.listing import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.experiments import ExperimentRecord
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

MOST_RUNS = 1000


def write_experiment_page(store: Store, record: ExperimentRecord) -> str:
    """Write the page of an experiment beside its runs, and return its ``file://`` address.

    Where the store may only be read, the page goes to a temporary folder.
    """
    path = store.layout.experiment_page(record.name, record.id)
    content = experiment_page(store, record)
    return html.write(html.elsewhere("experiment.html") if store.is_read_only else path, content)


def rewrite_experiment_page(store: Store, key: int) -> None:
    """Have the page of an experiment that is there show what is there, if it has one."""
    with store.main.reading() as db:
        record = experiments.by_key(db, key)
    if os.path.exists(store.layout.experiment_page(record.name, record.id)):
        write_experiment_page(store, record)


def experiment_page(store: Store, record: ExperimentRecord) -> str:
    """The HTML of an experiment: what it is, its tags, and its newest runs, children among them."""
    records = list(islice(listed(store, Scope(record.key, is_deep=True)), MOST_RUNS + 1))
    with store.main.reading() as db:
        of_experiment = experiments.tags(db, record.key)
    facts: dict[str, object] = {
        "Id": record.id,
        "Created": clock.iso(record.created_at),
        "Archived": None if record.archived_at is None else clock.iso(record.archived_at),
    }
    table = run_table(store, records[:MOST_RUNS], lambda run: _link(store, run)) if records else "<p>No runs yet.</p>"
    more = f"<p>The newest {MOST_RUNS:,} runs.</p>" if len(records) > MOST_RUNS else ""
    body = f"{html.facts(facts)}{html.section('Tags', html.rows(of_experiment))}<h2>Runs</h2>{more}{table}"
    return html.page(record.name, escape(record.name), body, is_wide=True)


def _link(store: Store, record: RunRecord) -> str | None:
    """To the page of a run, if it has one."""
    page = store.layout.run(record.experiment_name, record.id).page
    if not os.path.exists(page):
        return None
    return html.link(page, store.layout.runs(record.experiment_name))
