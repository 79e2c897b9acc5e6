"""A store that an earlier localexp has written is brought to the present format when opened, and loses nothing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from localexp import Workspace
from localexp.errors import StoreError
from localexp.snapshot import tree, verify
from localexp.store import blobs
from tests.processes import output, python

FORMAT_1 = """
CREATE TABLE blobs (
    key       INTEGER PRIMARY KEY,
    name      BLOB NOT NULL UNIQUE,
    stored_at INTEGER NOT NULL,
    data      BLOB NOT NULL
);
CREATE TABLE trees (
    key       INTEGER PRIMARY KEY,
    name      BLOB NOT NULL UNIQUE,
    stored_at INTEGER NOT NULL,
    data      BLOB NOT NULL
);
PRAGMA application_id = 0x6C657870;
PRAGMA user_version = 1;
"""
CONTENTS = {tree.blob_name(tree.digest_of(data), len(data)): data for data in (b"", b"one", b"two" * 10_000)}


def database_of_format_1(workspace: Workspace) -> Path:
    path = Path(workspace._store.layout.blob_database)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;" + FORMAT_1)
        with db:
            db.executemany("INSERT INTO blobs (name, stored_at, data) VALUES (?, 1, ?)", CONTENTS.items())
            data = tree.encoded([])
            db.execute("INSERT INTO trees (name, stored_at, data) VALUES (?, 1, ?)", (tree.digest_of(data), data))
    return path


def test_blobs_of_the_first_format_are_read(workspace: Workspace) -> None:
    path = database_of_format_1(workspace)

    with workspace._store.blobs.reading() as db:
        found = dict(blobs.read(db, CONTENTS))
        empty = blobs.read_tree(db, tree.digest_of(tree.encoded([])))

    assert found == CONTENTS
    assert empty == tree.encoded([])
    assert verify.checked(workspace._store).problems == []
    with closing(sqlite3.connect(f"{path}.format-1")) as backup:
        assert dict(backup.execute("SELECT name, data FROM blobs")) == CONTENTS


def test_processes_that_open_it_at_once_bring_it_over_once(workspace: Workspace) -> None:
    database_of_format_1(workspace)
    code = """
        import sys
        sys.modules["pandas"] = None  # what brings it over would import it, and has no use for it
        from localexp import Workspace
        from localexp.store import blobs
        with Workspace(sys.argv[1])._store.blobs.reading() as db:
            print(blobs.counts(db))
        """

    processes = [python(code, workspace.path) for _ in range(4)]

    assert [output(process) for process in processes] == ["(3, 1)\n"] * 4


def test_one_that_may_only_be_read_is_refused_untouched(workspace: Workspace) -> None:
    path = database_of_format_1(workspace)
    before = path.read_bytes()
    workspace._store.blobs.is_read_only = True

    with pytest.raises(StoreError, match="earlier localexp"), workspace._store.blobs.reading():
        pass

    assert path.read_bytes() == before
    assert not os.path.exists(f"{path}.format-1")
