"""Runs: their rows."""

from __future__ import annotations

import itertools

from localexp.errors import RunNotFound, UserErrorException
from localexp.store import determinism, experiments, identifiers
from localexp.store.many import rows_of_many
from localexp.store.states import ENDED
from localexp.store.values import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_IDS_COMPARED = 1000
_EVERY = -1
_COLUMNS = (
    "key",
    "id",
    "experiment",
    "parent",
    "number",
    "type",
    "target",
    "status",
    "display_name",
    "description",
    "created_at",
    "started_at",
    "ended_at",
    "definition",
    "snapshot",
    "new_blobs",
    "new_bytes",
    "owner",
    "process",
    "exit_code",
    "error",
    "unfolded",
    "submitter",
    "identity",
    "origin",
)
COLUMNS_OF_RECORD = f"{', '.join('_runs.' + column for column in _COLUMNS)}, _experiments.name"
_SELECT = f"SELECT {COLUMNS_OF_RECORD} FROM _runs JOIN _experiments ON _experiments.key = _runs.experiment"


class RunRecord:
    """One row of ``runs``, with the name of its experiment."""

    __slots__ = (*_COLUMNS, "experiment_name")

    @property
    def keeps_snapshot(self) -> bool:
        """Whether its snapshot stays when it has ended."""
        return self.definition is None or self.definition_parts().get("snapshotProject") is not False

    @property
    def max_seconds(self) -> float | None:
        """How long its script may run."""
        seconds = self.definition_parts().get("maxRunDurationSeconds")
        return seconds if isinstance(seconds, (int, float)) else None

    key: int
    id: str
    experiment: int
    experiment_name: str
    parent: int | None
    number: int
    type: str | None
    target: str | None
    status: str
    display_name: str | None
    description: str | None
    created_at: int
    started_at: int | None
    ended_at: int | None
    definition: str | None
    snapshot: str | None
    new_blobs: int | None
    new_bytes: int | None
    owner: str | None
    process: str | None
    exit_code: int | None
    error: str | None
    unfolded: int
    submitter: int | None
    identity: str | None
    origin: str | None

    def __init__(self, row: Iterable[object]) -> None:
        for name, value in zip((*_COLUMNS, "experiment_name"), row, strict=True):
            setattr(self, name, value)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def definition_parts(self) -> dict[str, object]:
        # Not at the top: a script is started sooner without it.
        import json

        parts: dict[str, object] = json.loads(self.definition or "{}")
        return parts

    def error_parts(self) -> dict[str, object] | None:
        if not self.error:
            return None
        import json

        parts: dict[str, object] = json.loads(self.error)
        return parts


def create(
    db: sqlite3.Connection,
    *,
    identifier: str | None,
    experiment: int,
    status: str,
    owner: str | None,
    created_at: int,
    parent: int | None = None,
    submitter: int | None = None,
    type: str | None = None,
    target: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    definition: dict[str, object] | None = None,
    snapshot: str | None = None,
    new_blobs: int | None = None,
    new_bytes: int | None = None,
    identity: str | None = None,
    origin: str | None = None,
) -> int:
    """Add a run and return its key.

    :param identifier: None for a new one.
    :raises UserErrorException: the id is taken.
    """
    number = experiments.next_run_number(db, experiment)
    started_at = created_at if status == "Running" else None
    identifier = identifier or _new_id(db, experiment, number, created_at, is_submitted=type is not None)
    cursor = db.execute(
        "INSERT INTO _runs (id, experiment, parent, number, type, target, status, display_name, description, "
        "created_at, started_at, definition, snapshot, new_blobs, new_bytes, owner, submitter, identity, origin) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            identifier,
            experiment,
            parent,
            number,
            type,
            target,
            status,
            None if display_name is None else readable(display_name),
            None if description is None else readable(description),
            created_at,
            started_at,
            None if definition is None else _json(definition),
            snapshot,
            new_blobs,
            new_bytes,
            owner,
            submitter,
            identity,
            origin,
        ),
    )
    if not cursor.rowcount:
        raise UserErrorException(f"there is a run {identifier!r} already; leave run_id out, or choose another")
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _new_id(db: sqlite3.Connection, experiment: int, number: int, created_at: int, *, is_submitted: bool) -> str:
    if determinism.current is not None:
        name = identifiers.slug(experiments.by_key(db, experiment).name)
        # An experiment of this name may have been archived, or another be called like this one and a number.
        names = itertools.chain([f"{name}_{number}"], (f"{name}_{number}_{again}" for again in itertools.count(2)))
        return next(name for name in names if find(db, name) is None)
    if is_submitted:
        name = identifiers.slug(experiments.by_key(db, experiment).name)
        return f"{name}_{created_at // 1_000_000}_{identifiers.short()}"
    return identifiers.uuid()


