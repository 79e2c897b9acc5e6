"""``localexp snapshot`` and its commands."""

from __future__ import annotations

import os
import sys
from warnings import warn

import click

from localexp.cli import options, table
from localexp.cli.patch import show_names, show_patch
from localexp.cli.select import find_run
from localexp.errors import UserErrorException
from localexp.snapshot.progress import Progress
from localexp.snapshot.sizes import counted, human
from localexp.snapshot.view import Snapshot
from localexp.store import snapshots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form
    from localexp.snapshot.diff import SnapshotDiff
    from localexp.snapshot.explain import Explanation
    from localexp.workspace import Workspace

    # A path, a size in bytes, and where a link leads.
    Row = tuple[str, int, str | None]

_TITLES = ("path", "size", "kind", "target")


@click.group(short_help="List, compare and restore what runs have captured.")
def snapshot() -> None:
    """List, compare and restore the source files that runs have captured.

    RUN is a run's id, the beginning of its id, 'latest', or the id of a snapshot.
    """


@snapshot.command(
    short_help="List what was captured, or what would be.",
    epilog=options.examples(
        "localexp snapshot ls                  # what would be captured here", "localexp snapshot ls latest"
    ),
)
@click.argument("source", metavar="[DIR|RUN]", default=".")
@options.ignore_parents
@options.workspace_path
@options.forms
def ls(source: str, ignore_parents: bool, workspace: str | None, form: Form) -> None:
    """List what would be captured of a directory, by default of this one, or what a run has captured.

    What is there or has a slash in it is taken for a directory; sizes are in bytes where no terminal shows them.
    """
    if os.path.exists(source) or os.sep in source:
        rows = _rows_of_directory(source, ignore_parents)
    else:
        rows = _rows_of_snapshot(_named(options.opened(workspace), source))
    if form == "table":
        _show_rows(rows)
        return
    plain = (_plain(*row) for row in rows)
    table.show_listing(form, plain, _TITLES, lambda row: [row.get(title) for title in _TITLES])


