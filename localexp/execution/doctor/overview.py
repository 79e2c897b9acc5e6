"""What a workspace is, and what takes how much room in it."""

from __future__ import annotations

import os
import platform
import re
import shutil

from localexp import __version__
from localexp.execution.doctor.place import file_system
from localexp.store import schema, soundness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import Layout


class Overview:
    """Versions, and bytes by part; ``old_formats`` are copies that were made before the format was changed."""

    def __init__(self, layout: Layout) -> None:
        self.path = layout.root
        self.versions: dict[str, str] = {
            "localexp": __version__,
            "format": str(schema.VERSION),
            "python": platform.python_version(),
            "sqlite": soundness.SQLITE_VERSION,
        }
        self.file_system = file_system(layout.root)
        self.free = shutil.disk_usage(layout.root).free
        self.old_formats = _old_formats(layout)
        self.bytes = {
            "record": _bytes_of_database(layout.database),
            "small files": _bytes_of_database(layout.blob_database),
            "large files": _bytes_below(layout.objects),
            "runs": _bytes_below(layout.all_runs),
            "checkouts": _bytes_below(layout.checkouts),
            "environments": _bytes_below(layout.environments),
            "cache": _bytes_of_database(layout.cache_database),
            "old formats": sum(map(_size, self.old_formats)),
        }


def _old_formats(layout: Layout) -> list[str]:
    names = sorted(os.listdir(layout.root))
    return [os.path.join(layout.root, name) for name in names if re.search(r"\.db\.format-\d+$", name)]


def _bytes_of_database(path: str) -> int:
    return sum(_size(path + ending) for ending in ("", "-wal"))


def _bytes_below(folder: str) -> int:
    return sum(_size(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names)


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        # It is not there, or has gone since it was listed.
        return 0
