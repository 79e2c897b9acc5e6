"""Cut two long texts where they are the same, for the work of comparing grows with the product of their lengths."""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # Where it starts and ends in the old text, and where in the new.
    Part = tuple[int, int, int, int]

# Fewer lines may be the same by chance, and cutting there gains little.
_SHORTEST_RUN = 16


def parts(old: list[str], new: list[str], context: int) -> Iterator[Part]:
    """The parts that may differ, in order; each begins and ends with ``context`` lines that do not, if it can."""
    old_at, new_at = 0, 0
    for old_start, new_start, length in _runs(_landmarks(old, new), max(_SHORTEST_RUN, 2 * context + 1)):
        yield old_at, old_start + context, new_at, new_start + context
        old_at, new_at = old_start + length - context, new_start + length - context
    yield old_at, len(old), new_at, len(new)


def _runs(places: list[tuple[int, int]], shortest: int) -> Iterator[tuple[int, int, int]]:
    """(place in old, place in new, length) of places that follow each other in both."""
    begin = 0
    for end in range(1, len(places) + 1):
        old, new = places[end - 1]
        if end == len(places) or places[end] != (old + 1, new + 1):
            if end - begin >= shortest:
                yield *places[begin], end - begin
            begin = end


def _landmarks(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Places of lines that stand once in both, as many of them as come in the same order."""
    in_old, in_new = _only_once(old), _only_once(new)
    places = [(place, in_new[line]) for line, place in in_old.items() if line in in_new]
    # The longest increasing subsequence: the least end of one of each length, and what came before each place.
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for index, (_, place) in enumerate(places):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else None)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [index]
    found: list[tuple[int, int]] = []
    at = last[-1] if last else None
    while at is not None:
        found.append(places[at])
        at = before[at]
    return found[::-1]


def _only_once(lines: list[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    often: set[str] = set()
    for place, line in enumerate(lines):
        if line in places:
            often.add(line)
        else:
            places[line] = place
    return {line: place for line, place in places.items() if line not in often}
