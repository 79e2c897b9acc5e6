"""What a user should know of a snapshot that is nevertheless taken: likely secrets, and names that not all can hold."""

from __future__ import annotations

import os
import re

from localexp.snapshot import ignore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from localexp.snapshot.listing import Listing
    from localexp.snapshot.scan import Directory, Scan

_NAMED = 3

# Over the names of a directory with NUL between them, so that one search answers for all.
_SECRET = re.compile(
    rb"(?:^|\0)(?:\.env(?:\.(?!example|sample|template|dist)[^\0]*)?|id_(?:rsa|dsa|ecdsa|ed25519)[^\0.]*"
    rb"|credentials[^\0]*|[^\0]*\.(?:pem|p12|pfx|key)|\.netrc|\.pypirc)(?=\0|$)",
    re.IGNORECASE,
)
_ODD = re.compile(
    rb'[\x01-\x1f<>:"\\|?*]|[. ](?:\0|$)|(?:^|\0)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^\0]*)?(?=\0|$)',
    re.IGNORECASE,
)


def are_due(listing: Listing) -> bool:
    """Whether any file or link of a directory is worth a note."""
    return any(_SECRET.search(names) or _ODD.search(names) for names in (listing.names, _joined(listing.links)))


class Note:
    """A sentence for the record of a run; ``is_warning`` if it is also to be said at once."""

    __slots__ = ("is_warning", "text")

    def __init__(self, text: str, is_warning: bool) -> None:
        self.text = text
        self.is_warning = is_warning


def notes(scan: Scan) -> list[Note]:
    """What is to be said, one note a kind."""
    secrets, odd = list[bytes](), list[bytes]()
    for directory in scan.directories:
        listing = directory.listing
        if directory.has_notes:
            secrets += _found(_SECRET, directory, listing.names)
            odd += _found(_ODD, directory, listing.names) + _found(_ODD, directory, _joined(listing.links))
        odd += _found(_ODD, directory, _joined(listing.directories))
    return [
        note
        for note in (
            _of_special(scan.special),
            _of_secrets(secrets, ignore.file_for_a_line(scan.source, scan.has_rules)),
            _of_odd(odd),
        )
        if note
    ]


def _joined(names: Iterable[bytes]) -> bytes:
    return b"\0".join(names)


def _found(what: re.Pattern[bytes], directory: Directory, names: bytes) -> list[bytes]:
    if not what.search(names):
        return []
    return [directory.path_of(name) for name in names.split(b"\0") if what.search(name)]


def _of_special(paths: list[bytes]) -> Note | None:
    if not paths:
        return None
    return Note(f"left out of the snapshot, as neither file, link nor folder: {_some(paths)}", is_warning=True)


def _of_secrets(paths: list[bytes], rule_file: str) -> Note | None:
    if not paths:
        return None
    lines = ", ".join(f"'{ignore.line_for(path, is_directory=False)}'" for path in sorted(paths)[:_NAMED])
    return Note(
        f"the snapshot holds what may be a secret: {_some(paths)}; to keep it out write into {rule_file}: {lines}",
        is_warning=True,
    )


def _of_odd(paths: list[bytes]) -> Note | None:
    if not paths:
        return None
    return Note(f"the snapshot holds names that Windows cannot hold: {_some(paths)}", is_warning=False)


def _some(paths: list[bytes]) -> str:
    named = ", ".join(repr(os.fsdecode(path))[1:-1] for path in sorted(paths)[:_NAMED])
    return named + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")
