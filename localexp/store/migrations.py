"""How a database of an earlier format becomes one of the present. Imported only when there is one: it takes a while."""

from __future__ import annotations

import json

from sqlite_utils import Database, Migrations

from localexp.store import arguments, params, schema, views

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_blobs, _blobs_to_3 = Migrations("localexp.blobs"), Migrations("localexp.blobs.3")
_main_to_2, _main_to_3 = Migrations("localexp.main"), Migrations("localexp.main.3")
_main_to_4, _main_to_5 = Migrations("localexp.main.4"), Migrations("localexp.main.5")


@_blobs()
def blobs_into_packs(db: Database) -> None:
    """Format 2: the bytes of blobs lie in packs; each that is there by now gets one of its own."""
    db.rename_table("blobs", "blobs_of_format_1")
    db.rename_table("trees", "trees_of_format_1")
    for statement in schema.BLOBS_OF_FORMAT_2.split(";"):
        db.execute(statement)
    db.execute("INSERT INTO packs (key, stored_at, data) SELECT key, stored_at, data FROM blobs_of_format_1")
    db.execute("INSERT INTO blobs (name, pack, start) SELECT name, key, 0 FROM blobs_of_format_1")
    db.execute("INSERT INTO trees (name, stored_at, data) SELECT name, stored_at, data FROM trees_of_format_1")
    db["blobs_of_format_1"].drop()
    db["trees_of_format_1"].drop()


@_blobs_to_3()
def count_of_removals(db: Database) -> None:
    """Format 3: what was removed is counted."""
    for statement in schema.REMOVALS.split(";"):
        db.execute(statement)


def migrate_blobs(connection: sqlite3.Connection, version: int) -> None:
    """Bring the database of blobs from an earlier format to the present one, within the connection's transaction."""
    db = Database(connection, execute_plugins=False)
    for format_, migrations in ((2, _blobs), (3, _blobs_to_3)):
        if version < format_:
            migrations.apply(db)


@_main_to_2()
def runs_by_key(db: Database) -> None:
    """Format 2: no key of a run or experiment is used twice, and the runs of an experiment are found by their tags."""
    for statement in _FORMAT_2.split(";"):
        db.execute(statement)


@_main_to_3()
def queue_and_inputs(db: Database) -> None:
    """Format 3: runs wait in a queue without an owner, and have inputs."""
    for statement in _FORMAT_3.split(";"):
        db.execute(statement)


@_main_to_4()
def facts_and_environments(db: Database) -> None:
    """Format 4: runs have facts and an origin, and are found by their identity; there are environments."""
    for statement in _FORMAT_4.split(";"):
        db.execute(statement)


@_main_to_5()
def views_and_params(db: Database) -> None:
    """Format 5: views for others, behind which tables have other names; runs have params, and are found by metrics."""
    for statement in _FORMAT_5.split(";"):
        db.execute(statement)
    for table in _RENAMED:
        db.execute(f"ALTER TABLE {table} RENAME TO _{table}")
    for statement in _INDEXES_OF_FORMAT_5.split(";"):
        db.execute(statement)
    db.conn.executemany(
        "INSERT INTO _params (run, name, experiment, value, number, time, writer, position) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        _params_submitted(db),
    )
    for statement in views.TEXT.split(";"):
        db.execute(statement)


def _params_submitted(db: Database) -> Iterator[tuple[object, ...]]:
    submitted = "SELECT key, experiment, definition, created_at FROM _runs WHERE definition IS NOT NULL"
    for run, experiment, definition, created_at in db.execute(submitted):
        said = arguments.params_of(json.loads(definition))
        for position, (name, value) in enumerate(said.items()):
            yield run, name, experiment, value, params.number_of(value), created_at, position


def migrate_main(connection: sqlite3.Connection, version: int) -> None:
    """Bring the record from an earlier format to the present one, within the transaction of the connection."""
    db = Database(connection, execute_plugins=False)
    for format_, migrations in ((2, _main_to_2), (3, _main_to_3), (4, _main_to_4), (5, _main_to_5)):
        if version < format_:
            migrations.apply(db)


