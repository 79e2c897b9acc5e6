"""Metrics: their points, and for each metric of a run a summary, so that no list has to read points."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from localexp.store.values import Cell

    Point = tuple[int, int, int | None, Cell]

_ROWS_A_STATEMENT = 200
_ADD_SUMMARY = """
INSERT INTO metrics (run, name, kind, count, min, max, last, last_time, last_writer, last_position)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, name) DO UPDATE SET
    count = count + excluded.count,
    min = min(coalesce(min, excluded.min), coalesce(excluded.min, min)),
    max = max(coalesce(max, excluded.max), coalesce(excluded.max, max)),
    last = iif({newer}, excluded.last, last),
    last_time = iif({newer}, excluded.last_time, last_time),
    last_writer = iif({newer}, excluded.last_writer, last_writer),
    last_position = iif({newer}, excluded.last_position, last_position)
""".replace(
    "{newer}",
    "(excluded.last_time, excluded.last_writer, excluded.last_position) > (last_time, last_writer, last_position)",
)


def append(db: sqlite3.Connection, run: int, writer: int, name: str, kind: str, points: list[Point]) -> None:
    """Add what one writer said of one metric: (time, position, step, value) in the order in which it said it."""
    values = [point[3] for point in points]
    numbers = _numbers(values)
    last = points[-1]
    db.execute(
        _ADD_SUMMARY,
        (
            run,
            name,
            kind,
            len(points),
            min(numbers, default=None),
            max(numbers, default=None),
            last[3],
            last[0],
            writer,
            last[1],
        ),
    )
    key = db.execute("SELECT key FROM metrics WHERE run = ? AND name = ?", (run, name)).fetchone()[0]
    row = f"({key}, ?, {writer}, ?, ?, ?)"
    # Many rows a statement: between statements a computing thread may keep us from going on, with the lock held.
    for start in range(0, len(points), _ROWS_A_STATEMENT):
        stretch = points[start : start + _ROWS_A_STATEMENT]
        rows = ", ".join([row] * len(stretch))
        db.execute(
            f"INSERT INTO points (metric, time, writer, position, step, value) VALUES {rows}",
            [cell for point in stretch for cell in point],
        )


def _numbers(values: list[Cell]) -> list[float]:
    if set(map(type, values)) <= {int, float}:
        return values  # type: ignore[return-value]
    return [value for value in values if isinstance(value, (int, float))]


def describe(db: sqlite3.Connection, run: int, name: str, description: str) -> None:
    db.execute("UPDATE metrics SET description = ? WHERE run = ? AND name = ?", (description, run, name))


def values(db: sqlite3.Connection, run: int, name: str | None = None) -> list[tuple[str, str, list[Cell]]]:
    """(metric, kind, values) of a run, or of one metric of it; the metrics as they came up, the values in order."""
    metrics = db.execute(
        "SELECT key, name, kind FROM metrics WHERE run = :run AND (:name IS NULL OR name = :name) ORDER BY key",
        {"run": run, "name": name},
    ).fetchall()
    # One by one, each is read as it lies; all at once, they would be sorted.
    select = "SELECT value FROM points WHERE metric = ? ORDER BY time, writer, position"
    return [(metric, kind, [row[0] for row in db.execute(select, (key,))]) for key, metric, kind in metrics]


def last_values(db: sqlite3.Connection, run: int) -> list[tuple[str, Cell]]:
    """(metric, last value) of a run, the metrics as they came up."""
    return db.execute("SELECT name, last FROM metrics WHERE run = ? ORDER BY key", (run,)).fetchall()
