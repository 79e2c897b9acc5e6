"""Experiments and their tags."""

from __future__ import annotations

from localexp.errors import UserErrorException
from localexp.store import identifiers
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

_SELECT = "SELECT key, id, name, created_at, archived_at FROM _experiments"


class ExperimentRecord:
    """One row of ``experiments``."""

    __slots__ = ("archived_at", "created_at", "id", "key", "name")

    def __init__(self, key: int, identifier: str, name: str, created_at: int, archived_at: int | None) -> None:
        self.key = key
        self.id = identifier
        self.name = name
        self.created_at = created_at
        self.archived_at = archived_at


def active(db: sqlite3.Connection, name: str) -> ExperimentRecord | None:
    """The experiment of this name that is not archived."""
    row = db.execute(f"{_SELECT} WHERE name = ? AND archived_at IS NULL", (name,)).fetchone()
    return None if row is None else ExperimentRecord(*row)


def get_or_create(db: sqlite3.Connection, name: str, created_at: int) -> ExperimentRecord:
    """The active experiment of this name, made if there is none; within a write transaction."""
    record = active(db, name)
    if record is None:
        db.execute(
            "INSERT INTO _experiments (id, name, created_at) VALUES (?, ?, ?)", (_new_id(db, name), name, created_at)
        )
        record = active(db, name)
    assert record is not None
    return record


def _new_id(db: sqlite3.Connection, name: str) -> str:
    (earlier,) = db.execute("SELECT count(*) FROM _experiments WHERE name = ?", (name,)).fetchone()
    while find(db, identifier := identifiers.of_experiment(name, earlier)) is not None:
        # One of them has been deleted since.
        earlier += 1
    return identifier


