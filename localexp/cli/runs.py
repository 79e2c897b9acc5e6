"""``localexp runs``."""

from __future__ import annotations

from typing import Any

import click

from localexp.cli import options, table
from localexp.cli.run_table import HINT, show_runs
from localexp.cli.select import experiment_key
from localexp.cli.times import duration_text, local_time
from localexp.execution.details import summaries
from localexp.execution.searching import columns_named, search, unknown
from localexp.report.moments import duration
from localexp.store.query import cells, columns, parser
from localexp.store.query.tree import ATTRIBUTES, LAST, METRICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localexp.cli.table import Form
    from localexp.execution.searching import Found
    from localexp.store.query.tree import Column
    from localexp.store.runs import RunRecord
    from localexp.store.store import Store

_OWN = ("id", "experiment", "number", "parent", "display_name", "status", "created", "started", "ended")
_TITLES = (*_OWN, "duration", "exit_code", "error", "snapshot", "tags")
_PAGE = 500
_LEAST_WIDTH = 10


@click.command(
    short_help="List runs, and find them by what they are.",
    epilog=options.examples(
        "localexp runs --experiment digits --limit 5",
        "localexp runs --filter \"metrics.loss < 0.3 and status = 'Completed'\" --sort metrics.loss",
        "localexp runs --sort 'start_time desc' --columns status,params.lr,metrics.loss.min",
        "localexp runs --limit 100000 --csv",
    ),
)
@options.experiment
@click.option("--filter", metavar="EXPR", help="Only runs of which this is true, as in the examples.")
@click.option(
    "--sort", metavar="COLUMN", help="The order: a column, then 'desc' if the largest come first. [default: newest]"
)
@click.option("--columns", metavar="COLUMNS", help="What is shown of each run: columns, with commas between them.")
@click.option(
    "--limit", type=click.IntRange(1, 10**9), metavar="N", default=20, show_default=True, help="How many at most."
)
@click.option("--after", metavar="TOKEN", help="The page behind the one that has said so.")
@click.option("--children", is_flag=True, help="Child runs too.")
@options.workspace_path
@options.forms
def runs(
    experiment: str | None,
    filter: str | None,
    sort: str | None,
    columns: str | None,
    limit: int,
    after: str | None,
    children: bool,
    workspace: str | None,
    form: Form,
) -> None:
    """List runs, the newest first, with their params, their tags and the last value of each metric.

    Filters and orders are of columns: metrics.NAME (and metrics.NAME.min, .max, .count), params.NAME, tags.NAME,
    properties.NAME, status, name, id, number, experiment, created, start_time, end_time, duration (seconds), parent,
    exit_code, error and others. A filter compares them with =, !=, <, <=, >, >=, in (...), like or is null, and has
    and, or, not and parentheses; texts stand in single quotes, odd names in backticks. Runs that lack what they are
    sorted by come last.

    A table on a terminal says params that are alike in all runs below it; JSON and CSV are whole. With --columns they
    have those columns, and the id. If there are more runs, standard error says how to have the next page.

    Times in a table are those of the clock on the wall, of this machine's time zone. JSON and CSV have them in UTC, and
    a filter takes a time for one in UTC if it has no zone: created > '2026-11-01 12:30+01:00'.
    """
    opened = options.opened(workspace)
    key = experiment_key(opened, experiment)
    shown = None if columns is None else columns_named(opened._store, key, columns)
    pages = _Pages(opened._store, key, filter, sort, limit, after, children)
    unknown_columns = unknown(opened._store, key, shown) if shown and after is None else []
    for message in dict.fromkeys([*pages.warnings, *unknown_columns]):
        click.echo(f"Warning: {table.one_line(message)}", err=True)
    if shown is None:
        _list_whole(opened._store, pages, form, sort, is_narrowed=bool(filter or after))
    else:
        _list_columns(opened._store, pages, form, shown)
    pages.say_next()


