"""New databases of stores that are not to last: the bytes of an empty one, which is made once a process."""

from __future__ import annotations

import os

from localexp.store.connections import connect, create_tables, use_write_ahead_log

_made: dict[str, bytes] = {}


def place(path: str, schema: str, version: int) -> None:
    """Have an empty database stand at a path, and never part of one, unless something stands there already.

    Where a file system has no links nothing stands there afterwards; nor does it beside the log of one that was deleted
    while it was in use, which SQLite would take for that of the new one, and which it drops where it makes a file.
    """
    if os.path.exists(f"{path}-wal"):
        return
    aside = f"{path}.{os.urandom(4).hex()}.new"
    try:
        _write(aside, schema, version)
        os.link(aside, path)
    except (OSError, NotImplementedError):
        # Something stands there, or who opens the database makes the tables there, or says why that cannot be done.
        return
    finally:
        if os.path.lexists(aside):
            os.unlink(aside)


def _write(path: str, schema: str, version: int) -> None:
    if schema in _made:
        with open(path, "xb") as file:
            file.write(_made[schema])
        return
    connection = connect(path)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        create_tables(connection, schema, version)
        use_write_ahead_log(connection)
    finally:
        connection.close()
    with open(path, "rb") as file:
        _made[schema] = file.read()
