"""Pytest sessions within tests, and what they have left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import localexp.testing
from localexp import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localexp import Run


def runs_left() -> dict[str, Run]:
    """The run of each test of the session within this test, by its experiment's name."""
    found = {}
    for folder in Path(os.environ["PYTEST_DEBUG_TEMPROOT"]).glob("pytest-of-*/pytest-[0-9]*/*/workspace"):
        workspace = Workspace(folder)
        for experiment in workspace.experiments.values():
            for run in experiment.get_runs():
                found[experiment.name] = run
        workspace.close()
    return found


def error_of(run: Run) -> str:
    return str(run.get_details()["error"]["error"]["message"])


def in_process(pytester: pytest.Pytester, *arguments: str, no_reraise_ctrlc: bool = False) -> pytest.RunResult:
    """Run the tests of its folder in this process, one after the other as they are written, warnings allowed."""
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", *arguments, plugins=[localexp.testing], no_reraise_ctrlc=no_reraise_ctrlc
    )