def find(db: sqlite3.Connection, identifier: str) -> RunRecord | None:
    row = db.execute(f"{_SELECT} WHERE _runs.id = ?", (identifier,)).fetchone()
    return None if row is None else RunRecord(row)


def by_key(db: sqlite3.Connection, key: int) -> RunRecord:
    """A run that is there."""
    return RunRecord(db.execute(f"{_SELECT} WHERE _runs.key = ?", (key,)).fetchone())


def of_keys(db: sqlite3.Connection, keys: Sequence[int]) -> list[RunRecord]:
    """Those of these runs that are there, in no order."""
    return [RunRecord(row) for row in rows_of_many(db, f"{_SELECT} WHERE _runs.key IN ({{}})", keys)]


def anew(db: sqlite3.Connection, record: RunRecord) -> RunRecord:
    """The run as its row stands now.

    :raises RunNotFound: it was deleted.
    """
    row = db.execute(f"{_SELECT} WHERE _runs.key = ?", (record.key,)).fetchone()
    if row is None:
        raise RunNotFound(record.id, [])
    return RunRecord(row)


def newest_completed(
    db: sqlite3.Connection, identity: str, experiment: int, parent: int | None = None
) -> RunRecord | None:
    """The newest run of an experiment, of a parent if one is given, that has this identity and is Completed."""
    row = db.execute(
        f"{_SELECT} WHERE _runs.identity = ? AND _runs.status = 'Completed' AND +_runs.experiment = ? "
        "AND (? IS NULL OR +_runs.parent = ?) ORDER BY _runs.key DESC LIMIT 1",
        (identity, experiment, parent, parent),
    ).fetchone()
    return None if row is None else RunRecord(row)


def parent_of(db: sqlite3.Connection, record: RunRecord) -> RunRecord:
    """The parent of a run that has one.

    :raises RunNotFound: it was deleted, and the run with it.
    """
    row = db.execute(f"{_SELECT} WHERE _runs.key = ?", (record.parent,)).fetchone()
    if row is None:
        raise RunNotFound(record.id, [])
    return RunRecord(row)


def experiment_of(db: sqlite3.Connection, parent: RunRecord) -> int:
    """The experiment in which the children of a run are.

    :raises RunNotFound: the run has been deleted.
    """
    row = db.execute("SELECT experiment FROM _runs WHERE key = ? AND id = ?", (parent.key, parent.id)).fetchone()
    if row is None:
        raise RunNotFound(parent.id, [])
    return int(row[0])


def exists(db: sqlite3.Connection, key: int) -> bool:
    return db.execute("SELECT 1 FROM _runs WHERE key = ?", (key,)).fetchone() is not None


def ids_of_experiment(db: sqlite3.Connection, experiment: int) -> list[str]:
    return [row[0] for row in db.execute("SELECT id FROM _runs WHERE experiment = ?", (experiment,))]


def every_id(db: sqlite3.Connection) -> Iterator[tuple[str, str, bool]]:
    """(name of the experiment, id, whether it has ended) of all runs."""
    rows = db.execute(
        "SELECT _experiments.name, _runs.id, _runs.ended_at IS NOT NULL FROM _runs "
        "CROSS JOIN _experiments ON _experiments.key = _runs.experiment"
    )
    return ((name, identifier, bool(has_ended)) for name, identifier, has_ended in rows)


def ids_of_keys(db: sqlite3.Connection, keys: Sequence[int]) -> dict[int, str]:
    return dict(rows_of_many(db, "SELECT key, id FROM _runs WHERE key IN ({})", keys))


def unfolded(db: sqlite3.Connection, experiment: int | None) -> list[RunRecord]:
    """Runs of which not all that was said may be in the database, those that go on among them.

    :param experiment: None for all.
    """
    rows = db.execute(f"{_SELECT} WHERE _runs.unfolded = 1 AND (?1 IS NULL OR +_runs.experiment = ?1)", (experiment,))
    return [RunRecord(row) for row in rows.fetchall()]


def active_of_experiment(db: sqlite3.Connection, experiment: int) -> list[RunRecord]:
    """Runs that have not ended."""
    rows = db.execute(
        f"{_SELECT} WHERE _runs.ended_at IS NULL AND +_runs.experiment = ?",
        (experiment,),
    )
    return [RunRecord(row) for row in rows.fetchall()]


def active(db: sqlite3.Connection, most: int = _EVERY) -> list[RunRecord]:
    """The newest so many runs that have not ended, of all experiments, the newest first."""
    rows = db.execute(f"{_SELECT} WHERE _runs.ended_at IS NULL ORDER BY _runs.key DESC LIMIT ?", (most,))
    return [RunRecord(row) for row in rows.fetchall()]


