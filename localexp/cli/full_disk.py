"""Whoever waits for a run is told that it is the disk that has no room."""

from __future__ import annotations

import time

import click

from localexp.cli.table import one_line
from localexp.execution.patience import has_no_room

_SECONDS_FULL, _SECONDS_BETWEEN_LOOKS = 3.0, 0.5


class FullDiskNotice:
    """Says once, on standard error, that the disk on which the folder ``root`` lies has been full for some seconds.

    A supervisor says nothing meanwhile: it tries again and again to end its run.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._full_since: float | None = None
        self._next_look = 0.0
        self._is_said = False

    def look(self) -> None:
        """To be called now and then."""
        now = time.monotonic()
        if self._is_said or now < self._next_look:
            return
        self._next_look = now + _SECONDS_BETWEEN_LOOKS
        if not has_no_room(self._root):
            self._full_since = None
            return
        if self._full_since is None:
            self._full_since = now
        if now - self._full_since >= _SECONDS_FULL:
            self._is_said = True
            said = f"The disk of {self._root} is full: the run cannot end before there is room. Free some space."
            click.echo(one_line(said), err=True)
