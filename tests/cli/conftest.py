"""Fixtures for the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Gate:
    """Holds scripts up until it is opened; when the test is over they are let go in any case."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        self._pipe = os.open(path, os.O_RDWR)
        self.code = f"open({str(path)!r}, 'rb', buffering=0).read(1)"

    def open(self, scripts: int = 1) -> None:
        os.write(self._pipe, b"\n" * scripts)

    def close(self) -> None:
        # In this order: who comes later finds no gate, and who has come by now reads its end.
        os.unlink(self._path)
        os.close(self._pipe)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without a workspace in it or above it."""
    return tmp_path_factory.mktemp("folder")


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    """The folder again, to be filled; it may be written again when the test is over."""
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
