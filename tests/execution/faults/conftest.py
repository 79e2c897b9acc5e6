"""Fixtures of the tests of what can befall a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from localexp import Experiment
from tests.execution.faults.trial import Trial
from tests.processes import Project


@pytest.fixture
def trial(experiment: Experiment, project: Project, tmp_path: Path) -> Trial:
    return Trial(experiment, project, tmp_path)
