"""Tags, which may change, and properties, which may not."""

from __future__ import annotations

from collections.abc import Mapping

from localexp.errors import UserErrorException
from localexp.store.many import rows_of_many
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    When = tuple[int, int, int]


def checked(tags: object, name: str = "tags") -> dict[str, str | None]:
    """Tags as they are kept: what is not a text becomes one, None stays. Properties likewise.

    :raises UserErrorException: it is no dict.
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise UserErrorException(f"{name} are a dict of texts, not {tags!r}")
    return {_text(key): None if value is None else _text(value) for key, value in tags.items()}


def _text(value: object) -> str:
    # Of a member of an enumeration of texts str() would give its name.
    return readable(str.__str__(value) if isinstance(value, str) else str(value))


def put(db: sqlite3.Connection, run: int, key: str, value: str | None, when: When, *, removed: bool = False) -> None:
    """Set or remove a tag; the word that was said last stands, in whatever order words arrive.

    ``when`` is (time, writer, position).
    """
    db.execute(
        "INSERT INTO _tags (run, experiment, key, value, removed, time, writer, position) "
        "SELECT key, experiment, ?, ?, ?, ?, ?, ? FROM _runs WHERE key = ? "
        "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value, removed = excluded.removed, "
        "time = excluded.time, writer = excluded.writer, position = excluded.position "
        "WHERE (excluded.time, excluded.writer, excluded.position) > (time, writer, position)",
        (key, value, int(removed), *when, run),
    )


def latest_time(db: sqlite3.Connection, run: int) -> int:
    """When the last word on any tag of the run was said, zero if none was."""
    return int(db.execute("SELECT coalesce(max(time), 0) FROM _tags WHERE run = ?", (run,)).fetchone()[0])


def of_run(db: sqlite3.Connection, run: int) -> dict[str, str | None]:
    return dict(db.execute("SELECT key, value FROM _tags WHERE run = ? AND removed = 0 ORDER BY key", (run,)))


def of_runs(db: sqlite3.Connection, keys: Sequence[int]) -> Iterator[tuple[int, str, str | None]]:
    """(run, key, value) of the tags of many runs, those of a run by key."""
    select = "SELECT run, key, value FROM _tags WHERE run IN ({}) AND removed = 0 ORDER BY run, key"
    return rows_of_many(db, select, keys)


def add_property(db: sqlite3.Connection, run: int, key: str, value: str | None, when: When) -> None:
    """Set a property; the word that was said first stands, in whatever order words arrive."""
    db.execute(
        "INSERT INTO _properties (run, experiment, key, value, time, writer, position) "
        "SELECT key, experiment, ?, ?, ?, ?, ? FROM _runs WHERE key = ? "
        "ON CONFLICT (run, key) DO UPDATE SET value = excluded.value, "
        "time = excluded.time, writer = excluded.writer, position = excluded.position "
        "WHERE (excluded.time, excluded.writer, excluded.position) < (time, writer, position)",
        (key, value, *when, run),
    )


def properties_of_run(db: sqlite3.Connection, run: int) -> dict[str, str | None]:
    return dict(db.execute("SELECT key, value FROM _properties WHERE run = ? ORDER BY key", (run,)))


def property_of_run(db: sqlite3.Connection, run: int, key: str) -> str | None:
    """The value of one property, None also if there is no such property."""
    row = db.execute("SELECT value FROM _properties WHERE run = ? AND key = ?", (run, key)).fetchone()
    return None if row is None else row[0]
