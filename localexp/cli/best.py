"""``localexp best``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli.run_table import names, value_column
from localexp.cli.select import experiment_key
from localexp.cli.times import local_time
from localexp.errors import UserErrorException
from localexp.execution.best import GOALS
from localexp.execution.best import best as found_best
from localexp.execution.details import summaries
from localexp.report.side_by_side import texts
from localexp.store.query.tree import LAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from localexp.cli.table import Form
    from localexp.store.query.tree import Column
    from localexp.store.runs import RunRecord

_MANY = 10**9


@click.command(
    short_help="Show the runs that are best by a metric.",
    epilog=options.examples(
        "localexp best --metric loss --goal min              # by its last value",
        "localexp best --metric acc.max --goal max --limit 1 # by the highest of each run",
        "localexp best --metric loss --goal min --filter \"status = 'Completed' and params.lr < 0.1\"",
    ),
)
@click.option("--metric", required=True, help="Its name; with .min, .max or .count behind it not its last value.")
@click.option("--goal", required=True, type=click.Choice(list(GOALS)), help="Which values are better.")
@options.experiment
@click.option("--filter", "wanted", metavar="EXPR", help="Only runs of which this is true, as for 'localexp runs'.")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many at most.")
@options.workspace_path
@options.forms
def best(
    metric: str,
    goal: str,
    experiment: str | None,
    wanted: str | None,
    limit: int,
    workspace: str | None,
    form: Form,
) -> None:
    """Show the runs that are best by a metric, the best first, with their params, and how to have the best again.

    All runs that have a number there count, also those that go on or have Failed, and child runs; --filter narrows
    that. NaN is no number. Of runs that are equally good the newest comes first. The name of a metric that itself ends
    in .min, .max, .count or .last is quoted, as in a filter: --metric '`x.min`'.
    """
    opened = options.opened(workspace)
    found = found_best(opened._store, experiment_key(opened, experiment), metric, goal, wanted, limit)
    if not found.runs:
        raise UserErrorException(_no_run(metric, found.why))
    plain = summaries(opened._store, [record for record, _ in found.runs])
    values = [value for _, value in found.runs]
    if form == "json":
        table.show_json([{"value": value, **run} for value, run in zip(values, plain, strict=True)])
    elif form == "csv":
        _show_csv(values, plain)
    else:
        _show(found.column, values, plain)
        _show_next(found.runs[0][0])


def _no_run(metric: str, why: str | None) -> str:
    return f"no run that is looked at has a number for the metric {metric!r}{f': {why}' if why else ''}"


def _show_csv(values: list[float], runs: list[dict[str, Any]]) -> None:
    identity, params, metrics = ("id", "experiment", "status", "created"), names(runs, "params"), names(runs, "metrics")
    named = [*(f"params.{name}" for name in params), *(f"metrics.{name}" for name in metrics)]
    rows = (
        [*map(run.get, identity), value, *map(run["params"].get, params), *map(run["metrics"].get, metrics)]
        for value, run in zip(values, runs, strict=True)
    )
    table.show_csv([*identity, "value", *named], rows)


def _show(column: Column, values: list[float], runs: list[dict[str, Any]]) -> None:
    is_last = column.field == LAST
    title = column.name if is_last else f"{column.name}.{column.field}"
    columns = [
        table.Column("RUN", [run["id"] for run in runs]),
        table.Column("EXPERIMENT", [run["experiment"] for run in runs], rank=0),
        table.Column("STATUS", [run["status"] for run in runs], look=table.of_status),
        table.Column("CREATED", [local_time(run["created"]) for run in runs], rank=1),
        # With so many digits that different numbers look so.
        table.Column(title, texts(values), of_numbers=True),
    ]
    # The first params and metrics of a script are mostly those that matter, so the others go first, and metrics before
    # params.
    others = [("params", name) for name in names(runs, "params")]
    others += [("metrics", name) for name in names(runs, "metrics") if not (is_last and name == column.name)]
    for place, (group, name) in enumerate(others):
        cells = [run[group].get(name) for run in runs]
        columns.append(value_column(name, cells, rank=_MANY - place))
    table.show(columns, hint="--csv and --json have all.")


def _show_next(record: RunRecord) -> None:
    """How to have the best run again."""
    click.echo()
    table.next_step(f"localexp show {record.id}", "all that is known of the best")
    if record.definition is not None and record.keeps_snapshot:
        table.next_step(f"localexp rerun {record.id}", "run it again")
    if record.snapshot is not None and record.keeps_snapshot:
        table.next_step(f"localexp snapshot restore {record.id} DIR", "have its source")
