"""The tables, as one text for each database, and the version of each text."""

from __future__ import annotations

from localexp.store import views

VERSION = 5
BLOB_VERSION = 3
CACHE_VERSION = 1

# Times are microseconds since the epoch, UTC. Owners and processes are texts of `owners.Owner`.
# A value is REAL, INTEGER, TEXT or NULL as logged, or a BLOB for what SQLite cannot hold (see `values`).
# Columns of values have no type, for SQLite would turn the text '1.0' into a number in one that has.
# (time, writer, position) orders what the writers of one run said: writer 0 is the act of creating the run.
# The keys of experiments and runs are never used again, for an object may still hold that of one that was deleted.
# The order of runs is that of their keys, which each index of runs has behind its columns.
# A run that waits in the queue has no owner. `submitter` is the key of the run whose script submitted it.
# The root of a snapshot in the making is there as soon as all that it needs is stored; it is '*' of one for which
# nothing at all may be removed.
# An input is a path relative to the source directory; a folder's hash is that of its tree, `changed` its newest file's.
# `origin` is the id of the run that a run is a rerun of, which may be gone. `identity` is that of `execution.identity`.
# A fact of a run is a text, as are those of other runs that are no different: each is there once. Its hash is of 16
# bytes, its data compressed.
# A build is a virtual environment, which `place` is the folder of; it is there for use if it has been made ready.
# Tags, properties, params and metrics repeat the experiment of their run: runs of others that have the same are then
# not looked at. The value of a param is a text, as it was given; its number is the one that this text stands for.
# A metric whose last, least and greatest value are one number, as in small runs, is in one index for all three.
# The names of tables begin with an underscore, for they change from version to version: what others may count on are
# the views of `views`.
TABLES = """
CREATE TABLE _settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE _experiments (
    key         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER,
    last_number INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX experiments_active ON _experiments (name) WHERE archived_at IS NULL;
CREATE INDEX experiments_by_name ON _experiments (name);

CREATE TABLE _experiment_tags (
    experiment INTEGER NOT NULL REFERENCES _experiments (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT,
    PRIMARY KEY (experiment, key)
) WITHOUT ROWID;

CREATE TABLE _snapshots (
    id         TEXT PRIMARY KEY,
    files      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE _snapshots_in_the_making (
    key        INTEGER PRIMARY KEY,
    owner      TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    root       TEXT
);

CREATE TABLE _runs (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    experiment    INTEGER NOT NULL REFERENCES _experiments (key),
    parent        INTEGER REFERENCES _runs (key),
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
    snapshot      TEXT REFERENCES _snapshots (id),
    new_blobs     INTEGER,
    new_bytes     INTEGER,
    owner         TEXT,
    process       TEXT,
    exit_code     INTEGER,
    error         TEXT,
    unfolded      INTEGER NOT NULL DEFAULT 1,
    submitter     INTEGER,
    identity      TEXT,
    origin        TEXT
);
CREATE INDEX runs_of_experiment ON _runs (experiment);
CREATE INDEX runs_top ON _runs (experiment) WHERE parent IS NULL;
CREATE INDEX runs_children ON _runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_unfolded ON _runs (key) WHERE unfolded = 1;
CREATE INDEX runs_active ON _runs (key) WHERE ended_at IS NULL;
CREATE INDEX runs_by_identity ON _runs (identity) WHERE identity IS NOT NULL AND status = 'Completed';
CREATE INDEX runs_by_status ON _runs (experiment, status);
CREATE INDEX runs_by_start ON _runs (experiment, started_at);
CREATE INDEX runs_by_snapshot ON _runs (snapshot) WHERE snapshot IS NOT NULL;

CREATE TABLE _journals (
    run    INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    writer TEXT NOT NULL,
    owner  TEXT,
    folded INTEGER NOT NULL DEFAULT 0,
    state  TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'done')),
    PRIMARY KEY (run, number),
    UNIQUE (run, writer)
) WITHOUT ROWID;

CREATE TABLE _tags (
    run        INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    removed    INTEGER NOT NULL DEFAULT 0,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_key ON _tags (experiment, key, removed, value, run);

CREATE TABLE _properties (
    run        INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX properties_by_key ON _properties (experiment, key, value, run);

CREATE TABLE _params (
    run        INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    number,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX params_by_name ON _params (experiment, name, number, value, run);

CREATE TABLE _metrics (
    key           INTEGER PRIMARY KEY,
    run           INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
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
CREATE INDEX metrics_by_only_value ON _metrics (experiment, name, last, run) WHERE min = max AND max = last;
CREATE INDEX metrics_by_last ON _metrics (experiment, name, last, run) WHERE (min = max AND max = last) IS NOT 1;
CREATE INDEX metrics_by_min ON _metrics (experiment, name, min, run) WHERE (min = max AND max = last) IS NOT 1;
CREATE INDEX metrics_by_max ON _metrics (experiment, name, max, run) WHERE (min = max AND max = last) IS NOT 1;

CREATE TABLE _points (
    metric   INTEGER NOT NULL REFERENCES _metrics (key) ON DELETE CASCADE,
    time     INTEGER NOT NULL,
    writer   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    step     INTEGER,
    value,
    PRIMARY KEY (metric, time, writer, position)
) WITHOUT ROWID;

CREATE TABLE _artifacts (
    run      INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    hash     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;

CREATE TABLE _inputs (
    run     INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID;

CREATE TABLE _texts (
    key  INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    data BLOB NOT NULL
);

CREATE TABLE _facts (
    run  INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    text INTEGER NOT NULL REFERENCES _texts (key),
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX facts_by_text ON _facts (text);

CREATE TABLE _environments (
    key        INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (name, version)
);

CREATE TABLE _builds (
    id           TEXT PRIMARY KEY,
    place        TEXT NOT NULL,
    requirements TEXT NOT NULL,
    owner        TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    ready_at     INTEGER,
    used_at      INTEGER,
    bytes        INTEGER
) WITHOUT ROWID;

CREATE TABLE _warnings (
    run      INTEGER NOT NULL REFERENCES _runs (key) ON DELETE CASCADE,
    time     INTEGER NOT NULL,
    writer   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source   TEXT NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (run, time, writer, position)
) WITHOUT ROWID;

CREATE TABLE _checkouts (
    key       INTEGER PRIMARY KEY,
    folder    TEXT NOT NULL UNIQUE,
    run       INTEGER REFERENCES _runs (key) ON DELETE SET NULL,
    owner     TEXT NOT NULL,
    source    TEXT NOT NULL,
    snapshot  TEXT NOT NULL,
    bytes     INTEGER NOT NULL DEFAULT 0,
    leased_at INTEGER,
    ready_at  INTEGER
);
CREATE INDEX checkouts_of_runs ON _checkouts (run) WHERE run IS NOT NULL;
"""
MAIN = TABLES + views.TEXT

