"""``localexp fsck``."""

from __future__ import annotations

import sys

import click

from localexp.cli import options, table
from localexp.snapshot.progress import Progress
from localexp.snapshot.sizes import counted, human, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.snapshot.verify import Place, Problem, Report

_MOST_NAMED = 3


@click.command(
    short_help="Check that every snapshot is whole.", epilog=options.examples("localexp fsck", "localexp fsck --repair")
)
@click.option("--repair", is_flag=True, help="Remove what is damaged, so that it is stored again when it is next seen.")
@options.workspace_path
@options.as_json
def fsck(repair: bool, workspace: str | None, as_json: bool) -> None:
    """Read all that is stored for snapshots, and compare it with the hashes that it was stored under.

    Prints a line for each problem, with the first of the snapshots and runs that it touches; --json has all of them.
    Without --repair nothing is changed. With it the next snapshot of a directory that has the same content makes the
    old ones whole again. Exit codes: 0 nothing is wrong, 1 something is.
    """
    from localexp.snapshot import verify
    from localexp.snapshot.repair import remove_damaged

    store = options.opened(workspace)._store
    with Progress("Checking", "blobs and trees") as progress:
        report = verify.checked(store, progress.reach)
    if as_json:
        table.show_json(_plain(report))
    else:
        for problem in report.problems:
            click.echo(_line(problem))
        click.echo(_summary(report))
    if report.problems:
        if repair:
            remove_damaged(store, report)
        if not as_json and any(problem.kind.endswith(("blob", "tree")) for problem in report.problems):
            click.echo(_next_step(repair))
        sys.exit(1)


def _next_step(is_repaired: bool) -> str:
    if is_repaired:
        return "What was damaged is removed; submit the folders that have it once more to make the old snapshots whole."
    return "'localexp fsck --repair' removes what is damaged, so that the next snapshot of the same content stores it."


def _plain(report: Report) -> dict[str, object]:
    problems = [
        {
            "kind": problem.kind,
            "name": problem.name,
            "detail": problem.detail,
            "places": [
                {"snapshot": place.snapshot, "path": place.path, "runs": place.runs} for place in problem.places
            ],
        }
        for problem in report.problems
    ]
    facts = {name: value for name, value in vars(report).items() if name != "unusable_trees"}
    return {"clean": not problems, **facts, "problems": problems}


def _line(problem: Problem) -> str:
    places = [_place(place) for place in problem.places[:_MOST_NAMED]]
    if len(problem.places) > _MOST_NAMED:
        places.append(f"and in {counted(len(problem.places) - _MOST_NAMED, 'more snapshot')}")
    if not places and problem.kind.endswith(("blob", "tree")):
        places = ["no snapshot needs it"]
    return table.one_line("; ".join([f"{problem.kind} {problem.name}: {problem.detail}", *places]))


def _place(place: Place) -> str:
    runs = f" of {named(place.runs, _MOST_NAMED)}" if place.runs else ""
    return f"{place.path or 'all'} in snapshot {place.snapshot}{runs}"


def _summary(report: Report) -> str:
    found = counted(len(report.problems), "problem") if report.problems else "nothing is wrong"
    text = (
        f"Checked {counted(report.snapshots, 'snapshot')}, {counted(report.trees, 'tree')} and "
        f"{counted(report.blobs, 'blob')} of {human(report.bytes)}: {found}."
    )
    if report.unreferenced:
        text += f" Blobs that no snapshot needs: {report.unreferenced}."
    if report.leftovers:
        text += f" Leftovers of interrupted writers: {report.leftovers}."
    return text
