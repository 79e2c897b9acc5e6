"""Queries about as many rows as somebody has keys of, where a statement takes only so many."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import Any

_KEYS_A_STATEMENT = 500


def rows_of_many(db: sqlite3.Connection, select: str, keys: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that has ``{}`` where the keys belong."""
    for start in range(0, len(keys), _KEYS_A_STATEMENT):
        stretch = keys[start : start + _KEYS_A_STATEMENT]
        yield from db.execute(select.format(", ".join("?" * len(stretch))), stretch)
