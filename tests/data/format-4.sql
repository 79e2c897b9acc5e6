-- The tables of localexp.db in format 4.
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE experiments (
    key         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    archived_at INTEGER,
    last_number INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX experiments_active ON experiments (name) WHERE archived_at IS NULL;
CREATE INDEX experiments_by_name ON experiments (name);

CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT,
    PRIMARY KEY (experiment, key)
) WITHOUT ROWID;

CREATE TABLE snapshots (
    id         TEXT PRIMARY KEY,
    files      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE snapshots_in_the_making (
    key        INTEGER PRIMARY KEY,
    owner      TEXT NOT NULL,
    started_at INTEGER NOT NULL
);

CREATE TABLE runs (
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
    unfolded      INTEGER NOT NULL DEFAULT 1,
    submitter     INTEGER,
    identity      TEXT,
    origin        TEXT
);
CREATE INDEX runs_of_experiment ON runs (experiment);
CREATE INDEX runs_top ON runs (experiment) WHERE parent IS NULL;
CREATE INDEX runs_children ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_unfolded ON runs (key) WHERE unfolded = 1;
CREATE INDEX runs_active ON runs (key) WHERE ended_at IS NULL;
CREATE INDEX runs_by_identity ON runs (identity) WHERE identity IS NOT NULL AND status = 'Completed';

CREATE TABLE journals (
    run    INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    writer TEXT NOT NULL,
    owner  TEXT,
    folded INTEGER NOT NULL DEFAULT 0,
    state  TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'done')),
    PRIMARY KEY (run, number),
    UNIQUE (run, writer)
) WITHOUT ROWID;

CREATE TABLE tags (
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
CREATE INDEX tags_by_key ON tags (experiment, key, removed, value, run);

CREATE TABLE properties (
    run        INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    value      TEXT,
    time       INTEGER NOT NULL,
    writer     INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE INDEX properties_by_key ON properties (experiment, key, value, run);

CREATE TABLE metrics (
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
    UNIQUE (run, name)
);

CREATE TABLE points (
    metric   INTEGER NOT NULL REFERENCES metrics (key) ON DELETE CASCADE,
    time     INTEGER NOT NULL,
    writer   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    step     INTEGER,
    value,
    PRIMARY KEY (metric, time, writer, position)
) WITHOUT ROWID;

CREATE TABLE artifacts (
    run      INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    hash     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;

CREATE TABLE inputs (
    run     INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    path    TEXT NOT NULL,
    files   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (run, path)
) WITHOUT ROWID;

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
) WITHOUT ROWID;

CREATE TABLE warnings (
    run      INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    time     INTEGER NOT NULL,
    writer   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source   TEXT NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (run, time, writer, position)
) WITHOUT ROWID;

CREATE TABLE checkouts (
    key       INTEGER PRIMARY KEY,
    folder    TEXT NOT NULL UNIQUE,
    run       INTEGER REFERENCES runs (key) ON DELETE SET NULL,
    owner     TEXT NOT NULL,
    source    TEXT NOT NULL,
    snapshot  TEXT NOT NULL,
    bytes     INTEGER NOT NULL DEFAULT 0,
    leased_at INTEGER,
    ready_at  INTEGER
);
CREATE INDEX checkouts_of_runs ON checkouts (run) WHERE run IS NOT NULL;
PRAGMA application_id = 0x6C657870;
PRAGMA user_version = 4;
