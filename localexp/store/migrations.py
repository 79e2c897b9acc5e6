"""How a database of an earlier format becomes one of the present. Imported only when there is one: it takes a while."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from localexp.store import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_blobs = Migrations("localexp.blobs")


@_blobs()
def blobs_into_packs(db: Database) -> None:
    """Format 2: the bytes of blobs lie in packs; each that is there by now gets one of its own."""
    db.rename_table("blobs", "blobs_of_format_1")
    db.rename_table("trees", "trees_of_format_1")
    for statement in schema.BLOBS.split(";"):
        db.execute(statement)
    db.execute("INSERT INTO packs (key, stored_at, data) SELECT key, stored_at, data FROM blobs_of_format_1")
    db.execute("INSERT INTO blobs (name, pack, start) SELECT name, key, 0 FROM blobs_of_format_1")
    db.execute("INSERT INTO trees (name, stored_at, data) SELECT name, stored_at, data FROM trees_of_format_1")
    db["blobs_of_format_1"].drop()
    db["trees_of_format_1"].drop()


def migrate_blobs(connection: sqlite3.Connection) -> None:
    """Bring the database of blobs to the present format, within the transaction of the connection."""
    _blobs.apply(Database(connection, execute_plugins=False))
