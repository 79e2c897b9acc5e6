"""Small file contents and trees. A name is 16 bytes of hash, and for a blob its length as 8 bytes behind it.

Blobs lie one behind the other in packs: a row of its own for each would leave a fifth of the file empty.
"""

from __future__ import annotations

from localexp.store.moment import at_one_moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from typing import Any

NAME_BYTES = 24
_NAMES_A_QUERY = 500
PACK_BYTES = 256 * 1024


def add(db: sqlite3.Connection, contents: Mapping[bytes, bytes], time: int) -> set[bytes]:
    """Add data by name where it is not there yet, and return the names that were not."""
    new = contents.keys() - known(db, contents)
    pack: list[bytes] = []
    size = 0
    for name in contents:
        if name in new:
            pack.append(name)
            size += len(contents[name])
        if size >= PACK_BYTES:
            _add_pack(db, pack, contents, time)
            pack, size = [], 0
    if pack:
        _add_pack(db, pack, contents, time)
    return new


def _add_pack(db: sqlite3.Connection, names: list[bytes], contents: Mapping[bytes, bytes], time: int) -> None:
    data = b"".join([contents[name] for name in names])
    key = db.execute("INSERT INTO packs (stored_at, data) VALUES (?, ?)", (time, data)).lastrowid
    rows, start = [], 0
    for name in names:
        rows.append((name, key, start))
        start += len(contents[name])
    db.executemany("INSERT INTO blobs (name, pack, start) VALUES (?, ?, ?)", rows)


def add_trees(db: sqlite3.Connection, trees: Iterable[tuple[bytes, bytes]], time: int) -> None:
    db.executemany(f"INSERT INTO trees (name, stored_at, data) VALUES (?, {time}, ?) ON CONFLICT DO NOTHING", trees)


def known(db: sqlite3.Connection, names: Collection[bytes]) -> set[bytes]:
    """Those of the blobs that are stored."""
    return {row[0] for row in _in_batches(db, "SELECT name FROM blobs WHERE name", names)}


def known_trees(db: sqlite3.Connection, names: Collection[bytes]) -> set[bytes]:
    """Those of the trees that are stored."""
    return {row[0] for row in _in_batches(db, "SELECT name FROM trees WHERE name", names)}


def read(db: sqlite3.Connection, names: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of those of the blobs that are stored, in the order in which they lie."""
    # Another process may move them into other packs meanwhile.
    with at_one_moment(db):
        found = sorted(_in_batches(db, "SELECT pack, start, name FROM blobs WHERE name", names))
        pack, data = None, b""
        for key, start, name in found:
            if key != pack:
                pack, data = key, _pack(db, key)
            yield name, _part(data, name, start)


def _pack(db: sqlite3.Connection, key: int) -> bytes:
    row = db.execute("SELECT CAST(data AS BLOB) FROM packs WHERE key = ?", (key,)).fetchone()
    return b"" if row is None else bytes(row[0])


def read_tree(db: sqlite3.Connection, name: bytes) -> bytes | None:
    row = db.execute("SELECT data FROM trees WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def page(db: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, bytes, bytes]]:
    """(pack, name, data) of the blobs in the next packs after one, the first of which is above 0."""
    with at_one_moment(db):
        packs = db.execute("SELECT DISTINCT pack FROM blobs WHERE pack > ? ORDER BY pack LIMIT ?", (after, limit))
        return [(pack, name, data) for (pack,) in packs.fetchall() for name, data in blobs_in(db, pack)]


def blobs_in(db: sqlite3.Connection, pack: int) -> list[tuple[bytes, bytes]]:
    """(name, data) of the blobs in a pack, in the order in which they lie."""
    data = _pack(db, pack)
    # Whatever its declared type, a column of SQLite may hold anything.
    columns = "CAST(name AS BLOB), CAST(start AS INTEGER)"
    rows = db.execute(f"SELECT {columns} FROM blobs WHERE pack = ? ORDER BY start", (pack,))
    return [(name, _part(data, name, start)) for name, start in rows]


def _part(pack: bytes, name: bytes, start: int) -> bytes:
    return pack[start : start + int.from_bytes(name[16:], "big")]


def read_trees(db: sqlite3.Connection, names: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(name, data) of those of the trees that are stored."""
    return _in_batches(db, "SELECT name, data FROM trees WHERE name", names)


def stored_before(db: sqlite3.Connection, time: int) -> list[bytes]:
    """The names of the blobs that were stored before a time."""
    rows = db.execute(
        "SELECT name FROM blobs JOIN packs ON packs.key = blobs.pack WHERE stored_at < ? "
        f"AND typeof(name) = 'blob' AND length(name) = {NAME_BYTES}",
        (time,),
    )
    return [row[0] for row in rows]


def all_trees(db: sqlite3.Connection) -> list[tuple[bytes, int, int]]:
    """(name, time at which it was stored, bytes) of every tree."""
    return db.execute("SELECT name, stored_at, length(data) FROM trees WHERE typeof(name) = 'blob'").fetchall()


def last_tree(db: sqlite3.Connection) -> int:
    """The highest key of a tree: whatever is added next has a higher one."""
    return int(db.execute("SELECT coalesce(max(key), 0) FROM trees").fetchone()[0])


def trees_after(db: sqlite3.Connection, key: int) -> list[bytes]:
    """The names of the trees with a higher key."""
    return [row[0] for row in db.execute("SELECT name FROM trees WHERE key > ?", (key,))]


def removals(db: sqlite3.Connection) -> int:
    """A number that changes whenever something is removed."""
    return int(db.execute("SELECT count FROM removals").fetchone()[0])


def page_of_trees(db: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, bytes, bytes]]:
    """(key, name, data) of the next trees after a key, the first of which is above 0."""
    return db.execute("SELECT key, name, data FROM trees WHERE key > ? ORDER BY key LIMIT ?", (after, limit)).fetchall()


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """How many blobs and how many trees are stored here."""
    row = db.execute("SELECT (SELECT count(*) FROM blobs), (SELECT count(*) FROM trees)").fetchone()
    return row[0], row[1]


def faults(db: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file of a database."""
    return [row[0] for row in db.execute("PRAGMA quick_check") if row[0] != "ok"]


def remove(db: sqlite3.Connection, names: Iterable[bytes], trees: Iterable[bytes]) -> None:
    """Forget blobs, whose bytes stay in their packs until these are packed anew, and trees."""
    db.executemany("DELETE FROM trees WHERE name = ?", [(name,) for name in trees])
    db.executemany("DELETE FROM blobs WHERE name = ?", [(name,) for name in names])
    count_removal(db)


def count_removal(db: sqlite3.Connection) -> None:
    """Have those who have looked for something look again; also for files that are to be removed after this."""
    db.execute("UPDATE removals SET count = count + 1")


def _in_batches(db: sqlite3.Connection, select: str, names: Collection[bytes]) -> Iterator[tuple[Any, ...]]:
    rest = list(names)
    for start in range(0, len(rest), _NAMES_A_QUERY):
        batch = rest[start : start + _NAMES_A_QUERY]
        yield from db.execute(f"{select} IN ({', '.join('?' * len(batch))})", batch)
