"""Connections to one SQLite file: opening, creating, transactions, and files that may only be read."""

from __future__ import annotations

import os
import sqlite3
import sys
import weakref
from contextlib import contextmanager

from localexp.errors import DamagedStoreError, FullDiskError, NewerStoreError, ReplacedStoreError, StoreError
from localexp.store import connections, forks, templates
from localexp.store.connections import (
    OURS,
    ClosesItself,
    application_of,
    back_up,
    close_all,
    connect,
    create_tables,
    give_pages_back,
    retry,
    transaction,
    use_write_ahead_log,
    version_of,
)
from localexp.store.readonly import TemporaryCopy, address, has_bytes, is_on_read_only_media, may_write, stamp_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localexp.store.readonly import Stamp

_EMPTYING_MILLISECONDS = 500

# What a fork has brought into a child with its use unfinished.
_inherited: list[object] = []


class Database:
    """One SQLite file, used by any number of threads, each with a connection of its own while it needs one.

    What is committed lies in a log of its own, which whoever makes it longer than ``checkpoint_pages`` moves over.
    ``migration`` is the function of ``migrations`` that brings a file of an earlier version to this one. A file that
    ``may_be_deleted`` while it is in use is made anew; any other then is an error. Of one that ``is_ephemeral`` nothing
    is ever waited for to be on the disk.
    """

    def __init__(
        self,
        path: str,
        schema: str,
        version: int,
        checkpoint_pages: int = 1000,
        migration: str | None = None,
        may_be_deleted: bool = False,
        is_ephemeral: bool = False,
    ) -> None:
        self.path = path
        self.migration = migration
        self.schema = schema
        self.version = version
        self.checkpoint_pages = checkpoint_pages
        self.may_be_deleted = may_be_deleted
        self.is_ephemeral = is_ephemeral
        self.is_read_only = not (may_write(os.path.dirname(path)) and may_write(path))
        self._copy: TemporaryCopy | None = None
        self._stamp: Stamp | None = None
        self._file: tuple[int, int] | None = None
        self._renew_pool()
        forks.register(self)

    def close(self) -> None:
        """Close every idle connection; the next use opens a new one."""
        close_all(self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries, each of which sees the newest committed state."""
        with self._connection() as connection:
            yield connection

    def unwritable(self) -> sqlite3.Connection:
        """A new connection, for the caller alone, through which nothing can be written."""
        # Whatever has to be done before the file can be read, and a copy if it takes one, is there now.
        with self._connection():
            if self._copy is not None:
                connection = connect(self._copy.path, ClosesItself)
            elif self.is_read_only:
                connection = self._opened_read_only(ClosesItself)
            else:
                connection = connect(address(self.path) + "?mode=ro", ClosesItself)
            connection.execute("PRAGMA query_only = ON")
        return connection

    @contextmanager
    def writing(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction; ``durable`` has it on the disk when the block is left.

        :raises StoreError: the file may only be read.
        """
        if self.is_read_only:
            raise StoreError(f"{self.path} may only be read; copy the folder to where you may write")
        with self._connection() as connection, transaction(connection, self._synchronous(durable)):
            yield connection

    def _synchronous(self, durable: bool) -> str:
        return "OFF" if self.is_ephemeral else "FULL" if durable else "NORMAL"

    def tidy(self) -> None:
        """Move what lies in the log over, as far as nobody is in the way, so that no writer has to do it.

        Nothing is done where this process has not used the file.
        """
        if self._idle:
            with self._connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def shrink(self) -> None:
        """Give back to the system what the file has no use for any more, a little at a time.

        So nobody waits long, and the log needs little room where the disk has no more. It is emptied too, unless
        somebody is in the way.
        """
        before = sys.maxsize
        while before:
            with self._connection() as connection:
                free = connection.execute("PRAGMA freelist_count").fetchone()[0]
                # Nothing comes of it in a file that was made without the possibility.
                before = free if free < before else 0
                give_pages_back(connection)
            self.tidy()
        with self._connection() as connection:
            connection.execute(f"PRAGMA busy_timeout = {_EMPTYING_MILLISECONDS}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute(f"PRAGMA busy_timeout = {connections.BUSY_SECONDS * 1000:.0f}")

    @contextmanager
    def overlaying(self) -> Iterator[sqlite3.Connection]:
        """As ``writing``; if the file may only be read, the changes go to a copy that this object alone reads.

        When the file changes, the copy is made anew, without them.
        """
        if self.is_read_only:
            with self._connection() as connection:
                if self._copy is None:
                    self._copy = TemporaryCopy()
                    self._copy.fill_from(connection)
                    self.close()
        with self._connection() as connection, transaction(connection, self._synchronous(durable=False)):
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        self._check_place()
        self._drop_what_is_outdated()
        forks.begin_use()
        pool, connection, copy = self._idle, None, None
        try:
            connection = _popped(pool) or self._opened()
            copy = self._copy
            yield connection
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise self._explained(error) from error
        finally:
            if connection is not None:
                self._give_back(connection, pool, copy)
            forks.end_use()

    def _give_back(
        self, connection: sqlite3.Connection, pool: list[sqlite3.Connection], copy: TemporaryCopy | None
    ) -> None:
        if pool is not self._idle:
            # In a child that was forked while this was in use: not even closing it is allowed there.
            _inherited.append(connection)
        elif copy is self._copy:
            pool.append(connection)
        else:
            connection.close()

    def leave_to_parent(self) -> None:
        """In a forked child: use nothing of what the parent had."""
        self._renew_pool()
        if self._copy is not None:
            _inherited.append(self._copy)
            self._copy, self._stamp = None, None

    def _check_place(self) -> None:
        """An idle connection would go on to write into a file that has been deleted, and nobody would see it.

        A copy that is only read may well be replaced by a newer one.
        """
        if self._file is None or self._file == _file_at(self.path):
            return
        if not (self.may_be_deleted or self.is_read_only):
            raise ReplacedStoreError(
                f"{self.path} is gone, or another file has taken its place: the workspace was moved or deleted while "
                "this process used it; open it where it is now"
            )
        self.close()
        self._file, self._stamp = None, None

    def _drop_what_is_outdated(self) -> None:
        if self.is_read_only and self._stamp != (stamp := stamp_of(self.path)):
            self.close()
            self._copy, self._stamp = None, stamp

    def _renew_pool(self) -> None:
        self._idle: list[sqlite3.Connection] = []
        self._close = weakref.finalize(self, close_all, self._idle)

    def _opened(self) -> sqlite3.Connection:
        if self._copy is not None:
            return connect(self._copy.path)
        try:
            if self.is_ephemeral and not (self.is_read_only or os.path.exists(self.path)):
                templates.place(self.path, self.schema, self.version)
            connection = self._opened_read_only() if self.is_read_only else connect(self.path)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise self._explained(error) from error
        if self._file is None:
            self._file = _file_at(self.path)
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = version_of(connection)
        if version > self.version:
            raise NewerStoreError(
                f"{self.path} was written by a newer localexp (format {version}, this one reads up to "
                f"{self.version}); update with 'pip install --upgrade localexp'"
            )
        if version > 0 and application_of(connection) != OURS:
            raise sqlite3.DatabaseError("it is another program's")
        if 0 < version < self.version:
            self._migrate(connection, version)
        if self.is_read_only:
            return
        if self.is_ephemeral:
            # Moving the log over is no transaction.
            connection.execute("PRAGMA synchronous = OFF")
        if version == 0:
            create_tables(connection, self.schema, self.version)
        use_write_ahead_log(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        # Some builds write zeros over all that is deleted, which takes as much room in the log as that had.
        connection.execute("PRAGMA secure_delete = FAST")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self.checkpoint_pages}")

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        """Bring an earlier version to this one, unless another process has just done so; a backup stays beside it."""
        from localexp.store import migrations

        if self.is_read_only:
            raise StoreError(
                f"{self.path} was written by an earlier localexp (format {version}) and may only be read; open it once "
                "where it may be written"
            )
        assert self.migration is not None
        # Without it nobody could read the file for the backup while it is locked.
        use_write_ahead_log(connection)
        connection.execute("PRAGMA foreign_keys = OFF")
        retry(lambda: connection.execute("BEGIN EXCLUSIVE"))
        try:
            if version_of(connection) == version:
                back_up(self.path, f"{self.path}.format-{version}")
                getattr(migrations, self.migration)(connection, version)
                connection.execute(f"PRAGMA user_version = {self.version}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _opened_read_only(self, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
        """In place if possible; a log of writes that nobody finished has to be replayed, so in a copy."""
        if not os.path.exists(self.path):
            raise StoreError(f"there is no {self.path}, and its folder may only be read")
        if is_on_read_only_media(self.path) and not has_bytes(self.path + "-wal"):
            return connect(address(self.path) + "?immutable=1", kind)
        connection = connect(address(self.path) + "?mode=ro", kind)
        try:
            version_of(connection)
        except sqlite3.OperationalError:
            # SQLite would have to make files beside it.
            connection.close()
            self._copy = TemporaryCopy()
            self._copy.fill_from_files(self.path)
            return connect(self._copy.path, kind)
        return connection

    def _explained(self, error: sqlite3.DatabaseError) -> StoreError:
        if "locked" in str(error):
            return StoreError(
                f"another process has kept {self.path} locked for {connections.BUSY_SECONDS:.0f} s; "
                "try again when it has ended"
            )
        if "full" in str(error):
            return FullDiskError(f"cannot write {self.path}: the disk is full; free some space and try again")
        if "disk I/O" in str(error):
            return FullDiskError(
                f"cannot use {self.path}: the system reports an error of its disk, as it does of one that is full; "
                "free some space and try again"
            )
        # SQLite has no class of its own for this: all others are subclasses.
        kind = DamagedStoreError if type(error) is sqlite3.DatabaseError else StoreError
        return kind(
            f"cannot use the database {self.path}: {error}; check that it is a file of localexp and may be read, "
            "or restore it from a backup"
        )


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _popped(idle: list[sqlite3.Connection]) -> sqlite3.Connection | None:
    try:
        return idle.pop()
    except IndexError:
        return None
