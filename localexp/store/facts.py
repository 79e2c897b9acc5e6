"""What was so around a run when it was submitted, in groups, each a text that runs share which have the same."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    Group = dict[str, object] | str


def keep(db: sqlite3.Connection, run: int, facts: Mapping[str, Group]) -> None:
    """Keep facts of a run, in place of those of these names."""
    for name, group in facts.items():
        db.execute(
            "INSERT OR REPLACE INTO _facts (run, name, text) VALUES (?, ?, ?)", (run, name, _key_of_text(db, group))
        )


def of_run(db: sqlite3.Connection, run: int) -> dict[str, Group]:
    """The facts of a run, by name; none of one that was submitted before there were any."""
    import json
    import zlib

    rows = db.execute(
        "SELECT _facts.name, _texts.data FROM _facts JOIN _texts ON _texts.key = _facts.text WHERE _facts.run = ? "
        "ORDER BY _facts.name",
        (run,),
    )
    return {name: json.loads(zlib.decompress(data)) for name, data in rows}


def unused(db: sqlite3.Connection) -> tuple[int, int]:
    """How many texts no run has any more, and their bytes."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(length(data)), 0) FROM _texts "
        "WHERE NOT EXISTS (SELECT 1 FROM _facts WHERE _facts.text = _texts.key)"
    ).fetchone()
    return row[0], row[1]


def forget_unused(db: sqlite3.Connection) -> None:
    """Remove the texts that no run has any more."""
    db.execute("DELETE FROM _texts WHERE NOT EXISTS (SELECT 1 FROM _facts WHERE _facts.text = _texts.key)")


def _key_of_text(db: sqlite3.Connection, group: Group) -> int:
    import json

    from xxhash import xxh3_128_digest

    text = json.dumps(group, sort_keys=True).encode()
    digest = xxh3_128_digest(text)
    known = db.execute("SELECT key FROM _texts WHERE hash = ?", (digest,)).fetchone()
    if known is not None:
        return int(known[0])
    import zlib

    key = db.execute("INSERT INTO _texts (hash, data) VALUES (?, ?)", (digest, zlib.compress(text))).lastrowid
    assert key is not None
    return key
