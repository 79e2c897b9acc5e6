"""``localexp gc``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.snapshot.sizes import counted, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.execution.collecting import Garbage

_WHAT = {
    "snapshots": ("snapshot that no run has", "snapshots that no run has"),
    "trees": ("folder of snapshots", "folders of snapshots"),
    "blobs": ("file of snapshots", "files of snapshots"),
    "checkouts": ("checkout", "checkouts"),
    "environments": ("built environment", "built environments"),
    "texts": ("fact of deleted runs", "facts of deleted runs"),
    "files": ("leftover of somebody who was killed", "leftovers of those who were killed"),
    "scans": ("cached scan", "cached scans"),
}


@click.command(
    short_help="Remove what nothing needs any more.",
    epilog=options.examples(
        "localexp gc --dry-run    # say what would go, and remove nothing",
        "localexp gc              # remove it, and make the databases smaller",
        "localexp gc --checkouts  # idle checkouts too",
    ),
)
@click.option("--dry-run", is_flag=True, help="Remove nothing, only say what would go.")
@click.option("--checkouts", is_flag=True, help="Remove idle checkouts too; the next run makes one anew.")
@options.workspace_path
@options.as_json
def gc(dry_run: bool, checkouts: bool, workspace: str | None, as_json: bool) -> None:
    """Remove what nothing needs any more, and make the databases smaller. Runs may go on and be submitted meanwhile.

    What goes: snapshots that no run has, with the files that only they need; checkouts that nobody answers for, or
    whose source directory is gone; built environments that no run of the workspace was or is to be run by, which are
    built again when one is; facts of deleted runs; what was left by those who were killed; scans of folders that are
    gone. Runs, their artifacts and logs stay: 'localexp delete' removes those.

    Sizes are those of contents. What the disk gains differs a little, as databases and file systems count in pages, and
    files of snapshots lie together in packs, which are written anew when a quarter of one is of no use.
    """
    garbage = options.opened(workspace).gc(dry_run, checkouts)
    if as_json:
        table.show_json(_plain(garbage))
        return
    for kind, (count, size) in garbage.removed.items():
        if count:
            click.echo(counted(count, *_WHAT[kind]) + (f": {human(size)}" if size else ""))
    click.echo(_summary(garbage))


def _plain(garbage: Garbage) -> dict[str, object]:
    return {
        "dry_run": garbage.is_dry_run,
        "bytes": garbage.bytes,
        "removed": {kind: {"count": count, "bytes": size} for kind, (count, size) in garbage.removed.items()},
        "databases": {"before": garbage.databases, "after": garbage.databases_after},
    }


def _summary(garbage: Garbage) -> str:
    if garbage.databases_after is None:
        return f"Would remove {human(garbage.bytes)}; nothing was removed."
    return (
        f"Removed {human(garbage.bytes)}. The databases take {human(garbage.databases_after)}, "
        f"before {human(garbage.databases)}."
    )
