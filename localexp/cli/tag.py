"""``localexp tag``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli.select import find_run
from localexp.execution.details import summaries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localexp.run import Run

_NOTHING_TO_DO = "Missing NAME=VALUE, or NAME, or option '--remove'."


def changes(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the tags that it is to set, as texts, and the names of those that it is to remove."""
    remove = click.option("--remove", multiple=True, metavar="NAME", help="A tag to remove; several times.")
    tags = click.argument("tags", metavar="[NAME[=VALUE]]...", nargs=-1)
    return tags(remove(function))


def checked(tags: tuple[str, ...], remove: tuple[str, ...]) -> dict[str, str | None]:
    """The tags to set.

    :raises click.UsageError: there is nothing to set and nothing to remove, or one tag is to be both.
    """
    if not tags and not remove:
        raise click.UsageError(_NOTHING_TO_DO, click.get_current_context())
    said = options.parsed_tags(tags)
    both = next((name for name in remove if name in said), None)
    if both is not None:
        message = f"The tag {table.cell_text(both)!r} cannot be both set and removed."
        raise click.UsageError(message, click.get_current_context())
    return said


def text_of(tags: Mapping[str, object]) -> str | None:
    """Tags on one line, None if there are none."""
    return " ".join(key if value is None else f"{key}={value}" for key, value in tags.items()) or None


@click.command(
    short_help="Set and remove tags of runs.",
    epilog=options.examples(
        "localexp tag latest model=mlp best       # two tags, the second without a value",
        "localexp tag 3f2a --remove best",
        "localexp tag 3f2a keep --also 77b1       # of two runs",
    ),
)
@click.argument("run")
@changes
@click.option("--also", multiple=True, metavar="RUN", help="Another run, whose tags change likewise; several times.")
@options.workspace_path
@options.as_json
def tag(
    run: str,
    tags: tuple[str, ...],
    remove: tuple[str, ...],
    also: tuple[str, ...],
    workspace: str | None,
    as_json: bool,
) -> None:
    """Set tags of a RUN, whether or not it has ended, and print those that it has then.

    RUN is its id, the beginning of its id, or 'latest'. Tags that are not named stay as they are; to remove one that
    the run does not have is no error. If one of several runs is not there, none is changed.
    """
    said = checked(tags, remove)
    opened = options.opened(workspace)
    found = list({run.id: run for run in (find_run(opened, wanted) for wanted in (run, *also))}.values())
    for one in found:
        one.set_tags(said)
        one.remove_tags(remove)
    if as_json:
        table.show_json(summaries(opened._store, [one._current() for one in found]))
        return
    for one in found:
        _show(one)


def _show(run: Run) -> None:
    click.echo(f"{run.id}  {table.cell_text(text_of(run.get_tags()))}")
