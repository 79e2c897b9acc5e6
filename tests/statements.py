"""What SQLite is told."""

from __future__ import annotations

import sqlite3

import pytest

from localexp import Workspace


def statements_of(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that each statement is added to which any connection of this process executes from now on."""
    connect, said = sqlite3.connect, list[str]()

    def connected(*arguments: object, **keywords: object) -> sqlite3.Connection:
        connection = connect(*arguments, **keywords)  # type: ignore[call-overload]
        assert isinstance(connection, sqlite3.Connection)
        connection.set_trace_callback(said.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)
    workspace.close()
    return said
