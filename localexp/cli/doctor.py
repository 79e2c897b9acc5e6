"""``localexp doctor``."""

from __future__ import annotations

import sys

import click

from localexp.cli import options, table
from localexp.execution.doctor import examination
from localexp.execution.doctor.overview import Overview
from localexp.snapshot.sizes import counted, human, named
from localexp.store.finding import found_root
from localexp.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.execution.doctor.finding import Finding

_MOST_ALIKE, _MOST_NAMED = 4, 5


@click.command(
    short_help="Say what is wrong with a workspace.",
    epilog=options.examples(
        "localexp doctor              # what is wrong, and what to do about it",
        "localexp doctor --repair     # mend what is safe to mend",
    ),
)
@click.option("--repair", is_flag=True, help="Mend what can be mended without a risk to what is recorded.")
@options.workspace_path
@options.as_json
def doctor(repair: bool, workspace: str | None, as_json: bool) -> None:
    """Look for all that may be wrong with a workspace, and say of each finding in a line what to do about it, of many
    of one kind only of the first.

    Databases, runs that nobody answers for, what was logged and is not in the record, queued runs that nobody starts,
    files that are missing or that nothing knows, snapshots that lack something, the disk. The bytes of what is stored
    are not read: 'localexp fsck' does that. Nothing is changed without --repair, which ends runs whose processes have
    died, brings what was logged into the record, starts what waits, and removes what interrupted work has left. Exit
    codes: 0 nothing is wrong (any more), 1 something is.
    """
    store = Store(found_root(workspace))
    found = examination.examined(store)
    mended: list[Finding] = []
    if repair:
        mended, found = examination.repaired(store, found)
    overview = Overview(store.layout)
    if as_json:
        table.show_json(
            {
                "healthy": not found,
                "findings": [_plain(finding) for finding in found],
                "mended": [_plain(finding) for finding in mended],
                "overview": vars(overview),
            }
        )
    else:
        _show(overview, found, mended)
    if found:
        sys.exit(1)


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "subject": finding.subject,
        "message": finding.message,
        "advice": finding.advice,
        "mendable": finding.mend is not None,
    }


def _show(overview: Overview, found: list[Finding], mended: list[Finding]) -> None:
    for finding in mended:
        click.echo(f"{table.styled('Mended:', fg='green')} {table.one_line(finding.message)}.")
    for line in _wrong(found):
        click.echo(f"{table.styled('Wrong:', fg='red')} {table.one_line(line)}.")
    click.echo(f"{counted(len(found), 'finding')}." if found else "Nothing is wrong.")
    click.echo()
    for line in _lines(overview):
        click.echo(table.one_line(line))


def _wrong(found: list[Finding]) -> Iterator[str]:
    """A line each, but of many findings of one kind, as after a folder was lost, only of the first."""
    by_kind: dict[str, list[Finding]] = {}
    for finding in found:
        by_kind.setdefault(finding.kind, []).append(finding)
    for alike in by_kind.values():
        most = len(alike) if len(alike) <= _MOST_ALIKE else _MOST_ALIKE - 1
        yield from (f"{finding.message}; {finding.advice}" for finding in alike[:most])
        if rest := alike[most:]:
            subjects = named([finding.subject for finding in rest], _MOST_NAMED)
            yield f"the same of {len(rest)} more ({subjects}); 'localexp doctor --json' tells of each"


def _lines(overview: Overview) -> list[str]:
    versions, parts = overview.versions, {name: size for name, size in overview.bytes.items() if size}
    kind = "" if overview.file_system is None else f" ({overview.file_system})"
    known = f"localexp {versions['localexp']}, format {versions['format']}, Python {versions['python']}"
    sizes = ", ".join(f"{name} {human(size)}" for name, size in parts.items())
    lines = [
        f"{overview.path}{kind}: {known}, SQLite {versions['sqlite']}",
        f"{sizes}; {human(overview.free)} are free",
    ]
    if overview.old_formats:
        lines.append(f"Remove when you are content with this version: {', '.join(overview.old_formats)}")
    return lines