# Tables are made under another name and renamed when the old one is gone: what refers to them then means the new ones.
_FORMAT_2 = """
CREATE TABLE experiments_2 (
    key         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER,
    last_number INTEGER NOT NULL DEFAULT 0
);
INSERT INTO experiments_2 (key, id, name, created_at, archived_at, last_number)
    SELECT key, id, name, created_at, archived_at, last_number FROM experiments;
DROP TABLE experiments;
ALTER TABLE experiments_2 RENAME TO experiments;
CREATE UNIQUE INDEX experiments_active ON experiments (name) WHERE archived_at IS NULL;
CREATE INDEX experiments_by_name ON experiments (name);

CREATE TABLE runs_2 (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    experiment    INTEGER NOT NULL REFERENCES experiments (key),
    parent        INTEGER REFERENCES runs (key),
    number        INTEGER NOT NULL,
    type          TEXT,
    target        TEXT,
    status        TEXT NOT NULL CHECK (status IN (
                      'NotStarted', 'Queued', 'Preparing', 'Provisioning', 'Starting', 'Running',
                      'CancelRequested', 'Finalizing', 'Completed', 'Failed', 'Canceled')),
    display_name  TEXT,
    description   TEXT,
    created_at    INTEGER NOT NULL,
    started_at    INTEGER,
    ended_at      INTEGER,
    definition    TEXT,
    snapshot      TEXT REFERENCES snapshots (id),
    new_blobs     INTEGER,
    new_bytes     INTEGER,
    owner         TEXT,
    process       TEXT,
    exit_code     INTEGER,
    error         TEXT,
    unfolded      INTEGER NOT NULL DEFAULT 1
);
INSERT INTO runs_2 (
        key, id, experiment, parent, number, type, target, status, display_name, description, created_at, started_at,
        ended_at, definition, snapshot, new_blobs, new_bytes, owner, process, exit_code, error, unfolded)
    SELECT
        key, id, experiment, parent, number, type, target, status, display_name, description, created_at, started_at,
        ended_at, definition, snapshot, new_blobs, new_bytes, owner, process, exit_code, error, unfolded
    FROM runs ORDER BY key;
DROP TABLE runs;
ALTER TABLE runs_2 RENAME TO runs;
CREATE INDEX runs_of_experiment ON runs (experiment);
CREATE INDEX runs_top ON runs (experiment) WHERE parent IS NULL;
CREATE INDEX runs_children ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_unfolded ON runs (key) WHERE unfolded = 1;
CREATE INDEX runs_active ON runs (key) WHERE owner IS NOT NULL;

CREATE TABLE tags_2 (
    run        INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    removed    INTEGER NOT NULL DEFAULT 0,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
INSERT INTO tags_2 (run, key, experiment, value, removed, time, writer, position)
    SELECT tags.run, tags.key, runs.experiment, tags.value, tags.removed, tags.time, tags.writer, tags.position
    FROM tags JOIN runs ON runs.key = tags.run;
DROP TABLE tags;
ALTER TABLE tags_2 RENAME TO tags;
CREATE INDEX tags_by_key ON tags (experiment, key, removed, value, run);

CREATE TABLE properties_2 (
    run        INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
INSERT INTO properties_2 (run, key, experiment, value, time, writer, position)
    SELECT properties.run, properties.key, runs.experiment, properties.value,
           properties.time, properties.writer, properties.position
    FROM properties JOIN runs ON runs.key = properties.run;
DROP TABLE properties;
ALTER TABLE properties_2 RENAME TO properties;
CREATE INDEX properties_by_key ON properties (experiment, key, value, run)
"""

_FORMAT_3 = """
ALTER TABLE runs ADD COLUMN submitter INTEGER;
ALTER TABLE runs ADD COLUMN identity TEXT;
DROP INDEX runs_active;
CREATE INDEX runs_active ON runs (key) WHERE ended_at IS NULL;
CREATE TABLE inputs (
    run     INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID
"""

_FORMAT_4 = """
ALTER TABLE runs ADD COLUMN origin TEXT;
CREATE INDEX runs_by_identity ON runs (identity) WHERE identity IS NOT NULL AND status = 'Completed';

CREATE TABLE texts (
    key  INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    data BLOB NOT NULL
);

CREATE TABLE facts (
    run  INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    text INTEGER NOT NULL REFERENCES texts (key),
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX facts_by_text ON facts (text);

CREATE TABLE environments (
    key        INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE builds (
    id           TEXT PRIMARY KEY,
    place        TEXT NOT NULL,
    requirements TEXT NOT NULL,
    owner        TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    ready_at     INTEGER,
    used_at      INTEGER,
    bytes        INTEGER
) WITHOUT ROWID
"""

_FORMAT_5 = """
CREATE TABLE metrics_5 (
    key           INTEGER PRIMARY KEY,
    run           INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL,
    description   TEXT,
    count         INTEGER NOT NULL,
    min           REAL,
    max           REAL,
    last,
    last_time     INTEGER NOT NULL,
    last_writer   INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    experiment    INTEGER NOT NULL,
    UNIQUE (run, name)
);
INSERT INTO metrics_5
    SELECT metrics.key, metrics.run, metrics.name, metrics.kind, metrics.description, metrics.count, metrics.min,
           metrics.max, metrics.last, metrics.last_time, metrics.last_writer, metrics.last_position, runs.experiment
    FROM metrics JOIN runs ON runs.key = metrics.run;
DROP TABLE metrics;
ALTER TABLE metrics_5 RENAME TO metrics;
CREATE TABLE params (
    run        INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    number,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID
"""
_RENAMED = (
    "settings",
    "experiments",
    "experiment_tags",
    "snapshots",
    "snapshots_in_the_making",
    "runs",
    "journals",
    "tags",
    "properties",
    "params",
    "metrics",
    "points",
    "artifacts",
    "inputs",
    "texts",
    "facts",
    "environments",
    "builds",
    "warnings",
    "checkouts",
)
_INDEXES_OF_FORMAT_5 = """
CREATE INDEX runs_by_status ON _runs (experiment, status);
CREATE INDEX runs_by_start ON _runs (experiment, started_at);
CREATE INDEX runs_by_snapshot ON _runs (snapshot) WHERE snapshot IS NOT NULL;
ALTER TABLE _snapshots_in_the_making ADD COLUMN root TEXT;
CREATE INDEX params_by_name ON _params (experiment, name, number, value, run);
CREATE INDEX metrics_by_only_value ON _metrics (experiment, name, last, run) WHERE min = max AND max = last;
CREATE INDEX metrics_by_last ON _metrics (experiment, name, last, run) WHERE (min = max AND max = last) IS NOT 1;
CREATE INDEX metrics_by_min ON _metrics (experiment, name, min, run) WHERE (min = max AND max = last) IS NOT 1;
CREATE INDEX metrics_by_max ON _metrics (experiment, name, max, run) WHERE (min = max AND max = last) IS NOT 1
"""
