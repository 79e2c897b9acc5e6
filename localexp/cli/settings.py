"""``localexp settings``."""

from __future__ import annotations

import click

from localexp.cli import options, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form


def _number(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    is_size = str(context.params["name"]).endswith("_bytes")
    return int((options.SIZE if is_size else click.INT)(value, parameter, context))


@click.command(
    short_help="Show or change the limits of a workspace.",
    epilog=options.examples(
        "localexp settings",
        "localexp settings snapshot.max_bytes 4GiB",
        "localexp settings max_concurrent_runs 2",
    ),
)
@click.argument("name", required=False)
@click.argument("value", required=False, callback=_number)
@options.workspace_path
@options.forms
def settings(name: str | None, value: int | None, workspace: str | None, form: Form) -> None:
    """Show the settings of the workspace, only the one called NAME, or give that one a VALUE.

    Sizes may have a unit, as 4GiB. 'snapshot.max_bytes' and 'snapshot.max_files' are the most that a snapshot takes;
    beyond 'checkouts.max_bytes' the working trees that were not used for the longest time are removed. At most
    'max_concurrent_runs' submitted runs are at work at once, by default as many as there are cores; the others wait in
    the queue. A script that is to end has 'cancel.grace_seconds' before it is killed. What its
    processes take of processors, memory and GPUs is noted every 'resources.sample_seconds', with 0 never.
    """
    opened = options.opened(workspace)
    if name is not None and value is not None:
        opened.set_setting(name, value)
    shown = opened.settings
    if name is not None:
        shown = {name: opened.setting(name)}
    if form == "json":
        table.show_json(shown)
    elif form == "csv":
        table.show_csv(("name", "value"), shown.items())
    else:
        for known, number in shown.items():
            click.echo(f"{known}: {number}")
