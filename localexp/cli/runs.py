"""``localexp runs``."""

from __future__ import annotations

from itertools import islice

import click

from localexp.cli import options, table
from localexp.errors import UserErrorException
from localexp.execution.details import summary
from localexp.experiment import pages
from localexp.workspace import Workspace

_MOST_METRICS = 6


@click.command()
@click.option("--experiment", help="Only runs of this experiment.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@options.workspace_path
@options.as_json
def runs(experiment: str | None, limit: int, workspace: str | None, as_json: bool) -> None:
    """List runs, newest first, with their tags and the last value of each metric."""
    opened = Workspace(workspace) if workspace else Workspace.from_config()
    key = None
    if experiment is not None:
        known = opened.experiments
        if experiment not in known:
            names = ", ".join(known) or "none"
            raise UserErrorException(f"there is no experiment {experiment!r}; there are: {names}")
        key = known[experiment]._record.key
    found = [summary(opened._store, record) for record in islice(pages(opened, key), limit)]
    if as_json:
        table.show_json(found)
    elif not found:
        click.echo("No runs yet. Next: localexp submit SCRIPT [ARGS]...")
    else:
        show_runs(found)


def show_runs(found: list[dict[str, object]]) -> None:
    """Print summaries of runs as a table."""
    metrics = list(dict.fromkeys(name for run in found for name in _dict(run["metrics"])))[:_MOST_METRICS]
    table.show(
        ["RUN", "EXPERIMENT", "STATUS", "CREATED", "TAGS", *metrics],
        [
            [
                run["id"],
                run["experiment"],
                run["status"],
                str(run["created"])[:19].replace("T", " "),
                " ".join(key if value is None else f"{key}={value}" for key, value in _dict(run["tags"]).items())
                or None,
                *(_dict(run["metrics"]).get(name) for name in metrics),
            ]
            for run in found
        ],
    )


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
