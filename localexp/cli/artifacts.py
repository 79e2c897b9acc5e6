"""``localexp artifacts`` and its commands."""

from __future__ import annotations

import difflib
import os
import shutil
import sys

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.errors import UserErrorException
from localexp.execution import files
from localexp.execution.files import FileOfRun
from localexp.report.printable import printable
from localexp.snapshot.sizes import human
from localexp.store.artifacts import without_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form
    from localexp.run import Run

_STANDARD_OUTPUT = "-"
_LEAST_WIDTH_OF_NAME = 20


@click.group(short_help="List, copy and open the files of a run.")
def artifacts() -> None:
    """List, copy and open the files of a run: its logs, and what its script wrote or uploaded.

    RUN is its id, the beginning of its id, or 'latest'. Of a running script there is what it has written by now.
    """


@artifacts.command(
    short_help="List the files of a run.",
    epilog=options.examples(
        "localexp artifacts ls latest",
        "localexp artifacts ls latest --json    # with the hash of each",
    ),
)
@click.argument("run")
@options.workspace_path
@options.forms
def ls(run: str, workspace: str | None, form: Form) -> None:
    """List the files of a RUN with their sizes, in bytes in JSON and CSV.

    There each has its hash too, which is missing as long as the file is still the script's.
    """
    found = find_run(options.opened(workspace), run)

    def show(listed: list[dict[str, object]]) -> None:
        if not listed:
            click.echo("No files.")
            return
        names = table.Column("NAME", [one["name"] for one in listed], least=_LEAST_WIDTH_OF_NAME)
        table.show([names, table.Column("SIZE", [human(int(str(one["size"]))) for one in listed])])

    listed = files.listed(found._workspace._store, found._current())
    plain: list[dict[str, object]] = [{"name": one.name, "size": one.size, "hash": one.digest} for one in listed]
    table.show_listing(form, plain, ["name", "size", "hash"], lambda one: list(one.values()), show)


@artifacts.command(
    short_help="Copy files of a run.",
    epilog=options.examples(
        "localexp artifacts get latest outputs/model.pkl             # to model.pkl",
        "localexp artifacts get latest outputs/model.pkl -o best/    # to best/model.pkl",
        "localexp artifacts get latest outputs                       # all below it, to outputs/",
        "localexp artifacts get latest outputs/loss.txt -o -         # its bytes to standard output",
    ),
)
@click.argument("run")
@click.argument("name")
@click.option("--output", "-o", type=click.Path(), help="Where to; default: here, under the last part of the NAME.")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@options.workspace_path
def get(run: str, name: str, output: str | None, overwrite: bool, workspace: str | None) -> None:
    """Copy the file NAME of a RUN, or if it is a folder all files below it, and print the path of each copy.

    '.' is the folder of all files. With '-o -' the bytes of a file go to standard output. Nothing is replaced without
    --overwrite, and nothing is copied whose bytes are not those that were recorded.
    """
    found = find_run(options.opened(workspace), run)
    wanted, folder = _wanted(found, name)
    if output == _STANDARD_OUTPUT:
        _print(found, wanted, name, is_folder=folder is not None)
        return
    paths = [_file_path(wanted[0].name, output)] if folder is None else _paths_below(wanted, folder, output)
    if not overwrite:
        _check_free(paths)
    names = [file.name for file in wanted]
    files.download_all(found._workspace._store, found._known(), names, paths, is_validated=True)
    for path in paths:
        click.echo(printable(path))


@artifacts.command(
    "open",
    short_help="Open a file of a run with the program that the system has for it.",
    epilog=options.examples("localexp artifacts open latest outputs/plot.png"),
)
@click.argument("run")
@click.argument("name")
@options.workspace_path
def open_file(run: str, name: str, workspace: str | None) -> None:
    """Open the file NAME of a RUN with the program that the system has for it, and print its path.

    Into a pipe, and where there is no display, the path is only printed. It is the file itself, not a copy of it.
    """
    found = find_run(options.opened(workspace), run)
    wanted, folder = _wanted(found, name)
    if folder is not None:
        raise UserErrorException(f"{name!r} of run {found.id} is a folder; name one of its files")
    [file] = wanted
    files.check_whole(found._workspace._store, found._known(), file)
    path = os.path.abspath(file.path)
    click.echo(printable(path))
    if sys.stdout.isatty() and _has_display() and click.launch(path):
        raise UserErrorException(
            "the system has no program that opens files; install xdg-utils, or open it by its path"
        )


def _wanted(run: Run, name: str) -> tuple[list[FileOfRun], str | None]:
    """The file that a name means, or all files of the folder that it means and the name of this."""
    known = {file.name: file for file in files.listed(run._workspace._store, run._current())}
    plain = without_here(name)
    if plain in known:
        return [known[plain]], None
    folder = plain.rstrip("/")
    begin = "" if folder in ("", ".") else f"{folder}/"
    found = [file for file in known.values() if file.name.startswith(begin)]
    if not found:
        raise UserErrorException(_unknown(run, name, list(known)))
    return found, begin.rstrip("/")


def _unknown(run: Run, name: str, known: list[str]) -> str:
    if not known:
        return f"run {run.id} has no file {name!r}, for it has none"
    ending_so = [one for one in known if one.endswith(f"/{name}")][:3]
    close = ending_so or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"run {run.id} has no file {name!r}; did you mean {' or '.join(map(repr, close))}?"
    return f"run {run.id} has no file {name!r}; 'localexp artifacts ls {run.id}' lists those that it has"


def _file_path(name: str, output: str | None) -> str:
    last = name.rpartition("/")[2]
    if output is None:
        return last
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(output)
    return os.path.join(output, last) if is_folder else output


def _paths_below(wanted: list[FileOfRun], folder: str, output: str | None) -> list[str]:
    top = (folder.rpartition("/")[2] or os.curdir) if output is None else output
    rest = [file.name[len(folder) + 1 :] if folder else file.name for file in wanted]
    return [os.path.normpath(os.path.join(top, *name.split("/"))) for name in rest]


def _check_free(paths: list[str]) -> None:
    taken = [path for path in paths if os.path.lexists(path)]
    if taken:
        more = f" and {len(taken) - 1} more are" if len(taken) > 1 else " is"
        raise UserErrorException(f"{taken[0]}{more} there already; use --overwrite, or choose another place with -o")


def _print(run: Run, wanted: list[FileOfRun], name: str, *, is_folder: bool) -> None:
    if is_folder:
        raise UserErrorException(
            f"{name!r} of run {run.id} is a folder, which cannot go to standard output; name a file"
        )
    [file] = wanted
    store, record = run._workspace._store, run._known()
    files.check_whole(store, record, file)
    with files.opened(store, record, file.name, file.path) as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
