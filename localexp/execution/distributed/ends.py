"""Which rank has ended how, on its way from whoever saw it to the others and to the supervisor: a file of lines."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp.store.layout import RunLayout

SCRIPT = "the script"


class End:
    """The end of a rank: a negative code is a signal; ``was_told`` says that it had been asked to end."""

    def __init__(self, rank: int, code: int, was_told: bool) -> None:
        self.rank = rank
        self.code = code
        self.was_told = was_told

    @property
    def is_failure(self) -> bool:
        return self.code != 0 and not self.was_told


def first_failure(ends: list[End]) -> End | None:
    return next((end for end in ends if end.is_failure), None)


def is_kept(layout: RunLayout, end: End) -> bool:
    """Add an end to the file; False if that cannot be done."""
    try:
        descriptor = os.open(layout.rank_ends, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        # The disk is full, or the folder gone: the run ends all the same, without the name of the rank.
        return False
    line = b"%d %d %d\n" % (end.rank, end.code, end.was_told)
    try:
        return os.write(descriptor, line) == len(line)
    except OSError:
        # As above.
        return False
    finally:
        os.close(descriptor)


def kept(layout: RunLayout) -> list[End]:
    """The ends in the file, in their order."""
    try:
        with open(layout.rank_ends, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [End(int(rank), int(code), told == b"1") for rank, code, told in map(bytes.split, lines)]


def teller(layout: RunLayout) -> tuple[str, str]:
    """The log that tells why a script has ended, and of whom it is, for messages; the file is then removed."""
    failure = first_failure(kept(layout))
    try:
        os.unlink(layout.rank_ends)
    except FileNotFoundError:
        # It was no distributed script.
        pass
    return (layout.log, SCRIPT) if failure is None else (layout.rank_log(failure.rank), f"rank {failure.rank}")
