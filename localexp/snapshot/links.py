"""Where links lead."""

from __future__ import annotations

import os


def target_from_checkout(path: bytes, target: bytes, source: bytes) -> tuple[bytes, bool]:
    """Where a link of a snapshot is to lead from a checkout, and whether that is out of the tree.

    :param path: that of the link, relative to the tree.
    :param source: the directory of which the snapshot was taken.
    """
    folder = os.path.dirname(path)
    if not os.path.isabs(target) and not _leads_up(os.path.normpath(os.path.join(folder, target))):
        return target, False
    lands = os.path.normpath(os.path.join(source, folder, target))
    for root in (source, os.path.realpath(source)):
        inside = os.path.relpath(lands, root)
        if not _leads_up(inside):
            return os.path.relpath(inside, folder or b"."), False
    return lands, True


def _leads_up(path: bytes) -> bool:
    return path.split(os.sep.encode())[0] == os.pardir.encode()
