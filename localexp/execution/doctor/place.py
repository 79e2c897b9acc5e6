"""Is the disk, its file system and what may be done there good for a workspace?"""

from __future__ import annotations

import os
import re
import shutil

from localexp.execution.doctor.finding import Finding
from localexp.snapshot.sizes import human

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.store import Store

_LITTLE_SPACE = 2**30
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|afs|9p|ceph|lustre|beegfs|gpfs|glusterfs|fuse\.(sshfs|glusterfs|ceph|s3fs)\w*"
)
_MOUNTS = "/proc/mounts"


def findings(store: Store) -> Iterator[Finding]:
    root = store.layout.root
    yield from space_findings(root, shutil.disk_usage(root).free)
    yield from file_system_findings(root, file_system(root))
    yield from _of_permissions(store)


def space_findings(root: str, free: int) -> Iterator[Finding]:
    if free < _LITTLE_SPACE:
        message = f"the disk of {root} has only {human(free)} free"
        yield Finding("little-space", root, message, "free some: 'localexp gc' removes what no run needs")


def file_system(path: str) -> str | None:
    """The kind of file system on which a path lies, where the system tells."""
    if not os.path.exists(_MOUNTS):
        return None
    with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
        return file_system_in(file.read(), os.path.realpath(path))


def file_system_in(mounts: str, path: str) -> str | None:
    """The same by a text as ``/proc/mounts`` has: the longest place that the path is in counts, the last of those."""
    found, longest = None, -1
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), place)
        if os.path.join(path, "").startswith(os.path.join(place, "")) and len(place) >= longest:
            found, longest = kind, len(place)
    return found


def file_system_findings(root: str, kind: str | None) -> Iterator[Finding]:
    if kind is not None and _NETWORK.fullmatch(kind):
        message = f"{root} lies on a network file system ({kind}), on which SQLite may lose what it writes"
        yield Finding(
            "network", root, message, "have one machine alone use it at a time, or move it to a disk of this machine"
        )


def _of_permissions(store: Store) -> Iterator[Finding]:
    layout = store.layout
    paths = [layout.database, layout.blob_database, layout.cache_database]
    paths += [layout.root, layout.objects, layout.all_runs, layout.checkouts]
    refused = [path for path in paths if os.path.exists(path) and not os.access(path, os.W_OK)]
    if refused:
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        message = f"{refused[0]}{more} may only be read by you: runs can be looked at, and none can be started"
        yield Finding("read-only", refused[0], message, "give yourself the right to write, or copy the workspace")
