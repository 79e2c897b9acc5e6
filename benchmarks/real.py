"""What is measured of snapshots and checkouts with generated trees, with the source of a large package."""

from __future__ import annotations

from benchmarks.checkouts import lease_row, restore_rows
from benchmarks.download import source_distribution
from benchmarks.environment import lasting_folder
from benchmarks.row import Row
from benchmarks.snapshots import again_rows, first_rows
from benchmarks.trees import copied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from benchmarks.settings import Benchmark, Settings

_PROJECT, _FILE = "django", "Django-5.2.tar.gz"


def real_tree(settings: Settings) -> list[Row]:
    """The directory that was named, else one that is downloaded, which a smoke test does not do."""
    if settings.real_tree is not None:
        return _rows(settings.real_tree, settings)
    if settings.is_quick:
        return [_without_figures("a smoke test downloads nothing; name a directory with --real-tree")]
    try:
        downloaded = source_distribution(_PROJECT, _FILE, lasting_folder())
    except (OSError, ValueError) as error:
        return [_without_figures(f"{_FILE} could not be downloaded: {error}; name a directory with --real-tree")]
    return _rows(downloaded, settings)


def _without_figures(why: str) -> Row:
    return Row("real tree", "snapshots and checkouts of a real tree", "git and cp -r", note=why)


def _rows(directory: str, settings: Settings) -> list[Row]:
    kind = copied(directory)
    rows = [row for benchmark in (first_rows, again_rows, restore_rows) for row in benchmark(kind, settings)]
    return [*rows, lease_row(kind, settings)]


BENCHMARKS: dict[str, Benchmark] = {"real-tree": real_tree}
