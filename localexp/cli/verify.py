"""``localexp verify``."""

from __future__ import annotations

import sys

import click

from localexp.cli import again, attended, options, table
from localexp.cli.main import INTERRUPTED
from localexp.snapshot.sizes import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.again import Changed
    from localexp.run.again import Verification


@again.command(
    "Run a run again, and compare what both logged.",
    "localexp verify latest",
    "localexp verify --tolerance 1e-6 3f2a",
)
@click.option(
    "--tolerance",
    type=float,
    default=0.0,
    show_default=True,
    help="By how much numbers may differ, relative to the larger one.",
)
@again.changes
@options.workspace_path
@options.as_json
def verify(run: str, tolerance: float, changed: Changed, workspace: str | None, as_json: bool) -> None:
    """Submit the same as a Completed RUN was, wait for the end, and compare the metrics of both.

    Says what differs today, and then either "reproduced" and exits with 0, or "drifted" with the differences, and exits
    with 1. Ctrl-C cancels the new run.

    Options of localexp stand before RUN; ARGS are all arguments of the script anew. RUN is an id,
    the beginning of an id, or 'latest'.
    """
    found = again.found(run, workspace)
    found._check_can_be_verified(tolerance)
    begun = again.begun(found, changed, is_quiet=True)
    code = attended.wait_for(begun, False, False, workspace)
    if code == INTERRUPTED and begun.status not in ("Completed", "Failed"):
        sys.exit(code)
    verification = found._compared(begun, tolerance)
    if as_json:
        table.show_json(_plain(found.id, verification))
    else:
        _show(found.id, verification)
    sys.exit(0 if verification.is_reproduced else 1)


def _show(run_id: str, found: Verification) -> None:
    click.echo(_verdict(run_id, found))
    for difference in found.differences:
        click.echo(f"  {table.one_line(str(difference))}")


def _verdict(run_id: str, found: Verification) -> str:
    if found.error is not None:
        return f"drifted: {table.one_line(found.error)}"
    if found.differences:
        return f"drifted: run {found.run.id} has logged something else than run {run_id}"
    metrics = counted(found.metrics, "metric")
    return f"reproduced: run {found.run.id} has logged the same as run {run_id}, {metrics}"


def _plain(run_id: str, found: Verification) -> dict[str, object]:
    return {
        "run": run_id,
        "rerun": found.run.id,
        "reproduced": found.is_reproduced,
        "error": found.error,
        "metrics": found.metrics,
        "differences": [one.as_json() for one in found.differences],
    }
