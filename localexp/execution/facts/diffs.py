"""A diff by git, file by file."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# No line within a file's part begins like that: each has a sign, or is one of few others, in front.
_BEGINNING = re.compile(rb"^(?=diff --git )", re.MULTILINE)
_HEADER = re.compile(rb'diff --git (?:"a/((?:[^"\\]|\\.)*)" .*|(a/.*))')


def without(diff: bytes, is_left_out: Callable[[bytes], bool]) -> bytes:
    """The parts of those files whose paths, as the diff has them, are not left out."""
    parts = _BEGINNING.split(diff)
    return b"".join(part for part in parts if (path := _path(part)) is None or not is_left_out(path))


def _path(part: bytes) -> bytes | None:
    """The path that a part is of; None of what stands in front of the first."""
    header = _HEADER.match(part)
    if header is None:
        return None
    quoted, both = header.groups()
    if quoted is not None:
        return bytes(quoted.decode("unicode_escape"), "latin-1")
    # Twice the same, as nothing is taken for renamed: a/path b/path.
    return bytes(both[2 : len(both) // 2])
