"""The patch between two snapshots."""

from __future__ import annotations

import sys

import click

from localexp.cli import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.snapshot.diff import SnapshotDiff

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def show_names(found: SnapshotDiff) -> None:
    """Print what happened to which path: a letter, a tab, and the path or paths."""
    for letter, paths in _named_changes(found):
        click.echo("\t".join([letter, *map(table.cell_text, paths)]))


def show_patch(found: SnapshotDiff) -> None:
    """Print a patch: for a terminal in colours and harmless, for everything else byte for byte."""
    if sys.stdout.isatty():
        is_in_hunk = False
        for line in _lines(found):
            is_in_hunk = line.startswith("@@") or (is_in_hunk and not line.startswith("diff "))
            click.echo(_coloured(line, is_in_hunk))
        return
    for text in found.lines():
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))


def _lines(found: SnapshotDiff) -> Iterator[str]:
    for text in found.lines():
        # What is no UTF-8 is spelt out byte by byte.
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        yield from readable.removesuffix("\n").split("\n")


def _coloured(line: str, is_in_hunk: bool) -> str:
    safe = "\t".join(map(table.cell_text, line.split("\t")))
    # In a hunk that is a line that went or came, as a comment of SQL.
    if line.startswith(("--- ", "+++ ", "diff ")) and not is_in_hunk:
        return table.styled(safe, bold=True)
    colour = _COLOURS.get(line[:1])
    return table.styled(safe, fg=colour) if colour else safe


def _named_changes(found: SnapshotDiff) -> list[tuple[str, tuple[str, ...]]]:
    changes: list[tuple[str, tuple[str, ...]]] = [("R", pair) for pair in found.renamed]
    for letter, paths in (("A", found.added), ("D", found.removed), ("M", found.changed)):
        changes += [(letter, (path,)) for path in paths]
    return sorted(changes, key=lambda change: change[1][-1])
