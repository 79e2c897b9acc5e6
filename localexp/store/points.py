"""Metrics: their points, and for each metric of a run a summary, so that no list has to read points."""

from __future__ import annotations

from localexp.store.many import rows_of_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence

    from localexp.store.values import Cell

    Point = tuple[int, int, int | None, Cell]

_FEW, _ROWS_A_STATEMENT = 5, 200
_ROWS_READ_AT_ONCE = 200
_SAMPLED_TOGETHER = 4
_INSERT = "INSERT INTO _points (metric, time, writer, position, step, value) VALUES {}"
_ROW = "(?, ?, ?, ?, ?, ?)"
_ADD_SUMMARY = """
INSERT INTO _metrics (count, min, max, last, last_time, last_writer, last_position, name, kind, run, experiment)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, key, experiment FROM _runs WHERE key = ? ON CONFLICT DO NOTHING
"""
_CHANGE_SUMMARY = """
UPDATE _metrics SET
    count = count + :count,
    min = min(coalesce(min, :min), coalesce(:min, min)),
    max = max(coalesce(max, :max), coalesce(:max, max)),
    last = iif({newer}, :last, last),
    last_time = iif({newer}, :time, last_time),
    last_writer = iif({newer}, :writer, last_writer),
    last_position = iif({newer}, :position, last_position)
WHERE key = :key
""".replace("{newer}", "(:time, :writer, :position) > (last_time, last_writer, last_position)")


def append(db: sqlite3.Connection, run: int, writer: int, name: str, kind: str, points: list[Point]) -> str:
    """Add what one writer said of one metric: (time, position, step, value) in the order in which it said it.

    Returns the kind that the metric was first logged as, which it keeps.
    """
    summary = _summary(writer, points)
    added = db.execute(_ADD_SUMMARY, (*summary.values(), name, kind, run))
    if added.rowcount:
        assert added.lastrowid is not None
        key, first_kind = added.lastrowid, kind
    else:
        key, first_kind = db.execute(
            "SELECT key, kind FROM _metrics WHERE run = ? AND name = ?", (run, name)
        ).fetchone()
        db.execute(_CHANGE_SUMMARY, {**summary, "key": key})
    _insert(db, key, writer, points)
    return first_kind


def _summary(writer: int, points: list[Point]) -> dict[str, Cell]:
    """The columns of ``metrics`` that change with points, in the order of ``_ADD_SUMMARY``."""
    numbers = _numbers([point[3] for point in points])
    time, position, _, last = points[-1]
    return {
        "count": len(points),
        "min": min(numbers, default=None),
        "max": max(numbers, default=None),
        "last": last,
        "time": time,
        "writer": writer,
        "position": position,
    }


def _insert(db: sqlite3.Connection, metric: int, writer: int, points: list[Point]) -> None:
    if len(points) <= _FEW:
        # One statement that SQLite has ready is cheaper than to have it read one that is made for these.
        for time, position, step, value in points:
            db.execute(_INSERT.format(_ROW), (metric, time, writer, position, step, value))
        return
    row = f"({metric}, ?, {writer}, ?, ?, ?)"
    # Many rows a statement: between statements a computing thread may keep us from going on, with the lock held.
    for start in range(0, len(points), _ROWS_A_STATEMENT):
        stretch = points[start : start + _ROWS_A_STATEMENT]
        rows = ", ".join([row] * len(stretch))
        db.execute(_INSERT.format(rows), [cell for point in stretch for cell in point])


def _numbers(values: list[Cell]) -> list[float]:
    if set(map(type, values)) <= {int, float}:
        return values  # type: ignore[return-value]
    return [value for value in values if isinstance(value, (int, float))]


def describe(db: sqlite3.Connection, run: int, name: str, description: str) -> None:
    db.execute("UPDATE _metrics SET description = ? WHERE run = ? AND name = ?", (description, run, name))


def values(
    db: sqlite3.Connection, run: int, name: str | None = None, but: Collection[str] = ()
) -> list[tuple[str, str, list[Cell]]]:
    """(metric, kind, values) of a run, or of one metric of it; the metrics as they came up, the values in order.

    :param but: names of metrics that are left out.
    """
    metrics = db.execute(
        "SELECT key, name, kind FROM _metrics WHERE run = :run AND (:name IS NULL OR name = :name) ORDER BY key",
        {"run": run, "name": name},
    ).fetchall()
    # One by one, each is read as it lies; all at once, they would be sorted.
    select = "SELECT value FROM _points WHERE metric = ? ORDER BY time, writer, position"
    return [
        (metric, kind, [row[0] for row in db.execute(select, (key,))])
        for key, metric, kind in metrics
        if metric not in but
    ]


def last_values(db: sqlite3.Connection, run: int) -> list[tuple[str, Cell]]:
    """(metric, last value) of a run, the metrics as they came up."""
    return db.execute("SELECT name, last FROM _metrics WHERE run = ? ORDER BY key", (run,)).fetchall()


def stretches(db: sqlite3.Connection, run: int, name: str, no_step: int) -> Iterator[list[tuple[int, int, Cell]]]:
    """(step, time, value) of each point of a metric in order, so many at a time; ``no_step`` where there is no step."""
    metric = db.execute("SELECT key FROM _metrics WHERE run = ? AND name = ?", (run, name)).fetchone()
    if metric is None:
        return
    select = "SELECT coalesce(step, ?), time, value FROM _points WHERE metric = ? ORDER BY time, writer, position"
    cursor = db.execute(select, (no_step, metric[0]))
    while rows := cursor.fetchmany(_ROWS_READ_AT_ONCE):
        yield rows