def find(db: sqlite3.Connection, identifier: str) -> ExperimentRecord | None:
    """The experiment with this id, archived or not."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (readable(identifier),)).fetchone()
    return None if row is None else ExperimentRecord(*row)


def by_key(db: sqlite3.Connection, key: int) -> ExperimentRecord:
    """An experiment that is there."""
    return ExperimentRecord(*db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone())


def anew(db: sqlite3.Connection, record: ExperimentRecord) -> ExperimentRecord:
    """The experiment as its row stands now.

    :raises UserErrorException: it was deleted.
    """
    row = db.execute(f"{_SELECT} WHERE key = ?", (record.key,)).fetchone()
    if row is None:
        raise UserErrorException(
            f"the experiment {record.name!r} with the id {record.id} was deleted; "
            f"Experiment(workspace, {record.name!r}) makes a new one"
        )
    return ExperimentRecord(*row)


def listed(
    db: sqlite3.Connection,
    *,
    name: str | None = None,
    archived: bool | None = False,
    tagged: Iterable[str] = (),
    tags: Mapping[str, str | None] | None = None,
) -> list[ExperimentRecord]:
    """Experiments by name, those of one name in the order in which they were made.

    :param archived: None for all, whether archived or not.
    :param tagged: keys of tags that each of them has, whatever the value.
    :param tags: tags that each of them has.
    """
    conditions, bound = ["1"], list[object]()
    if name is not None:
        conditions.append("name = ?")
        bound.append(name)
    if archived is not None:
        conditions.append("archived_at IS NOT NULL" if archived else "archived_at IS NULL")
    for key in tagged:
        conditions.append(
            "EXISTS (SELECT 1 FROM _experiment_tags AS t WHERE t.experiment = _experiments.key AND t.key = ?)"
        )
        bound.append(key)
    for key, value in (tags or {}).items():
        conditions.append(
            "EXISTS (SELECT 1 FROM _experiment_tags AS t "
            "WHERE t.experiment = _experiments.key AND t.key = ? AND t.value IS ?)"
        )
        bound += [key, value]
    rows = db.execute(f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY name, key", bound)
    return [ExperimentRecord(*row) for row in rows.fetchall()]


def count_active(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM _experiments WHERE archived_at IS NULL").fetchone()[0])


class Overview:
    """What a list says of an experiment; of ``runs`` no more are counted than ``MOST_COUNTED``."""

    __slots__ = ("active", "name", "newest_at", "newest_status", "runs")

    def __init__(self, name: str, runs: int, newest_at: int | None, newest_status: str | None, active: int) -> None:
        self.name = name
        self.runs = runs
        self.newest_at = newest_at
        self.newest_status = newest_status
        self.active = active


MOST_COUNTED = 10_000
_SELECT_OVERVIEW = """
WITH
active AS (
    SELECT experiment, count(*) AS count FROM _runs INDEXED BY runs_active WHERE ended_at IS NULL GROUP BY experiment
),
shown AS (
    SELECT name, key, (
        SELECT max(_runs.key) FROM _runs INDEXED BY runs_of_experiment WHERE _runs.experiment = _experiments.key
    ) AS newest FROM _experiments WHERE {condition} ORDER BY newest DESC, name LIMIT :most
)
SELECT shown.name, (
    SELECT count(*) FROM (
        SELECT 1 FROM _runs INDEXED BY runs_of_experiment WHERE _runs.experiment = shown.key LIMIT :counted
    )
), _runs.created_at, _runs.status, coalesce(active.count, 0)
FROM shown LEFT JOIN _runs ON _runs.key = shown.newest LEFT JOIN active ON active.experiment = shown.key
ORDER BY shown.newest DESC, shown.name
"""


def overviews(db: sqlite3.Connection, most: int) -> list[Overview]:
    """Of those that are not archived, the first so many: the ones with the newest runs."""
    select = _SELECT_OVERVIEW.format(condition="archived_at IS NULL")
    return [Overview(*row) for row in db.execute(select, {"most": most, "counted": MOST_COUNTED})]


def overview(db: sqlite3.Connection, key: int) -> Overview:
    """Of one that is there."""
    select = _SELECT_OVERVIEW.format(condition="key = :key")
    return Overview(*db.execute(select, {"key": key, "most": 1, "counted": MOST_COUNTED}).fetchone())


def extent(db: sqlite3.Connection, key: int) -> tuple[int, int | None]:
    """How many runs an experiment has, and when the newest was made."""
    row: tuple[int, int | None] = db.execute(
        "SELECT count(*), (SELECT created_at FROM _runs WHERE experiment = ?1 ORDER BY key DESC LIMIT 1) "
        "FROM _runs INDEXED BY runs_of_experiment WHERE experiment = ?1",
        (key,),
    ).fetchone()
    return row


def archive(db: sqlite3.Connection, key: int, time: int) -> None:
    """Archive an experiment; the time stands at which it was archived first."""
    db.execute("UPDATE _experiments SET archived_at = ? WHERE key = ? AND archived_at IS NULL", (time, key))


def reactivate(db: sqlite3.Connection, record: ExperimentRecord) -> None:
    """Make an experiment active again; within a write transaction.

    :raises UserErrorException: another active one has its name.
    """
    other = active(db, record.name)
    if other is not None and other.key != record.key:
        raise UserErrorException(
            f"the experiment {record.name!r} with the id {record.id} cannot be made active again: the one with the id "
            f"{other.id} has its name; archive or delete that one first"
        )
    db.execute("UPDATE _experiments SET archived_at = NULL WHERE key = ?", (record.key,))


def delete(db: sqlite3.Connection, key: int) -> None:
    """Remove the row of an experiment that has no runs, and its tags."""
    db.execute("DELETE FROM _experiments WHERE key = ?", (key,))


def tags(db: sqlite3.Connection, key: int) -> dict[str, str | None]:
    return dict(db.execute("SELECT key, value FROM _experiment_tags WHERE experiment = ? ORDER BY key", (key,)))


def set_tags(db: sqlite3.Connection, key: int, said: Mapping[str, str | None]) -> None:
    """Set tags, and leave the others as they are."""
    db.executemany(
        "INSERT INTO _experiment_tags (experiment, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value",
        [(key, name, value) for name, value in said.items()],
    )


def remove_tags(db: sqlite3.Connection, key: int, names: Iterable[str]) -> None:
    db.executemany("DELETE FROM _experiment_tags WHERE experiment = ? AND key = ?", [(key, name) for name in names])


def next_run_number(db: sqlite3.Connection, key: int) -> int:
    """Count up and return the number of the experiment's next run; within a write transaction."""
    db.execute("UPDATE _experiments SET last_number = last_number + 1 WHERE key = ?", (key,))
    return int(db.execute("SELECT last_number FROM _experiments WHERE key = ?", (key,)).fetchone()[0])
