"""Packs of which a part is dead: the bytes of blobs that were removed."""

from __future__ import annotations

from localexp.store import blobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3


def wasteful(db: sqlite3.Connection, share: float) -> list[tuple[int, int]]:
    """(key, bytes that are needed) of the packs of which more than a share is dead, or that no blob lies in."""
    live: dict[int, int] = {}
    for key, name in db.execute("SELECT pack, CAST(name AS BLOB) FROM blobs ORDER BY pack"):
        live[key] = live.get(key, 0) + int.from_bytes(name[16:], "big")
    every = db.execute("SELECT key, length(data) FROM packs").fetchall()
    return [(key, live.get(key, 0)) for key, size in every if key not in live or size - live[key] > size * share]


def pack_anew(db: sqlite3.Connection, keys: list[int]) -> None:
    """Move what is needed of packs into new ones, as it is: whether it is damaged is not looked at."""
    parts: list[tuple[bytes, bytes]] = []
    time = 0
    for key in keys:
        parts += blobs.blobs_in(db, key)
        row = db.execute("SELECT stored_at FROM packs WHERE key = ?", (key,)).fetchone()
        time = time if row is None else max(time, row[0])
    for group in _grouped(parts):
        _add_pack(db, group, time)
    for key in keys:
        db.execute("DELETE FROM packs WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM blobs WHERE pack = ?1)", (key,))


def _grouped(parts: list[tuple[bytes, bytes]]) -> list[list[tuple[bytes, bytes]]]:
    groups: list[list[tuple[bytes, bytes]]] = []
    size = blobs.PACK_BYTES
    for name, data in parts:
        if size >= blobs.PACK_BYTES:
            groups.append([])
            size = 0
        groups[-1].append((name, data))
        size += len(data)
    return groups


def _add_pack(db: sqlite3.Connection, parts: list[tuple[bytes, bytes]], time: int) -> None:
    data = b"".join([data for _, data in parts])
    key = db.execute("INSERT INTO packs (stored_at, data) VALUES (?, ?)", (time, data)).lastrowid
    start, rows = 0, []
    for name, part in parts:
        rows.append((key, start, name))
        start += len(part)
    db.executemany("UPDATE blobs SET pack = ?, start = ? WHERE name = ?", rows)