def steps_and_values(db: sqlite3.Connection, metric: int) -> Iterator[tuple[int | None, Cell]]:
    """(step, value) of each point of a metric, which its key names, in order."""
    yield from db.execute("SELECT step, value FROM _points WHERE metric = ? ORDER BY time, writer, position", (metric,))


def has_several_writers(db: sqlite3.Connection, metric: int) -> bool:
    """Whether the points of a metric, which its key names, are of more than one process or object."""
    (has_several,) = db.execute("SELECT min(writer) < max(writer) FROM _points WHERE metric = ?", (metric,)).fetchone()
    return bool(has_several)


class Summary:
    """What is known of a metric without its points; ``min`` and ``max`` are those of the numbers among its values."""

    __slots__ = ("count", "description", "key", "kind", "last", "last_time", "max", "min", "name")

    def __init__(
        self,
        key: int,
        name: str,
        kind: str,
        count: int,
        min: float | None,
        max: float | None,
        last: Cell,
        last_time: int,
        description: str | None,
    ) -> None:
        self.key = key
        self.name = name
        self.kind = kind
        self.count = count
        self.min = min
        self.max = max
        self.last = last
        self.last_time = last_time
        self.description = description


_MOST_LOOKED_AT = 1000
# The first are found in the index alone, and among so many at most, for a run may have tens of thousands.
_SELECT_SUMMARIES = """
SELECT key, name, kind, count, min, max, last, last_time, description FROM _metrics WHERE key IN (
    SELECT key FROM (SELECT key FROM _metrics WHERE run = ? AND name {among} ({names}) LIMIT ?) ORDER BY key LIMIT ?
) ORDER BY key
"""


def summaries(db: sqlite3.Connection, run: int, most: int = -1, but: Collection[str] = ()) -> list[Summary]:
    """Of each metric of a run, as they came up; of the first so many, unless ``most`` is negative.

    Of a run with more than a thousand metrics the first are those of the thousand that are first by name.

    :param but: names of metrics that are left out.
    """
    select = _SELECT_SUMMARIES.format(among="NOT IN", names=_marks(but))
    looked_at = -1 if most < 0 else max(most, _MOST_LOOKED_AT)
    return [Summary(*row) for row in db.execute(select, (run, *but, looked_at, most)).fetchall()]


def summaries_among(db: sqlite3.Connection, run: int, names: Collection[str]) -> list[Summary]:
    """Of those metrics of a run that have one of the names, as they came up."""
    select = _SELECT_SUMMARIES.format(among="IN", names=_marks(names))
    return [Summary(*row) for row in db.execute(select, (run, *names, -1, -1)).fetchall()]


def first_of_runs(
    db: sqlite3.Connection, keys: Sequence[int], most: int, but: Collection[str] = ()
) -> dict[int, list[Summary]]:
    """By run, the summaries of its first so many metrics, as they came up.

    It is asked run by run: one statement about all of them would read each metric of a run that has thousands.

    :param but: names of metrics that are left out.
    """
    return {key: summaries(db, key, most, but) for key in keys}


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def names(db: sqlite3.Connection, run: int) -> list[str]:
    """The metrics of a run, as they came up."""
    return [row[0] for row in db.execute("SELECT name FROM _metrics WHERE run = ? ORDER BY key", (run,))]


def count_metrics(db: sqlite3.Connection, run: int, but: Collection[str] = ()) -> int:
    select = "SELECT count(*) FROM _metrics WHERE run = ? AND name NOT IN ({})".format(_marks(but))  # noqa: UP032
    return int(db.execute(select, (run, *but)).fetchone()[0])


def sample(db: sqlite3.Connection, summary: Summary, size: int) -> list[Cell]:
    """Values of a metric in order: all of them, or if there are more than ``size``, about so many spread over its time.

    They are looked up, so that it takes no longer where there are more. What lies between is not looked at.
    """
    if summary.count <= size:
        rows = db.execute("SELECT value FROM _points WHERE metric = ? ORDER BY time, writer, position", (summary.key,))
        return [row[0] for row in rows]
    (first,) = db.execute("SELECT min(time) FROM _points WHERE metric = ?", (summary.key,)).fetchone()
    if first == summary.last_time:
        # As by a clock that is frozen for a test: there is no time to spread them over.
        select = "SELECT value FROM _points WHERE metric = ? ORDER BY time, writer, position"
        found_at_once = [row[0] for row in db.execute(select, (summary.key,))]
        return [*found_at_once[:: summary.count // size + 1], summary.last]
    places = size // _SAMPLED_TOGETHER
    found: dict[tuple[object, ...], Cell] = {}
    for place in range(places):
        start = first + (summary.last_time - first) * place // places
        rows = db.execute(
            "SELECT time, writer, position, value FROM _points WHERE metric = ? AND time >= ? "
            "ORDER BY time, writer, position LIMIT ?",
            (summary.key, start, _SAMPLED_TOGETHER),
        )
        found.update((row[:3], row[3]) for row in rows)
    return [*found.values(), summary.last]


def last_of_runs(db: sqlite3.Connection, keys: Sequence[int]) -> Iterator[tuple[int, str, Cell]]:
    """(run, metric, last value) of each metric of many runs, those of a run as they came up."""
    return rows_of_many(db, "SELECT run, name, last FROM _metrics WHERE run IN ({}) ORDER BY key", keys)
