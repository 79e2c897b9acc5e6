"""Files in the folders of runs that nobody will ever take: what was to start a script, and halves of uploads."""

from __future__ import annotations

import os

from localexp.execution.remains import halves_of_uploads
from localexp.store import runs
from localexp.store.layout import RunLayout, folder_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store

    Place = tuple[str, str]


def clear(store: Store, dry_run: bool) -> tuple[int, int]:
    """Remove them from the folders of runs that have ended, or are not in the record: how many, and their bytes.

    Of a run that is not in the record nothing else is touched: its artifacts may be all that is left of it.
    """
    # Before the record is read: a folder may come just before its run.
    there = places(store)
    with store.main.reading() as db:
        rows = runs.places_after(db, 0)
    known = {(folder_name(name), folder_name(run)): has_ended for _, name, run, has_ended in rows}
    sizes, unknown = [], []
    for place in there:
        if place not in known:
            unknown.append(place)
        elif known[place]:
            sizes += _cleared(store, place, dry_run)
    if unknown and not dry_run:
        with store.main.writing() as db:
            # Whoever makes a folder before its run holds this lock until the run is there.
            new = {(folder_name(name), folder_name(run)) for _, name, run, _ in runs.places_after(db, _last(rows))}
            for place in unknown:
                sizes += _cleared(store, place, dry_run) if place not in new else []
    else:
        sizes += [size for place in unknown for size in _cleared(store, place, dry_run)]
    return len(sizes), sum(sizes)


def _last(rows: list[tuple[int, str, str, bool]]) -> int:
    return rows[-1][0] if rows else 0


def places(store: Store) -> list[Place]:
    """The names of the folders of runs, each behind that of the folder that it is in."""
    root = store.layout.all_runs
    return [
        (experiment, run)
        for experiment in sorted(_folders(root))
        for run in sorted(_folders(os.path.join(root, experiment)))
    ]


def _folders(path: str) -> Iterator[str]:
    if os.path.isdir(path):
        yield from (entry.name for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))


def _cleared(store: Store, place: Place, dry_run: bool) -> list[int]:
    layout = RunLayout(os.path.join(store.layout.all_runs, *place))
    sizes = []
    for path in [layout.handover, *halves_of_uploads(layout)]:
        try:
            size = os.lstat(path).st_size
            if not dry_run:
                os.unlink(path)
        except FileNotFoundError:
            continue
        sizes.append(size)
    return sizes
