"""A pytest plugin: real workspaces for tests."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localexp.workspace import Workspace


@pytest.fixture
def localexp_workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A new workspace in the test's temporary folder, closed after the test."""
    from localexp.workspace import Workspace

    workspace = Workspace(tmp_path)
    yield workspace
    workspace.close()
