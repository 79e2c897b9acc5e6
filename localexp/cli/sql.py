"""``localexp sql``."""

from __future__ import annotations

import click

from localexp.cli import options, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form

_LEAST_WIDTH = 12


@click.command(
    short_help="Ask the record with a query in SQL.",
    epilog=options.examples(
        'localexp sql "SELECT id, status FROM runs ORDER BY created DESC LIMIT 5"   # the newest runs',
        "localexp sql \"SELECT run, last FROM latest_metrics WHERE name = 'loss'\" --csv",
    ),
)
@click.argument("query")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="The seconds after which it is stopped.",
)
@options.workspace_path
@options.forms
def sql(query: str, timeout: float, workspace: str | None, form: Form) -> None:
    """Print what a QUERY gives: one SELECT of SQLite over the views that the README describes.

    They are runs, latest_metrics, metric_points, params, tags, properties, artifacts, inputs, warnings, snapshots,
    experiments and experiment_tags. Nothing can be written. Bytes (a BLOB) are shown as hexadecimal digits.
    """
    names, rows = options.opened(workspace)._answer(query, None, timeout)

    def show(found: list[dict[str, object]]) -> None:
        table.show([table.Column(name, [row[name] for row in found], least=_LEAST_WIDTH) for name in names])

    found = (dict(zip(names, map(_shown, row), strict=True)) for row in rows)
    table.show_listing(form, found, names, lambda row: [row[name] for name in names], show)


def _shown(cell: object) -> object:
    return cell.hex() if isinstance(cell, bytes) else cell
