"""Queries about as many rows as somebody has keys of, where a statement takes only so many."""

from __future__ import annotations

from itertools import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import Any

_KEYS_A_STATEMENT = 500


def rows_of_many(
    db: sqlite3.Connection, select: str, keys: Sequence[int], bound: Sequence[object] = ()
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that has ``{}`` where the keys belong, and what else is bound behind them."""
    stretches = (keys[start : start + _KEYS_A_STATEMENT] for start in range(0, len(keys), _KEYS_A_STATEMENT))
    return chain.from_iterable(
        db.execute(select.format(", ".join("?" * len(stretch))), [*stretch, *bound]) for stretch in stretches
    )
