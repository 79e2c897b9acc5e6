"""Connections to one SQLite file: opening, creating, transactions, and files that may only be read."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from contextlib import contextmanager

from localexp.errors import NewerStoreError, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUSY_SECONDS = 30.0
_RETRY_SECONDS = 0.001
# Written into the head of each file, where SQLite keeps a number for this: "lexp" in ASCII.
_OURS = 0x6C657870

# Connections that a fork brought into a child. SQLite forbids even closing them there, so they are kept for ever.
_inherited: list[sqlite3.Connection] = []


class Database:
    """One SQLite file, used by any number of threads, each with a connection of its own while it needs one."""

    def __init__(self, path: str, schema: str, version: int) -> None:
        self.path = path
        self.schema = schema
        self.version = version
        self.is_read_only = not (_may_write(os.path.dirname(path)) and _may_write(path))
        self._copy: _TemporaryCopy | None = None
        self._renew_pool()

    def close(self) -> None:
        """Close every idle connection; the next use opens a new one."""
        _close_all(self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries, each of which sees the newest committed state."""
        with self._connection() as connection:
            yield connection

    @contextmanager
    def writing(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction; ``durable`` has it on the disk when the block is left.

        :raises StoreError: the file may only be read.
        """
        if self.is_read_only:
            raise StoreError(f"{self.path} may only be read; copy the folder to where you may write")
        with self._connection() as connection, _transaction(connection, durable):
            yield connection

    @contextmanager
    def overlaying(self) -> Iterator[sqlite3.Connection]:
        """As ``writing``; if the file may only be read, the changes go to a copy that this object alone reads."""
        if self.is_read_only and self._copy is None:
            with self._connection() as connection:
                copy = _TemporaryCopy()
                connection.backup(copy.connection)
            self.close()
            self._copy = copy
        with self._connection() as connection, _transaction(connection, durable=False):
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._taken()
        pool = self._idle
        try:
            yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreError(self._explained(error)) from error
        finally:
            # After a fork inside the block the pool is the parent's, and this process has another.
            pool.append(connection)

    def _taken(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            _inherited.extend(self._idle)
            self._close.detach()
            self._renew_pool()
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _renew_pool(self) -> None:
        self._pid = os.getpid()
        self._idle: list[sqlite3.Connection] = []
        self._close = weakref.finalize(self, _close_all, self._idle)

    def _opened(self) -> sqlite3.Connection:
        if self._copy is not None:
            return _connect(self._copy.path)
        try:
            connection = self._opened_read_only() if self.is_read_only else _connect(self.path)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise StoreError(self._explained(error)) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version > self.version:
            raise NewerStoreError(
                f"{self.path} was written by a newer localexp (format {version}, this one reads up to "
                f"{self.version}); update with 'pip install --upgrade localexp'"
            )
        if version > 0 and _application(connection) != _OURS:
            raise sqlite3.DatabaseError("it is another program's")
        if self.is_read_only:
            return
        if version == 0:
            _create_tables(connection, self.schema, self.version)
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA foreign_keys = ON")

    def _opened_read_only(self) -> sqlite3.Connection:
        """In place if possible; a log of writes that nobody finished has to be replayed, so in a copy."""
        if not os.path.exists(self.path):
            raise StoreError(f"there is no {self.path}, and its folder may only be read")
        if not _has_bytes(self.path + "-wal"):
            return _connect(_address(self.path) + "?immutable=1")
        connection = _connect(_address(self.path) + "?mode=ro")
        try:
            _version(connection)
        except sqlite3.OperationalError:
            connection.close()
            self._copy = _TemporaryCopy(of=self.path)
            return _connect(self._copy.path)
        return connection

    def _explained(self, error: sqlite3.DatabaseError) -> str:
        if "locked" in str(error):
            return f"another process has kept {self.path} locked for {BUSY_SECONDS:.0f} s; try again when it has ended"
        if "full" in str(error):
            return f"cannot write {self.path}: the disk is full; free some space and try again"
        return (
            f"cannot use the database {self.path}: {error}; check that it is a file of localexp and may be read, "
            "or restore it from a backup"
        )


class _TemporaryCopy:
    """A private copy of a database, removed with the object or the process that made it."""

    def __init__(self, of: str | None = None) -> None:
        import shutil
        import tempfile

        self._folder = tempfile.TemporaryDirectory(prefix="localexp-", ignore_cleanup_errors=True)
        self.path = os.path.join(self._folder.name, "copy.db")
        if of is not None:
            shutil.copyfile(of, self.path)
            shutil.copyfile(of + "-wal", self.path + "-wal")
        self.connection = _connect(self.path)
        self._close = weakref.finalize(self, self.connection.close)


def _may_write(path: str) -> bool:
    return os.access(path, os.W_OK) or not os.path.lexists(path)


def _has_bytes(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def _address(path: str) -> str:
    from urllib.parse import quote

    return "file:" + quote(path.replace(os.sep, "/"))


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(
        path,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        uri=path.startswith("file:"),
    )


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _application(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


@contextmanager
def _transaction(connection: sqlite3.Connection, durable: bool) -> Iterator[None]:
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    _begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite ends a transaction by itself on some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: sqlite3.Connection) -> None:
    """Wait for the lock by asking often: SQLite's own waits grow to 100 ms, and whoever locks often starves them."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _retry(lambda: connection.execute("BEGIN IMMEDIATE"))
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def _retry(action: Callable[[], object]) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _create_tables(connection: sqlite3.Connection, schema: str, version: int) -> None:
    """Make the tables of a new file, unless another process has just done so."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if _version(connection) == 0:
            _refuse_foreign(connection)
            for statement in schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_OURS}")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("it is another program's")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Asked for at each opening, for a process may have died between making the tables and this."""
    # SQLite does not wait here by itself, whatever the timeout.
    _retry(lambda: connection.execute("PRAGMA journal_mode = WAL"))