# A name is the 16 bytes of a XXH3-128 hash; a blob's is followed by its length as 8 bytes, the highest first.
# A pack holds the bytes of blobs, one behind the other; a blob begins `start` bytes into its pack.
# The count of removals is raised with each, so that who has looked for something knows whether it may be gone by now.
REMOVALS = """
CREATE TABLE removals (
    count INTEGER NOT NULL
);
INSERT INTO removals (count) VALUES (0)"""
BLOBS_OF_FORMAT_2 = """
CREATE TABLE packs (
    key       INTEGER PRIMARY KEY,
    stored_at INTEGER NOT NULL,
    data      BLOB NOT NULL
);
CREATE TABLE blobs (
    name  BLOB PRIMARY KEY,
    pack  INTEGER NOT NULL REFERENCES packs (key),
    start INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX blobs_of_packs ON blobs (pack);
CREATE TABLE trees (
    key       INTEGER PRIMARY KEY,
    name      BLOB NOT NULL UNIQUE,
    stored_at INTEGER NOT NULL,
    data      BLOB NOT NULL
);
"""
BLOBS = BLOBS_OF_FORMAT_2 + REMOVALS

CACHE = """
CREATE TABLE scans (
    source BLOB PRIMARY KEY,
    packed BLOB NOT NULL
) WITHOUT ROWID;
"""
