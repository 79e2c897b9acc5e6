"""``localexp backup``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.snapshot.sizes import counted, human


@click.command(
    short_help="Copy the workspace into one archive.",
    epilog=options.examples(
        "localexp backup /backups/monday.tar     # then, elsewhere: tar -xf monday.tar -C FOLDER",
        "localexp backup monday.tar.gz           # smaller, and slower",
    ),
)
@click.argument("file", metavar="FILE", type=click.Path())
@options.workspace_path
@options.as_json
def backup(file: str, workspace: str | None, as_json: bool) -> None:
    """Write one archive of the workspace to FILE, which must not be there yet; the workspace may be in use.

    'tar -xf FILE -C FOLDER' makes FOLDER a workspace of it. Everything is in it that was recorded before: runs with
    their files, snapshots, settings. Runs that go on are ended in the copy, as Failed, with the reason. Left out are
    working trees, built environments, the cache, pages, what scripts that go on have in 'outputs', and what it takes to
    start queued runs, which may hold secrets. FILE ends in .tar, or in .tar.gz or .tgz to have it compressed.
    """
    made = options.opened(workspace).backup(file)
    for name in made.missing:
        click.echo(f"Warning: recorded, and not there: {table.one_line(name)}", err=True)
    if as_json:
        table.show_json(vars(made))
        return
    click.echo(
        f"Backed up {counted(made.runs, 'run')} and {counted(made.files, 'file')}: {table.one_line(made.path)}, "
        f"{human(made.size)}."
    )
    if made.interrupted:
        named = table.one_line(", ".join(made.interrupted[:5])) + (", …" if len(made.interrupted) > 5 else "")
        click.echo(f"Went on, and Failed in the copy: {named}")
