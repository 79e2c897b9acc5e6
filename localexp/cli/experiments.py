"""``localexp experiments`` and its commands."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.cli import tag as tagging
from localexp.cli.select import find_experiment
from localexp.cli.times import local_time
from localexp.execution.experiments import bytes_of_runs, summary
from localexp.experiment import Experiment, ViewType
from localexp.snapshot.sizes import counted, human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form
    from localexp.workspace import Workspace

_TITLES = ("name", "id", "runs", "active", "newest", "created", "archived", "tags")
_LEAST_WIDTH_OF_TAGS = 12


class _ListedByDefault(click.Group):
    """``localexp experiments`` without the name of a command is ``localexp experiments ls``, with its options too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["ls", *args]
        return super().parse_args(ctx, args)


@click.group(short_help="List, tag, archive and delete experiments.", cls=_ListedByDefault)
def experiments() -> None:
    """List, tag, archive and delete experiments; without the name of a command, list them.

    EXPERIMENT is a name, or an id: archived experiments may have the same name.
    """


@experiments.command(
    short_help="List experiments.",
    epilog=options.examples(
        "localexp experiments",
        "localexp experiments ls --all --json     # archived ones too",
    ),
)
@click.option("--all", "every", is_flag=True, help="Archived ones too.")
@click.option("--archived", is_flag=True, help="Only archived ones.")
@options.workspace_path
@options.forms
def ls(every: bool, archived: bool, workspace: str | None, form: Form) -> None:
    """List experiments by name, with how many runs they have, how many of those go on, and when the newest was made."""
    if every and archived:
        message = "There are '--all' and '--archived': give one of both."
        raise click.UsageError(message, click.get_current_context())
    view = ViewType.All if every else ViewType.ArchivedOnly if archived else ViewType.ActiveOnly
    opened = options.opened(workspace)
    found = (summary(opened._store, one._known()) for one in Experiment.list(opened, view_type=view))
    table.show_listing(form, found, _TITLES, lambda one: [one[title] for title in _TITLES], _show)


def _show(found: list[dict[str, object]]) -> None:
    if not found:
        click.echo("No experiments here. Next: localexp submit SCRIPT [ARGS]...; --all lists archived ones too.")
        return
    columns = [
        table.Column("EXPERIMENT", [one["name"] for one in found]),
        table.Column("RUNS", [one["runs"] for one in found]),
        table.Column("ACTIVE", [one["active"] for one in found], rank=2, look=_look_of_active),
        table.Column("NEWEST RUN", [local_time(one["newest"]) for one in found], rank=1),
    ]
    if any(one["archived"] for one in found):
        columns.append(table.Column("ARCHIVED", [local_time(one["archived"]) for one in found], rank=3))
        columns.append(table.Column("ID", [one["id"] for one in found], rank=0))
    if any(one["tags"] for one in found):
        columns.append(table.Column("TAGS", [_tags(one) for one in found], least=_LEAST_WIDTH_OF_TAGS))
    table.show(columns)


@experiments.command(
    short_help="Hide an experiment from lists.", epilog=options.examples("localexp experiments archive digits")
)
@click.argument("experiment")
@options.workspace_path
@options.as_json
def archive(experiment: str, workspace: str | None, as_json: bool) -> None:
    """Hide an active EXPERIMENT from lists. Its runs stay; what is submitted by its name makes a new one."""
    found = _found(options.opened(workspace), experiment, archived=False)
    found.archive()
    _say(found, "Archived", f"; 'localexp experiments reactivate {found.id}' has it back", as_json)


@experiments.command(
    short_help="Have an archived experiment back.", epilog=options.examples("localexp experiments reactivate digits")
)
@click.argument("experiment")
@options.workspace_path
@options.as_json
def reactivate(experiment: str, workspace: str | None, as_json: bool) -> None:
    """Have an archived EXPERIMENT back in lists; refused while an active one has its name."""
    found = _found(options.opened(workspace), experiment, archived=True)
    found.reactivate()
    _say(found, "Reactivated", "", as_json)


@experiments.command(
    short_help="Set and remove tags of an experiment.",
    epilog=options.examples("localexp experiments tag digits owner=ada paper --remove draft"),
)
@click.argument("experiment")
@tagging.changes
@options.workspace_path
@options.as_json
def tag(experiment: str, tags: tuple[str, ...], remove: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Set tags of an EXPERIMENT, and print those that it has then. Tags that are not named stay as they are."""
    said = tagging.checked(tags, remove)
    found = _found(options.opened(workspace), experiment)
    found.set_tags(said)
    found.remove_tags(remove)
    if as_json:
        table.show_json(summary(found.workspace._store, found._known()))
    else:
        click.echo(f"{table.cell_text(found.name)}  {table.cell_text(tagging.text_of(found.tags or {}))}")


@experiments.command(
    short_help="Delete an experiment with its runs.",
    epilog=options.examples("localexp experiments delete digits", "localexp experiments delete digits --yes --json"),
)
@click.argument("experiment")
@options.yes
@options.workspace_path
@options.as_json
def delete(experiment: str, yes: bool, workspace: str | None, as_json: bool) -> None:
    """Delete an EXPERIMENT, archived or not, with its runs and their files, for good: all of it, or nothing.

    Asks first, and says how many runs go and what their files take. Refused while a run of it goes on. What its
    snapshots alone have stored goes with 'localexp gc'.
    """
    found = _found(options.opened(workspace), experiment)
    store = found.workspace._store
    facts = {**summary(store, found._known()), "bytes": bytes_of_runs(store, found._known())}
    extent = f"{counted(_number(facts['runs']), 'run')} and {human(_number(facts['bytes']))} of files"
    name = table.cell_text(found.name)
    options.confirm(f"Delete the experiment {name!r} with {extent}, for good?", yes)
    Experiment.delete(found.workspace, str(found.id))
    if as_json:
        table.show_json(facts)
    else:
        click.echo(f"Deleted the experiment {name!r} with {extent}.")


def _found(workspace: Workspace, wanted: str, *, archived: bool | None = None) -> Experiment:
    return Experiment._of(workspace, find_experiment(workspace, wanted, archived=archived))


def _say(experiment: Experiment, verb: str, hint: str, as_json: bool) -> None:
    if as_json:
        table.show_json(summary(experiment.workspace._store, experiment._known()))
    else:
        click.echo(f"{verb} the experiment {table.cell_text(experiment.name)!r}{hint}.")


def _look_of_active(count: object) -> table.Look:
    return {"fg": "cyan"} if count else {"dim": True}


def _tags(one: dict[str, object]) -> str | None:
    return tagging.text_of(one["tags"]) if isinstance(one["tags"], dict) else None


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