def submitted_by(db: sqlite3.Connection, record: RunRecord) -> list[RunRecord]:
    """Submitted runs that have not ended and are children of a run, or were submitted by its script."""
    rows = db.execute(
        f"{_SELECT} WHERE _runs.ended_at IS NULL AND type IS NOT NULL AND (submitter = ?1 OR parent = ?1)",
        (record.key,),
    )
    return [RunRecord(row) for row in rows.fetchall()]


def ids_beginning_with(db: sqlite3.Connection, prefix: str, limit: int) -> list[str]:
    """Ids that begin with a prefix, the newest first."""
    rows = db.execute(
        "SELECT id FROM _runs WHERE substr(id, 1, length(:prefix)) = :prefix ORDER BY key DESC LIMIT :limit",
        {"prefix": prefix, "limit": limit},
    )
    return [row[0] for row in rows]


def ids_like(db: sqlite3.Connection, identifier: str) -> list[str]:
    """Ids that somebody may have meant, the likeliest first."""
    import difflib

    return difflib.get_close_matches(identifier, newest_ids(db, _IDS_COMPARED), n=3, cutoff=0.5)


def places_after(db: sqlite3.Connection, key: int) -> list[tuple[int, str, str, bool]]:
    """(key, experiment's name, id, whether it has ended) of the runs with a higher key."""
    rows = db.execute(
        "SELECT _runs.key, _experiments.name, _runs.id, _runs.ended_at IS NOT NULL "
        "FROM _runs JOIN _experiments ON _experiments.key = _runs.experiment WHERE _runs.key > ? ORDER BY _runs.key",
        (key,),
    )
    return [(row[0], row[1], row[2], bool(row[3])) for row in rows]


def newest_top_ids(db: sqlite3.Connection, limit: int) -> list[str]:
    """Of runs that are no child of another."""
    rows = db.execute("SELECT id FROM _runs WHERE parent IS NULL ORDER BY key DESC LIMIT ?", (limit,))
    return [row[0] for row in rows]


def newest(db: sqlite3.Connection) -> RunRecord | None:
    row = db.execute(f"{_SELECT} ORDER BY _runs.key DESC LIMIT 1").fetchone()
    return None if row is None else RunRecord(row)


def newest_ids(db: sqlite3.Connection, limit: int) -> list[str]:
    rows = db.execute("SELECT id FROM _runs ORDER BY key DESC LIMIT ?", (limit,))
    return [row[0] for row in rows]


def set_display_name(db: sqlite3.Connection, key: int, name: str | None) -> None:
    db.execute("UPDATE _runs SET display_name = ? WHERE key = ?", (None if name is None else readable(name), key))


def set_description(db: sqlite3.Connection, key: int, text: str | None) -> None:
    db.execute("UPDATE _runs SET description = ? WHERE key = ?", (None if text is None else readable(text), key))


def set_process(db: sqlite3.Connection, key: int, process: str) -> None:
    """Record the process that runs the script."""
    db.execute("UPDATE _runs SET process = ? WHERE key = ?", (process, key))


def set_outcome(db: sqlite3.Connection, key: int, exit_code: int | None, error: dict[str, object] | None) -> None:
    """Record how the script ended, before or with the end of the run."""
    text = None if error is None else _json(error)
    db.execute("UPDATE _runs SET exit_code = ?, error = ? WHERE key = ?", (exit_code, text, key))


def set_snapshot(db: sqlite3.Connection, key: int, snapshot: str, new_blobs: int, new_bytes: int) -> None:
    db.execute(
        "UPDATE _runs SET snapshot = ?, new_blobs = ?, new_bytes = ? WHERE key = ?",
        (snapshot, new_blobs, new_bytes, key),
    )


def forget_identity(db: sqlite3.Connection, key: int) -> None:
    """Have no submission taken for the same as this run's."""
    db.execute("UPDATE _runs SET identity = NULL WHERE key = ?", (key,))


def forget_snapshot(db: sqlite3.Connection, key: int) -> None:
    db.execute("UPDATE _runs SET snapshot = NULL WHERE key = ?", (key,))


def set_unfolded(db: sqlite3.Connection, key: int, unfolded: bool) -> bool:
    """Record whether a run has journals to fold; False if it was deleted."""
    return db.execute("UPDATE _runs SET unfolded = ? WHERE key = ?", (int(unfolded), key)).rowcount == 1


def say_folded(db: sqlite3.Connection, key: int) -> None:
    """Record of an ended run that it has no journals to fold.

    One that goes on has just got the key, in a store that took the place of another, and may have journals any time.
    """
    db.execute("UPDATE _runs SET unfolded = 0 WHERE key = ? AND ended_at IS NOT NULL", (key,))


def _json(value: dict[str, object]) -> str:
    import json

    return json.dumps(value)
