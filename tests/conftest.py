"""Settings and fixtures that all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from localexp import Experiment, Workspace
from localexp.store.layout import STORE_FOLDER
from tests.left_behind import no_process_is_left_behind
from tests.processes import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["no_process_is_left_behind"]

settings.register_profile(
    "suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("suite")

# What is collected is here to stay; to look through it again and again takes a tenth of the time of collecting.
gc.disable()

# Where it is not written, every worker of every session compiles all tests anew, which takes longer than some of them.
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def no_run_around_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may themselves be run by a tracked script, and bytecode is written as it is for users."""
    for name in list(os.environ):
        if name.startswith(("LOCALEXP_", "AZUREML_")):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@pytest.fixture(scope="session", autouse=True)
def interrupts_reach_what_tests_start() -> None:
    """Whoever runs the tests in the background has them, and all that they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a workspace of which nobody has made use; it is to be copied."""
    folder = tmp_path_factory.mktemp("new")
    Workspace(folder).close()
    return folder / STORE_FOLDER


@pytest.fixture
def workspace(new_store: Path, tmp_path: Path) -> Iterator[Workspace]:
    """What ``localexp_workspace`` gives, of which making the tables and waiting for the disk is the greater part."""
    shutil.copytree(new_store, tmp_path / STORE_FOLDER)
    workspace = Workspace(tmp_path)
    yield workspace
    workspace.close()


@pytest.fixture
def experiment(workspace: Workspace) -> Experiment:
    return Experiment(workspace, "digits")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of the test and of the processes that it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty source directory beside the workspace's folder."""
    return Project(tmp_path / "project")