@snapshot.command(
    short_help="Say by which rule files are left out.",
    epilog=options.examples("localexp snapshot explain data/big.csv notes.txt"),
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--source", default=".", show_default=True, metavar="DIR", help="The directory to be captured.")
@options.ignore_parents
@options.as_json
def explain(paths: tuple[str, ...], source: str, ignore_parents: bool, as_json: bool) -> None:
    """Say of each PATH whether it would be captured, and which rule decides that.

    Each line is FILE:LINE:PATTERN and the path, or 'included' or the reason and the path, with a tab between them.
    """
    from localexp.snapshot.explain import explain as explained

    found = (explained(_absolute(source), _inside(source, path), ignore_parents) for path in paths)
    if as_json:
        table.show_json([_plain_explanation(one) for one in found])
        return
    for one in found:
        click.echo(f"{table.cell_text(_verdict(one))}\t{table.cell_text(os.fsdecode(one.path))}")


@snapshot.command(
    short_help="Write what a run has captured into a directory.",
    epilog=options.examples("localexp snapshot restore latest ../as-it-was"),
)
@click.argument("run")
@click.argument("directory", metavar="DIR")
@click.option("--overwrite", is_flag=True, help="Replace files that are in the way and differ.")
@options.workspace_path
@options.as_json
def restore(run: str, directory: str, overwrite: bool, workspace: str | None, as_json: bool) -> None:
    """Write the files that a RUN has captured into DIR, which is made if it is not there.

    What is there already and equal stays, and so does what the run has not captured. Files that differ are refused
    before anything is written.
    """
    wanted = _named(options.opened(workspace), run)
    with Progress("Restoring", "files") as progress:
        written = wanted.restore(directory, overwrite, progress.reach)
    if as_json:
        facts = {"files": written.files, "bytes": written.bytes, "kept": written.kept}
        table.show_json({"snapshot": wanted.id, "path": os.path.abspath(directory), **facts})
        return
    kept = f"; there already: {counted(written.kept, 'file')}" if written.kept else ""
    text = f"Wrote {counted(written.files, 'file')} of {human(written.bytes)} to {os.path.abspath(directory)}{kept}"
    click.echo(table.one_line(text))


@snapshot.command(
    short_help="Show what is different between two.",
    epilog=options.examples("localexp snapshot diff 3f2a 77b1", "localexp snapshot diff --name-only 3f2a latest"),
)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--name-only", is_flag=True, help="Only the paths, each with what has happened to it.")
@options.workspace_path
@options.as_json
def diff(old: str, new: str, name_only: bool, workspace: str | None, as_json: bool) -> None:
    """Show what makes the files that B has captured of those of A, two runs or snapshots, as a patch for 'git apply'.

    With --name-only each line is A (added), D (removed), M (changed) or R (renamed), a tab, and the path or paths.
    """
    opened = options.opened(workspace)
    found = _named(opened, old).diff(_named(opened, new))
    if as_json:
        table.show_json(_plain_diff(found))
    elif name_only:
        show_names(found)
    else:
        show_patch(found)


def _named(workspace: Workspace, wanted: str) -> Snapshot:
    """The snapshot with this id, or that of the run which is so named."""
    with workspace._store.main.reading() as db:
        is_snapshot = snapshots.exists(db, wanted)
    if is_snapshot:
        return Snapshot._of(workspace._store, wanted)
    run = find_run(workspace, wanted)
    identifier = run._known().snapshot
    if identifier is None:
        raise UserErrorException(f"run {run.id} has no snapshot; 'localexp runs --json' says which runs have one")
    return Snapshot._of(workspace._store, identifier)


def _rows_of_snapshot(found: Snapshot) -> list[Row]:
    return [(file.path, file.size, file.target) for file in found.files()]


def _rows_of_directory(source: str, with_parents: bool) -> list[Row]:
    from localexp.snapshot import scan
    from localexp.snapshot.notes import notes

    found = scan.walk(_absolute(source), with_parents=with_parents)
    for note in notes(found):
        if note.is_warning:
            warn(note.text, UserWarning, stacklevel=2)
    rows: list[tuple[bytes, int, bytes | None]] = [(file.path, file.size, None) for file in found.files()]
    for directory in found.directories:
        rows += [(directory.path_of(name), 0, target) for name, target in directory.listing.links.items()]
    return [
        (os.fsdecode(path), size, None if target is None else os.fsdecode(target))
        for path, size, target in sorted(rows, key=lambda row: row[0])
    ]


def _absolute(source: str) -> bytes:
    return os.fsencode(os.path.abspath(source))


def _inside(source: str, path: str) -> bytes:
    """A path as it is below the source directory; links on the way to either may be named or not."""
    folder, name = os.path.split(os.path.abspath(path))
    for at in (os.path.abspath(path), os.path.join(os.path.realpath(folder), name)):
        for root in (os.path.abspath(source), os.path.realpath(source)):
            below = os.path.relpath(at, root)
            if below.split(os.sep)[0] not in (os.pardir, os.curdir):
                return os.fsencode(below)
    raise UserErrorException(f"{path!r} is not in the directory {os.path.abspath(source)}; name that by --source")


def _plain(path: str, size: int, target: str | None) -> dict[str, object]:
    kind = "file" if target is None else "link"
    return {"path": path, "size": size, "kind": kind} | ({} if target is None else {"target": target})


def _show_rows(rows: list[Row]) -> None:
    sizes = [_shown(size) for _, size, _ in rows]
    width = max(map(len, sizes), default=0)
    for (path, _, target), size in zip(rows, sizes, strict=True):
        leads = "" if target is None else f" -> {table.cell_text(target)}"
        click.echo(f"{size:>{width}}  {table.cell_text(path)}{leads}")
    total = sum(size for _, size, _ in rows)
    click.echo(f"{counted(len(rows), 'file')}, {human(total) if sys.stdout.isatty() else f'{total} bytes'}")


def _shown(size: int) -> str:
    return human(size) if sys.stdout.isatty() else str(size)


def _verdict(found: Explanation) -> str:
    if found.rule is not None:
        return f"{os.fsdecode(found.rule.file)}:{found.rule.line}:{os.fsdecode(found.rule.pattern)}"
    return found.reason


def _plain_explanation(found: Explanation) -> dict[str, object]:
    rule = found.rule
    return {
        "path": os.fsdecode(found.path),
        "is_included": found.is_included,
        "reason": found.reason,
        "rule": None
        if rule is None
        else {"file": os.fsdecode(rule.file), "line": rule.line, "pattern": os.fsdecode(rule.pattern)},
    }


def _plain_diff(found: SnapshotDiff) -> dict[str, object]:
    renamed = [{"from": old, "to": new} for old, new in found.renamed]
    return {"added": found.added, "removed": found.removed, "changed": found.changed, "renamed": renamed}