class _Pages:
    """The records of a search, page by page, so that a long list takes no more memory than a short one."""

    def __init__(
        self,
        store: Store,
        experiment: int | None,
        filter: str | None,
        sort: str | None,
        limit: int,
        after: str | None,
        children: bool,
    ) -> None:
        self._left = limit
        self._search: Callable[[int, str | None], Found] = lambda most, token: search(
            store,
            experiment=experiment,
            filter=filter,
            order_by=sort,
            limit=most,
            after=token,
            include_children=children,
        )
        # What is wrong with a search is to come out before anything is printed.
        self._page = self._found(after)
        self.warnings = self._page.warnings

    def __iter__(self) -> Iterator[list[RunRecord]]:
        if self._page.records:
            yield self._page.records
        while self._left and self._page.next is not None:
            self._page = self._found(self._page.next)
            yield self._page.records

    def _found(self, after: str | None) -> Found:
        found = self._search(min(_PAGE, self._left), after)
        self._left -= len(found.records)
        return found

    def say_next(self) -> None:
        if self._page.next is not None:
            click.echo(f"There are more; the next page: --after {self._page.next}", err=True)


def _list_whole(store: Store, pages: _Pages, form: Form, sort: str | None, *, is_narrowed: bool) -> None:
    found = (summary for page in pages for summary in summaries(store, page))
    if form == "csv":
        _show_csv(list(found))
    elif form == "json":
        table.show_json_list(found)
    elif runs := list(found):
        show_runs(runs, _metric_of(sort))
    else:
        click.echo("No runs match." if is_narrowed else "No runs yet. Next: localexp submit SCRIPT [ARGS]...")


def _metric_of(sort: str | None) -> str | None:
    """The metric that runs are sorted by, if it is one that stands in the table."""
    column = None if sort is None else parser.parsed_order(sort).column
    return column.name if column is not None and (column.group, column.field) == (METRICS, LAST) else None


def _show_csv(runs: list[dict[str, Any]]) -> None:
    """A column for each param and metric that any run has. Tags are in one: they may have no value."""
    named = [
        (group, name) for group in ("params", "metrics") for name in dict.fromkeys(n for r in runs for n in r[group])
    ]

    def row(run: dict[str, Any]) -> list[object]:
        message = None if run["error"] is None else run["error"]["message"]
        run = {**run, "duration": duration(run["started"], run["ended"]), "error": message}
        return [*(run[title] for title in _TITLES), *(run[group].get(name) for group, name in named)]

    table.show_csv([*_TITLES, *(f"{group}.{name}" for group, name in named)], map(row, runs))


def _list_columns(store: Store, pages: _Pages, form: Form, shown: Sequence[Column]) -> None:
    by_title = {"id": None, **{columns.written(column): column for column in shown}}
    titles = list(by_title)

    def show(found: list[dict[str, object]]) -> None:
        if not found:
            click.echo("No runs match.")
            return
        table.show(
            [
                table.Column("RUN", [one["id"] for one in found]),
                *(
                    _as_column(title, column, found, rank=-place)
                    for place, (title, column) in enumerate(by_title.items())
                    if column is not None and title != "id"
                ),
            ],
            HINT,
        )

    rows = (row for page in pages for row in _rows(store, page, by_title))
    table.show_listing(form, rows, titles, lambda row: [row[title] for title in titles], show)


def _rows(store: Store, page: Sequence[RunRecord], by_title: dict[str, Column | None]) -> Iterator[dict[str, object]]:
    keys = [record.key for record in page]
    with store.main.reading() as db:
        found = {title: cells.of_column(db, column, keys) for title, column in by_title.items() if column is not None}
    for record in page:
        yield {"id": record.id, **{title: values.get(record.key) for title, values in found.items()}}


def _as_column(title: str, column: Column, found: Sequence[dict[str, object]], rank: int) -> table.Column:
    values, least = [one[title] for one in found], None
    if columns.kind_of(column) == columns.TIME:
        values = [local_time(value) for value in values]
    elif (column.group, column.name) == (ATTRIBUTES, "duration"):
        values = [None if value is None else duration_text(float(str(value))) for value in values]
    elif columns.kind_of(column) != columns.NUMBER:
        least = max(_LEAST_WIDTH, table.width_of(title))
    is_status = columns.kind_of(column) == columns.STATUS
    return table.Column(title, values, least=least, rank=rank, look=table.of_status if is_status else None)
