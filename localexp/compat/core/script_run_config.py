"""The names of ``azureml.core.script_run_config`` that localexp has."""

from __future__ import annotations

from localexp.advice import advising_import
from localexp.config import ScriptRunConfig

__all__ = ["ScriptRunConfig"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
