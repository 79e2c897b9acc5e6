"""A metric as a curve of so many columns: the lowest and the highest number in each, however many values there are."""

from __future__ import annotations

from math import isfinite

from localexp.store.many import rows_of_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from localexp.store.values import Cell

# Texts and BLOBs are greater than any number, and so fail the second condition; NULL fails both.
_FINITE = "value > -9e999 AND value < 9e999"
# LIMIT keeps the inner query one: otherwise each value would be tested three times.
_STRETCHES = f"""
SELECT place, min(number), max(number), count(*) - count(number) FROM (
    SELECT min(max(CAST(({{place}} - :low) * :scale + 0.5 AS INTEGER), 0), :last) AS place,
        iif({_FINITE}, value, NULL) AS number
    FROM _points WHERE metric = :metric AND {{place}} IS NOT NULL LIMIT -1
) GROUP BY place ORDER BY place
"""


class Stretch:
    """What lies in one column: the lowest and the highest number, None if there is none.

    ``odd`` counts the values that are no finite numbers.
    """

    __slots__ = ("column", "highest", "lowest", "odd")

    def __init__(self, column: int, lowest: float | None, highest: float | None, odd: int = 0) -> None:
        self.column = column
        self.lowest = lowest
        self.highest = highest
        self.odd = odd


class Steps:
    """The lowest and the highest step of a metric, None if it has none, and how many values have one."""

    def __init__(self, lowest: int | None, highest: int | None, count: int) -> None:
        self.lowest = lowest
        self.highest = highest
        self.count = count


def steps(db: sqlite3.Connection, metric: int) -> Steps:
    row = db.execute("SELECT min(step), max(step), count(step) FROM _points WHERE metric = ?", (metric,)).fetchone()
    return Steps(*row)


def last_step(db: sqlite3.Connection, metric: int) -> int | None:
    """The step of the last value."""
    select = "SELECT step FROM _points WHERE metric = ? ORDER BY time DESC, writer DESC, position DESC LIMIT 1"
    row = db.execute(select, (metric,)).fetchone()
    return None if row is None else row[0]


def newest_steps(db: sqlite3.Connection, keys: Sequence[int]) -> dict[int, int]:
    """For each of these runs that has any, the highest step among the last values of its metrics."""
    select = (
        "SELECT run, max(step) FROM _metrics JOIN _points ON metric = key AND time = last_time "
        "AND writer = last_writer AND position = last_position WHERE run IN ({}) AND step IS NOT NULL GROUP BY run"
    )
    return dict(rows_of_many(db, select, keys))


def first_time(db: sqlite3.Connection, metric: int) -> int:
    """The time of the first value of a metric, which has one."""
    return int(db.execute("SELECT min(time) FROM _points WHERE metric = ?", (metric,)).fetchone()[0])


def over_steps(db: sqlite3.Connection, metric: int, low: int, high: int, columns: int) -> list[Stretch]:
    """The columns that have values, by step: the first is that of the step ``low``, the last that of ``high``."""
    return _stretches(db, "step", metric, low, high, columns)


def over_time(db: sqlite3.Connection, metric: int, low: int, high: int, columns: int) -> list[Stretch]:
    """The same by time."""
    return _stretches(db, "time", metric, low, high, columns)


def _stretches(db: sqlite3.Connection, place: str, metric: int, low: int, high: int, columns: int) -> list[Stretch]:
    last = columns - 1
    scale = last / (high - low) if high > low else 0.0
    rows = db.execute(_STRETCHES.format(place=place), {"metric": metric, "low": low, "scale": scale, "last": last})
    return [Stretch(*row) for row in rows]


def over_count(db: sqlite3.Connection, metric: int, count: int, columns: int) -> list[Stretch]:
    """The same by the place of each of so many values in their order."""
    # SQLite would number them all before it looks at one, which takes three times as long.
    rows = db.execute("SELECT value FROM _points WHERE metric = ? ORDER BY time, writer, position", (metric,))
    if count <= columns:
        scale = (columns - 1) / max(count - 1, 1)
        return [_stretch(round(place * scale), [row]) for place, row in enumerate(rows.fetchmany(count))]
    ends = [count * (column + 1) // columns for column in range(columns)]
    sizes = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return [_stretch(column, rows.fetchmany(size)) for column, size in enumerate(sizes)]


def _stretch(column: int, rows: Sequence[tuple[Cell]]) -> Stretch:
    numbers = [value for (value,) in rows if isinstance(value, (int, float)) and isfinite(value)]
    return Stretch(column, min(numbers, default=None), max(numbers, default=None), len(rows) - len(numbers))
