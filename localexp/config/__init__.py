"""What to run, and how."""

from __future__ import annotations

from localexp.config.distributed import MpiConfiguration, PyTorchConfiguration
from localexp.config.environment import Environment, PythonSection
from localexp.config.run_configuration import HistoryConfiguration, RunConfiguration
from localexp.config.script_run_config import ScriptRunConfig
from localexp.config.submission import submission_of

__all__ = [
    "Environment",
    "HistoryConfiguration",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "PythonSection",
    "RunConfiguration",
    "ScriptRunConfig",
    "submission_of",
]
