"""Measure two things in turns, so that whatever else the machine does meanwhile meets both."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


def in_turns(ours: Callable[[], T], floor: Callable[[], T], count: int) -> tuple[list[T], list[T]]:
    """``count`` measurements of each after one of each that is thrown away; who comes first alternates."""
    ours()
    floor()
    of_ours: list[T] = []
    of_floor: list[T] = []
    for turn in range(count):
        print(".", end="", file=sys.stderr, flush=True)
        if turn % 2:
            of_floor.append(floor())
            of_ours.append(ours())
        else:
            of_ours.append(ours())
            of_floor.append(floor())
    return of_ours, of_floor
