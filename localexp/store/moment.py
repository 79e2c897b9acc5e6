"""Reads of one moment, without what importing ``sqlite3`` costs: not everybody who names a blob has a database."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@contextmanager
def at_one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Have all that is read in the block be of one state of the file, whoever writes to it meanwhile."""
    is_outermost = not connection.in_transaction
    if is_outermost:
        connection.execute("BEGIN")
    try:
        yield
    finally:
        if is_outermost and connection.in_transaction:
            connection.execute("COMMIT")
