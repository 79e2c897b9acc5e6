"""What to run, and how."""

from __future__ import annotations

from localexp.config.run_configuration import Environment, HistoryConfiguration, PythonSection, RunConfiguration
from localexp.config.script_run_config import ScriptRunConfig
from localexp.config.submission import submission_of

__all__ = [
    "Environment",
    "HistoryConfiguration",
    "PythonSection",
    "RunConfiguration",
    "ScriptRunConfig",
    "submission_of",
]
