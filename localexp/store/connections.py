"""One connection to an SQLite file: how it is made, its transactions, and what is asked of the file through it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUSY_SECONDS = 30.0
# Written into the head of each file, where SQLite keeps a number for this: "lexp" in ASCII.
OURS = 0x6C657870
_RETRY_SECONDS = 0.001
_PAGES_A_STEP = 500


class ClosesItself(sqlite3.Connection):
    """A connection that is closed when neither it nor a cursor of it is needed any more."""

    def __del__(self) -> None:
        self.close()


def connect(path: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=kind,
        uri=path.startswith("file:"),
    )


def close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def application_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection, synchronous: str) -> Iterator[None]:
    """One write transaction; FULL has it on the disk when the block is left, NORMAL later, OFF whenever it may be."""
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite ends a transaction by itself on some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def give_pages_back(connection: sqlite3.Connection) -> None:
    """Make the file smaller by some pages that are not in use, in a transaction of its own."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        # As a query it frees a single page: from 3.11 on Python takes the first step alone of what has no columns.
        retry(lambda: connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_A_STEP})"))
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def begin(connection: sqlite3.Connection) -> None:
    """Wait for the lock by asking often: SQLite's own waits grow to 100 ms, and whoever locks often starves them."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        retry(lambda: connection.execute("BEGIN IMMEDIATE"))
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def retry(action: Callable[[], object]) -> None:
    """Do what SQLite refuses as long as another process is in the way."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def back_up(path: str, target: str) -> None:
    """Copy a file that may be in use; the copy is there when it is whole."""
    aside = f"{target}.{os.getpid()}"
    source, copy = connect(path), connect(aside)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    os.replace(aside, target)


def create_tables(connection: sqlite3.Connection, schema: str, version: int) -> None:
    """Make the tables of a new file, unless another process has just done so."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if version_of(connection) == 0:
            _refuse_foreign(connection)
            for statement in schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {OURS}")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("it is another program's")


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Asked for at each opening, for a process may have died between making the tables and this."""
    # SQLite does not wait here by itself, whatever the timeout.
    retry(lambda: connection.execute("PRAGMA journal_mode = WAL"))
