"""``localexp runs``."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import click

from localexp.cli import options, table
from localexp.errors import UserErrorException
from localexp.execution.details import summary
from localexp.execution.listing import listed
from localexp.store.listing import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.workspace import Workspace

_LEAST_WIDTH_OF_TAGS = 12
_LEAST_WIDTH_OF_METRICS = 10


@click.command(short_help="List runs, newest first.")
@click.option("--experiment", help="Only runs of this experiment.")
@click.option("--limit", type=click.IntRange(1, 10**9), default=20, show_default=True, help="How many at most.")
@click.option("--children", is_flag=True, help="Child runs too.")
@options.workspace_path
@options.as_json
def runs(experiment: str | None, limit: int, children: bool, workspace: str | None, as_json: bool) -> None:
    """List runs, newest first, with their tags and the last value of each metric."""
    opened = options.opened(workspace)
    scope = Scope(None if experiment is None else _key_of(opened, experiment), is_deep=children)
    found = [summary(opened._store, record) for record in islice(listed(opened._store, scope), limit)]
    if as_json:
        table.show_json(found)
    elif not found:
        click.echo("No runs yet. Next: localexp submit SCRIPT [ARGS]...")
    else:
        show_runs(found)


def show_runs(found: list[dict[str, object]]) -> None:
    """Print summaries of runs as a table."""
    metrics = dict.fromkeys(name for run in found for name in _dict(run["metrics"]))
    table.show(
        [
            table.Column("RUN", [run["id"] for run in found]),
            table.Column("EXPERIMENT", [run["experiment"] for run in found], rank=0),
            table.Column("STATUS", [run["status"] for run in found]),
            table.Column("CREATED", [_local_time(str(run["created"])) for run in found], rank=1),
            table.Column("TAGS", [_tag_text(run) for run in found], least=_LEAST_WIDTH_OF_TAGS),
            *(
                table.Column(
                    name,
                    [_metric_text(_dict(run["metrics"]).get(name)) for run in found],
                    least=_LEAST_WIDTH_OF_METRICS,
                    rank=2 + len(metrics) - place,
                )
                for place, name in enumerate(metrics)
            ),
        ]
    )


def _key_of(workspace: Workspace, experiment: str) -> int:
    known = workspace.experiments
    if experiment not in known:
        names = ", ".join(known) or "none yet"
        raise UserErrorException(f"there is no experiment {experiment!r}; there are: {names}")
    return known[experiment]._known().key


def _local_time(time: str) -> str:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M")


def _tag_text(run: dict[str, object]) -> str | None:
    texts = (key if value is None else f"{key}={value}" for key, value in _dict(run["tags"]).items())
    return " ".join(texts) or None


def _metric_text(value: object) -> object:
    """A row as a text, anything else as it is."""
    return ", ".join(f"{name}={cell}" for name, cell in value.items()) if isinstance(value, dict) else value


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
