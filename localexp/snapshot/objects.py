"""Large blobs: each is a file of its own."""

from __future__ import annotations

import os
import re

from localexp.snapshot.tree import blob_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.layout import Layout

_FOLDER, _FILE = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{46}")


class Large:
    """A large blob: its name, and the path of its file."""

    def __init__(self, name: bytes, path: str) -> None:
        self.name = name
        self.path = path

    @property
    def size(self) -> int:
        return blob_size(self.name)

    def is_older(self, time: int) -> bool:
        """Whether it was stored before a time, in microseconds; False if it is gone."""
        try:
            return os.stat(self.path).st_mtime_ns // 1000 < time
        except FileNotFoundError:
            return False


def large_ones(layout: Layout) -> Iterator[Large]:
    """All that are stored; files that are none of localexp's are left out."""
    if not os.path.isdir(layout.objects):
        return
    for folder in os.listdir(layout.objects):
        path = os.path.join(layout.objects, folder)
        if _FOLDER.fullmatch(folder) and os.path.isdir(path):
            with os.scandir(path) as files:
                for file in files:
                    if _FILE.fullmatch(file.name) and file.is_file(follow_symlinks=False):
                        yield Large(bytes.fromhex(folder + file.name), file.path)
