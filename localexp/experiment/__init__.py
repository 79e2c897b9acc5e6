"""Experiments."""

from __future__ import annotations

from localexp.experiment.core import checked_name
from localexp.experiment.experiment import Experiment, ViewType, snapshot_options, submitted

__all__ = ["Experiment", "ViewType", "checked_name", "snapshot_options", "submitted"]
