"""Params: what a run was told to do, by name. The arguments of its script, and what that says of itself.

The value of a param is a text. One that reads as a number is compared and ordered as that number.
"""

from __future__ import annotations

from localexp.store.many import rows_of_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from localexp.store.tags import When

    Param: TypeAlias = int | float | str | None

_LARGEST = 2**63
_LONGEST_NUMBER = 400


def number_of(text: str | None) -> int | float | None:
    """The number that a text reads as, None if it does not, or is not finite."""
    if text is None or len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text or text != text.strip():
        return None
    try:
        whole = int(text)
        return whole if -_LARGEST <= whole < _LARGEST else float(whole)
    except ValueError:
        # It may have a point.
        pass
    except OverflowError:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def add(db: sqlite3.Connection, run: int, said: Mapping[str, str], time: int) -> None:
    """Record what a run is begun with; within the transaction that creates it."""
    for position, (name, value) in enumerate(said.items()):
        put(db, run, name, value, (time, 0, position))


def put(db: sqlite3.Connection, run: int, name: str, value: str | None, when: When) -> None:
    """Set a param; the word that was said last stands, in whatever order words arrive."""
    db.execute(
        "INSERT INTO _params (run, experiment, name, value, number, time, writer, position) "
        "SELECT key, experiment, ?, ?, ?, ?, ?, ? FROM _runs WHERE key = ? "
        "ON CONFLICT (run, name) DO UPDATE SET value = excluded.value, number = excluded.number, "
        "time = excluded.time, writer = excluded.writer, position = excluded.position "
        "WHERE (excluded.time, excluded.writer, excluded.position) > (time, writer, position)",
        (name, value, number_of(value), *when, run),
    )


def of_run(db: sqlite3.Connection, run: int) -> dict[str, Param]:
    """The params of a run by name, each a number if its text is that of one."""
    return {name: value for _, name, value in of_runs(db, [run])}


def of_runs(db: sqlite3.Connection, keys: Sequence[int]) -> Iterator[tuple[int, str, Param]]:
    """(run, name, value) of the params of many runs, those of a run by name."""
    select = "SELECT run, name, value, number FROM _params WHERE run IN ({}) ORDER BY run, name"
    for run, name, value, number in rows_of_many(db, select, keys):
        # As it was given where the number would be another text, as that of 1.10 is.
        yield run, name, number if str(number) == value else value


def readings_of_runs(db: sqlite3.Connection, keys: Sequence[int]) -> Iterator[tuple[int, str, Param]]:
    """As ``of_runs``, but that whatever reads as a number is one, for who is to reckon with it."""
    select = "SELECT run, name, coalesce(number, value) FROM _params WHERE run IN ({}) ORDER BY run, name"
    return rows_of_many(db, select, keys)
