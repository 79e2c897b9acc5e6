"""``localexp env``."""

from __future__ import annotations

import click

from localexp.cli import options, table
from localexp.errors import UserErrorException
from localexp.execution.environments import removal
from localexp.snapshot.sizes import counted, human
from localexp.store import builds, clock, environments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.cli.table import Form
    from localexp.store.builds import BuildRecord
    from localexp.store.environments import EnvironmentRecord
    from localexp.store.store import Store

_TITLES = ("name", "version", "created", "id", "requirements", "ready", "bytes", "last_used", "runs")
_LEAST_WIDTH_OF_REQUIREMENTS = 20


@click.group(short_help="List and remove environments.")
def env() -> None:
    """List and remove environments: those that were registered by name, and those that were built for runs."""


@env.command(short_help="List environments.", epilog=options.examples("localexp env ls", "localexp env ls --json"))
@options.workspace_path
@options.forms
def ls(workspace: str | None, form: Form) -> None:
    """List the environments that were registered, with their versions, and those that were built.

    A built one is named by its id, and shown with what it was asked to hold, its size, when a run last used it, and the
    runs that use it now.
    """
    store = options.opened(workspace)._store
    users = removal.users(store)
    with store.main.reading() as db:
        registered, built = environments.every(db), builds.every(db)
    plain_registered = [_plain_registered(one) for one in registered]
    plain_built = [_plain_built(one, users.get(one.id, [])) for one in built]
    if form == "json":
        table.show_json({"registered": plain_registered, "built": plain_built})
    elif form == "csv":
        table.show_csv(_TITLES, ([one.get(title) for title in _TITLES] for one in plain_registered + plain_built))
    else:
        _show(registered, built, users)


def _show(registered: list[EnvironmentRecord], built: list[BuildRecord], users: dict[str, list[str]]) -> None:
    if not registered and not built:
        click.echo("No environments yet. Next: localexp submit --requirements FILE SCRIPT [ARGS]...")
    if registered:
        _show_registered(registered)
    if registered and built:
        click.echo()
    if built:
        _show_built(built, users)


@env.command(
    short_help="Remove environments.",
    epilog=options.examples(
        "localexp env rm torch:2              # one version of those that were registered",
        "localexp env rm 9c41                 # a built one, by the beginning of its id",
    ),
)
@click.argument("names", metavar="NAME[:VERSION]|BUILD...", nargs=-1, required=True)
@options.workspace_path
@options.as_json
def rm(names: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Remove a registered environment, or one VERSION of it, or the BUILD with this id or beginning of an id.

    A build that an active run uses is not removed; any other is built again when a run wants it. Runs that were
    submitted with a registered environment keep what they need of it.
    """
    store = options.opened(workspace)._store
    removed: list[dict[str, object]] = []
    try:
        for name in names:
            said, plain = _removed(store, name)
            removed.append(plain)
            if not as_json:
                click.echo(table.one_line(said))
    finally:
        # Also if one is not there, for those before it are gone.
        if as_json:
            table.show_json(removed)


def _removed(store: Store, wanted: str) -> tuple[str, dict[str, object]]:
    """Remove what is wanted, and say what that was, also as plain data."""
    name, version = _registered_as(store, wanted)
    if name is not None:
        with store.main.writing() as db:
            count = environments.remove(db, name, version)
        what = counted(count, "version") if version is None else f"version {version}"
        return f"Removed {what} of the environment {name!r}.", {"name": name, "version": version, "versions": count}
    build = _built_as(store, wanted)
    removal.remove(store, build.id)
    size = "" if build.size is None else f", {human(build.size)}"
    return f"Removed the built environment {build.id}{size}.", {"id": build.id, "bytes": build.size}


def _registered_as(store: Store, wanted: str) -> tuple[str | None, str | None]:
    """The name and the version that are meant; a name may have a colon in it too."""
    with store.main.reading() as db:
        if environments.find(db, wanted) is not None:
            return wanted, None
        name, colon, version = wanted.rpartition(":")
        if colon and environments.find(db, name, version) is not None:
            return name, version
    return None, None


def _built_as(store: Store, wanted: str) -> BuildRecord:
    with store.main.reading() as db:
        matches = [build for build in builds.every(db) if wanted and build.id.startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise UserErrorException(f"there is no environment {wanted!r}; 'localexp env ls' lists those that there are")
    raise UserErrorException(f"{wanted!r} could be any of {', '.join(one.id for one in matches)}; give more of the id")


def _plain_registered(one: EnvironmentRecord) -> dict[str, object]:
    return {"name": one.name, "version": one.version, "created": clock.iso(one.created_at)}


def _plain_built(one: BuildRecord, runs: list[str]) -> dict[str, object]:
    return {
        "id": one.id,
        "requirements": one.requirements,
        "ready": one.ready_at is not None,
        "bytes": one.size,
        "last_used": None if one.used_at is None else clock.iso(one.used_at),
        "runs": runs,
    }


def _show_registered(found: list[EnvironmentRecord]) -> None:
    table.show(
        [
            table.Column("NAME", [one.name for one in found]),
            table.Column("VERSION", [one.version for one in found]),
            table.Column("CREATED", [_local(one.created_at) for one in found]),
        ]
    )


def _show_built(found: list[BuildRecord], users: dict[str, list[str]]) -> None:
    table.show(
        [
            table.Column("BUILD", [one.id for one in found]),
            table.Column("SIZE", [_size(one) for one in found], rank=1),
            table.Column("LAST USED", [_local(one.used_at) for one in found], rank=2),
            table.Column("USED BY", [", ".join(users.get(one.id, [])) or None for one in found], rank=0),
            table.Column(
                "REQUIREMENTS", [", ".join(one.requirements) for one in found], least=_LEAST_WIDTH_OF_REQUIREMENTS
            ),
        ]
    )


def _size(build: BuildRecord) -> str | None:
    if build.ready_at is None:
        return "being built"
    return None if build.size is None else human(build.size)


def _local(microseconds: int | None) -> str | None:
    return None if microseconds is None else clock.moment(microseconds).astimezone().strftime("%Y-%m-%d %H:%M")
