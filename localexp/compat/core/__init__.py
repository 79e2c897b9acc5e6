"""The names of ``azureml.core`` that localexp has."""

from __future__ import annotations

from localexp import __version__ as __version__  # exported, as VERSION is
from localexp.advice import advising_import
from localexp.compat.core.environment import Environment
from localexp.compat.core.experiment import Experiment
from localexp.compat.core.run import Run, get_run
from localexp.compat.core.runconfig import RunConfiguration
from localexp.compat.core.script_run_config import ScriptRunConfig
from localexp.compat.core.workspace import Workspace
from localexp.experiment import ViewType

__all__ = [
    "VERSION",
    "Environment",
    "Experiment",
    "Run",
    "RunConfiguration",
    "ScriptRunConfig",
    "ViewType",
    "Workspace",
    "get_run",
]

VERSION = __version__

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = advising_import(__name__)
